"""From picture files to embeddings, over the bare forward pass, and against the usual loop.

Both sides take turns in one process, in wall-clock time on all cores; nothing is kept on disk. The
bare pass gets tensors that lie ready in memory, the same network, precision, layout and batch.
"""

import os
import time
from statistics import median

import numpy as np
import pytest

from benchmarks.images import files
from benchmarks.results import RATIOS

torch = pytest.importorskip("torch")

from texturekit import extract, load_source, supervision  # noqa: E402
from texturekit.data.pictures import Pictures  # noqa: E402
from texturekit.deep import BACKBONES, embed  # noqa: E402
from texturekit.deep.embedder import BATCH, _built  # noqa: E402
from texturekit.deep.loading import normalised  # noqa: E402
from texturekit.deep.weights import Weights  # noqa: E402

#: Share of the bare pass that a release may not fall below, and what would be fine, per cent.
GATES = {"resnet18": 0.88, "resnet50": 0.93, "densenet121": 0.93}
NETS = ("resnet18", "resnet50", "densenet121", "squeezenet1_1", "mobilenet_v3_small")
SLOW = ("resnet50", "densenet121")
LOOP = 1.3  # times the usual loop


@pytest.fixture(autouse=True)
def all_cores(pytestconfig, monkeypatch):
    """Use every core: that is what embeddings do."""
    from benchmarks.conftest import CORES

    cores = pytestconfig.stash.get(CORES, None)
    before, threads = os.sched_getaffinity(0), torch.get_num_threads()
    os.sched_setaffinity(0, cores or before)
    torch.set_num_threads(len(cores or before))
    monkeypatch.setenv("TEXTUREKIT_EMBEDDINGS", "off")
    for library in ("OMP", "OPENBLAS", "MKL"):  # of the process that `extract` starts
        monkeypatch.delenv(f"{library}_NUM_THREADS", raising=False)
    supervision._end_idle()
    yield
    supervision._end_idle()
    torch.set_num_threads(threads)
    os.sched_setaffinity(0, before)


def net(name):
    if name not in BACKBONES:
        pytest.skip(f"there is no backbone {name}")
    return _built(BACKBONES[name], Weights("", "random"), 0, "cpu")


def count(name, settings):
    return (32 if name in SLOW else 64) if settings.quick else (64 if name in SLOW else 256)


def rounds(settings):
    return max(5, settings.rounds)


def ready(card, paths):
    """Return the tensors that the bare pass gets: batches in channels_last order."""
    pictures = Pictures(load_source(paths), size=224)
    blocks = [
        np.stack([pictures[i] for i in range(k, min(k + BATCH, len(paths)))])
        for k in range(0, len(paths), BATCH)
    ]
    return [normalised(torch.from_numpy(block), card) for block in blocks]


def bare(body, blocks):
    start = time.perf_counter()
    with torch.inference_mode():
        for block in blocks:
            body(block).mean(dim=(2, 3))
    return time.perf_counter() - start


def usual_loop(body, paths):
    """Decode, normalise and compute as most scripts do: Pillow, NCHW, 32 at a time."""
    from PIL import Image
    from torchvision.transforms import v2

    prepare = v2.Compose([
        v2.ToImage(), v2.ToDtype(torch.float32, scale=True),
        v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ])  # fmt: skip
    start = time.perf_counter()
    with torch.no_grad():
        for k in range(0, len(paths), 32):
            block = [prepare(Image.open(path).convert("RGB")) for path in paths[k : k + 32]]
            body(torch.stack(block)).mean(dim=(2, 3)).numpy()
    return time.perf_counter() - start


def ways(name, paths):
    """Return the ways from files to embeddings: by `embed`, and by `extract`."""
    data = load_source(paths)
    pictures = Pictures(data, size=224)
    options = {"weights": "none", "device": "cpu"}
    return {
        "embed": lambda: embed(pictures, name, **options),
        "extract": lambda: extract(data, name, **options),
    }


@pytest.mark.benchmark(timer=time.perf_counter, disable_gc=True)
@pytest.mark.parametrize("way", ["embed", "extract"])
@pytest.mark.parametrize("kind", ["png", "jpg"])
@pytest.mark.parametrize("name", NETS)
def test_files_over_the_bare_pass(benchmark, name, kind, way, settings):
    body, card = net(name), BACKBONES[name]
    paths = files(kind, count(name, settings))
    run, blocks = ways(name, paths)[way], ready(card, paths)
    alone, seconds = [], _preparation(card, paths)
    benchmark.pedantic(
        run,
        setup=lambda: alone.append(bare(body, blocks)),
        rounds=rounds(settings),
        warmup_rounds=1,
    )
    ceiling = _ceiling(median(alone) / len(paths), seconds)
    _note(
        benchmark, f"{way} {name}, {kind}, share of bare", f"limit {ceiling:.2f}", alone, paths,
        GATES.get(name),
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.benchmark(timer=time.perf_counter, disable_gc=True)
@pytest.mark.parametrize("name", NETS)
def test_files_over_the_usual_loop(benchmark, name, settings):
    import copy

    body = copy.deepcopy(net(name)).to(memory_format=torch.contiguous_format)
    paths = files("png", count(name, settings))
    theirs = []
    benchmark.pedantic(
        ways(name, paths)["embed"],
        setup=lambda: theirs.append(usual_loop(body, paths)),
        rounds=rounds(settings),
        warmup_rounds=1,
    )
    _note(benchmark, f"embed {name}, png", "NCHW loop", theirs, paths, LOOP)


@pytest.mark.slow
@pytest.mark.benchmark(timer=time.perf_counter, disable_gc=True)
def test_embeddings_that_are_kept(benchmark, settings, monkeypatch, tmp_path):
    monkeypatch.setenv("TEXTUREKIT_EMBEDDINGS", str(tmp_path))
    net("resnet18")
    paths = files("png", count("resnet18", settings))
    run, theirs = ways("resnet18", paths)["embed"], []

    def anew():
        monkeypatch.setenv("TEXTUREKIT_EMBEDDINGS", "off")
        start = time.perf_counter()
        run()
        theirs.append(time.perf_counter() - start)
        monkeypatch.setenv("TEXTUREKIT_EMBEDDINGS", str(tmp_path))

    benchmark.pedantic(run, setup=anew, rounds=rounds(settings), warmup_rounds=1)
    _note(benchmark, "embed resnet18, png, kept", "computed", theirs, paths, None)


def _preparation(card, paths):
    """Return the seconds that decoding and normalising a picture take on one core."""
    pictures = Pictures(load_source(paths), size=224)
    start = time.perf_counter()
    for i in range(min(32, len(paths))):
        normalised(torch.from_numpy(pictures[i][None]), card)
    return (time.perf_counter() - start) / min(32, len(paths))


def _ceiling(forward, preparation):
    return forward / (forward + preparation / torch.get_num_threads())


def _note(benchmark, name, peer, theirs, paths, gate):
    if benchmark.stats is None:
        return
    ours = list(benchmark.stats.stats.data)
    theirs = theirs[-len(ours) :]
    row = {
        "name": name,
        "side": 224,
        "peer": peer,
        "ours_ms": 1e3 * median(ours) / len(paths),
        "peer_ms": 1e3 * median(theirs) / len(paths),
        "ratio": median(t / o for t, o in zip(theirs, ours, strict=True)),
        "gate": gate,
        "goal": None,
        "rounds": len(ours),
    }
    benchmark.extra_info.update(row)
    RATIOS.append(row)
