"""Many clients for a minute: no error, flat memory, and how long an answer takes.

    python -m tests.app.soak [--clients 50] [--seconds 60] [--model FOLDER]

Starts ``texturekit serve`` in a process of its own and asks it over the loopback. Answers 429 and
503 are back-pressure: they are counted, and the client asks again after the time that they say.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np

import texturekit as tk
from tests.app.conftest import png
from tests.imagesets import texture, two_classes
from tests.processes import start
from texturekit.methods.model import Preprocessing

_BUSY = (429, 503)
_GROWTH = 1.10  # of memory, from after the warm-up to the end


def resident(pid):
    """Return the megabytes that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def client(address, images, wanted, until, found):
    async with httpx.AsyncClient(timeout=120, trust_env=False) as http:
        k = 0
        while time.monotonic() < until:
            k = (k + 1) % len(images)
            begun = time.monotonic()
            said = await http.post(f"{address}api/predict", files={"files": ("a.png", images[k])})
            if said.status_code in _BUSY:
                found["busy"] += 1
                await asyncio.sleep(float(said.headers["retry-after"]))
                continue
            if said.status_code != 200 or said.json()["files"] != wanted[k]:
                found["errors"].append(said.text[:200])
                continue
            found["seconds"].append(time.monotonic() - begun)


async def load(address, pid, images, *, clients, seconds):
    async with httpx.AsyncClient(timeout=120, trust_env=False) as http:
        wanted = []
        for image in images:
            said = await http.post(f"{address}api/predict", files={"files": ("a.png", image)})
            wanted.append(said.json()["files"])
    found = {"busy": 0, "errors": [], "seconds": []}
    warm, end = time.monotonic() + seconds / 3, time.monotonic() + seconds
    jobs = [
        asyncio.create_task(client(address, images, wanted, end, found)) for _ in range(clients)
    ]
    await asyncio.sleep(max(0, warm - time.monotonic()))
    before = resident(pid)
    await asyncio.gather(*jobs)
    return found, before, resident(pid)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--model", type=Path)
    asked = parser.parse_args()
    rng = np.random.default_rng(4)
    images = [png(texture(rng, bool(k % 2), side=256)) for k in range(8)]
    with tempfile.TemporaryDirectory() as place:
        model = asked.model
        if model is None:
            data = tk.read_manifest(two_classes(Path(place), patients=26))
            how = Preprocessing(224, weights="none")
            model = tk.fit("texture/logistic", data, positive="rough", preprocessing=how).save(
                Path(place) / "model"
            )
        process = start("serve", model, "--port", "0", env={**os.environ, "TMPDIR": place})
        try:
            address = process.stdout.readline().strip()
            if not address:
                sys.exit(process.communicate()[1])
            found, before, after = asyncio.run(
                load(address, process.pid, images, clients=asked.clients, seconds=asked.seconds)
            )
        finally:
            process.send_signal(signal.SIGINT)
            _, words = process.communicate(timeout=60)
        left = list(Path(place).glob("texturekit-serve-*"))
    times = np.array(found["seconds"] or [np.nan])
    result = {
        "clients": asked.clients, "seconds": asked.seconds, "answers": len(found["seconds"]),
        "told to come back": found["busy"], "errors": len(found["errors"]),
        "median s": round(float(np.median(times)), 3),
        "p95 s": round(float(np.quantile(times, 0.95)), 3),
        "RSS MB after warm-up": round(before), "RSS MB at the end": round(after),
        "load average": os.getloadavg()[0], "cores": os.cpu_count(),
    }  # fmt: skip
    print(json.dumps(result, indent=2))
    bad = found["errors"] or left or "Traceback" in words or after > before * _GROWTH
    if bad or not found["seconds"]:
        print(found["errors"][:3], left, words[-2000:], file=sys.stderr)
    return 1 if bad or not found["seconds"] else 0


if __name__ == "__main__":
    sys.exit(main())
