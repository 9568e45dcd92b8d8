"""Run the peers' own tests of the functions that `texturekit.compat` replaces, on texturekit.

    python benchmarks/studies/peer_tests.py        (or: make peer-tests)

pip fetches the source archives of the installed scikit-image and mahotas into a temporary folder,
which takes minutes since it prepares to build them; ``--sources FOLDER`` uses archives again. The
test files are taken from there with the import changed, and nothing else. A test counts if it calls
one of our functions; the others, which test other functions of the same file, are listed as
excluded. The exit status is 1 if a test that counts fails.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
SKIMAGE, MAHOTAS = "scikit-image", "mahotas"

# The archive, the test file in it, and what is changed: (from, to).
FILES = (
    (
        SKIMAGE,
        "tests/skimage/feature/test_texture.py",
        [("from skimage.feature import", "from drop_in import")],
    ),
    (
        SKIMAGE,
        "tests/skimage/feature/test_hog.py",
        [
            ("draw, feature, img_as_float", "draw, img_as_float\nimport drop_in as feature"),
            ("from skimage._shared.testing import fetch", "from drop_in import fetch"),
        ],
    ),
    (
        SKIMAGE,
        "tests/skimage/filters/test_edges.py",
        [("import data, filters", "import data\nimport drop_in as filters")],
    ),
    (
        MAHOTAS,
        "mahotas/tests/test_texture.py",
        [
            ("from mahotas.features import texture", "import drop_in as texture"),
            ("mh.features.haralick", "texture.haralick"),
        ],
    ),
    (
        MAHOTAS,
        "mahotas/tests/test_lbp.py",
        [("from mahotas.features import lbp\n", "from drop_in import lbp\n")],
    ),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sources", type=Path, help="a folder that holds the two archives already")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        archives = {name: unpack(name, asked.sources, place) for name in (SKIMAGE, MAHOTAS)}
        found = [(path, run(archives[peer], path, edits)) for peer, path, edits in FILES]
    return report(found)


def unpack(name, sources, place):
    """Return the folder of a peer's source archive, at the version that is installed here."""
    wanted = f"{name}=={version(name)}"
    if sources is None:
        sources = place / "archives"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        subprocess.run([*pip, "--no-binary", name, "--dest", str(sources), wanted], check=True)
    stem = f"{name.replace('-', '_')}-{version(name)}"
    with tarfile.open(sources / f"{stem}.tar.gz") as archive:
        archive.extractall(place, filter="data")
    return place / stem


def run(archive, path, edits):
    """Return what became of each test of one file."""
    text = (archive / path).read_text()
    for old, new in edits:
        if old not in text:
            raise SystemExit(f"{path} no longer holds {old!r}; adapt FILES.")
        text = text.replace(old, new)
    test = archive / "changed" / Path(path).name
    test.parent.mkdir(exist_ok=True)
    test.write_text(text)
    results = test.with_suffix(".jsonl")
    parts = [str(HERE), str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PEER_ARCHIVE": str(archive),
        "PEER_RESULTS": str(results),
        "PYTHONPATH": os.pathsep.join(filter(None, parts)),
    }
    alone = ["-c", os.devnull, "--rootdir", str(test.parent), "-p", "no:cacheprovider", "--quiet"]
    command = [sys.executable, "-m", "pytest", *alone, "-p", "drop_in", str(test)]
    shown = subprocess.run(
        command, env=environment, cwd=test.parent, capture_output=True, text=True
    )
    if not results.exists():
        raise SystemExit(f"{path} could not be run:\n{shown.stdout}\n{shown.stderr}")
    return [json.loads(line) for line in results.read_text().splitlines()]


def report(found):
    print(f"scikit-image {version(SKIMAGE)}, mahotas {version(MAHOTAS)}\n")
    print("| test file | tests | count | passed | failed | excluded |\n|---|---|---|---|---|---|")
    failed, excluded = [], defaultdict(list)
    for path, rows in found:
        wrong = [row for row in rows if row["outcome"] == "failed"]
        right = [row for row in rows if row["outcome"] == "passed" and row["calls"]]
        failed += [(path, row) for row in wrong]
        for row in rows:
            if row not in right and row not in wrong:
                why = row["why"] if row["outcome"] == "skipped" else "calls none of our functions"
                excluded[path, why].append(re.sub(r"\[.*", "", row["test"]))
        counts = [len(rows), len(right + wrong), len(right), len(wrong)]
        counts.append(counts[0] - counts[1])
        print(f"| `{path}` |", " | ".join(map(str, counts)), "|")
    for path, row in failed:
        print(f"\nfailed: {path} {row['test']}\n    {row['why']}")
    for (path, why), tests in excluded.items():
        names = ", ".join(f"{name} ({tests.count(name)})" for name in dict.fromkeys(tests))
        print(f"\nexcluded from {path}, {why}:\n    {names}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
