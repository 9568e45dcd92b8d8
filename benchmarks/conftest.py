"""One core, one thread, and the closing table."""

import os
import platform
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

from benchmarks.images import SIZES
from benchmarks.results import BUDGETS, RATIOS

CORES = pytest.StashKey()
PEERS = ("numpy", "numba", "llvmlite", "scikit-image", "scipy", "opencv-python",
         "opencv-python-headless", "mahotas", "pyradiomics", "nyxus")  # fmt: skip


@dataclass(frozen=True)
class Settings:
    quick: bool
    avx512: bool

    @property
    def rounds(self):
        return 3 if self.quick else 7

    @property
    def shortest(self):
        """Seconds that a round takes at least."""
        return 0.004 if self.quick else 0.02


def pytest_addoption(parser):
    parser.addoption("--quick", action="store_true", help="224 pixels only, fewer rounds")
    parser.addoption("--core", type=int, help="the core to stay on; the last one by default")


def pytest_configure(config):
    for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):  # for processes started from here
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    threadpool_limits(1)
    if hasattr(os, "sched_setaffinity"):
        core, cores = config.getoption("--core"), os.sched_getaffinity(0)
        config.stash[CORES] = cores
        os.sched_setaffinity(0, {max(cores) if core is None else core})


@pytest.fixture(scope="session")
def settings(pytestconfig):
    try:
        import cv2

        cv2.setNumThreads(1)
    except ImportError:
        pass
    return Settings(pytestconfig.getoption("--quick"), _avx512())


@pytest.fixture
def two_cores(pytestconfig):
    """Let a test run on two cores instead of one."""
    cores = pytestconfig.stash.get(CORES, set())
    if len(cores) < 2:
        pytest.skip("two cores are needed")
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(cores)[-2:])
    yield
    os.sched_setaffinity(0, before)


def pytest_collection_modifyitems(config, items):
    for item in items:  # what a peer warns of is not ours to mend
        item.add_marker(pytest.mark.filterwarnings("ignore"))
    if config.getoption("--quick"):
        slow = [item for item in items if not _quick(item)]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


def _quick(item):
    given = item.callspec.params if hasattr(item, "callspec") else {}
    return given.get("side", SIZES[0]) == SIZES[0] and "slow" not in item.keywords


def _avx512():
    import llvmlite.binding

    asked = os.environ.get("NUMBA_CPU_FEATURES")
    if asked is not None:
        return "+avx512f" in asked
    return llvmlite.binding.get_host_cpu_features().get("avx512f", False)


def _vector_bits():
    """Look what a simple loop was compiled to: LLVM avoids 512 bits on some processors."""
    import numba

    def add(values, total):
        for k in range(values.size):
            total[k] += values[k]

    loop = numba.njit("void(float64[::1], float64[::1])")(add)
    code = "".join(loop.inspect_asm().values())
    return next((bits for name, bits in (("zmm", 512), ("ymm", 256)) if name in code), 128)


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def heading():
    """Say on what the numbers were measured."""
    import llvmlite.binding

    found = []
    for name in PEERS:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    host = os.environ.get("NUMBA_CPU_NAME") or llvmlite.binding.get_host_cpu_name()
    simd = "AVX-512" if _avx512() else "no AVX-512 (lower gates for LBP 8,1 and Sobel)"
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else "any"
    return (
        f"{_processor()} ({host} to LLVM), {simd}, vectors of {_vector_bits()} bits, "
        f"core {cores}, one thread\n"
        f"Python {platform.python_version()}, {', '.join(found)}\n"
        f"{time.strftime('%Y-%m-%d')}; CPU time, sides in turns, four photographs a round"
    )


def pytest_terminal_summary(terminalreporter):
    if RATIOS or BUDGETS:
        terminalreporter.write_line(f"\n{heading()}")
        for line in (*ratios(RATIOS), *budgets(BUDGETS)):
            terminalreporter.write_line(line)


def ratios(rows):
    if rows:
        yield "\n" + _ratio("", "pixels", "ours ms", "peer", "peer ms", "ratio", "gate", "goal")
    for row in rows:
        first = (row["name"], row["side"])
        if "why" in row:
            yield _ratio(*first, "", row["peer"], "", "", "", "") + f"not available: {row['why']}"
            continue
        times = (
            f"{row['ours_ms']:.3f}",
            row["peer"],
            f"{row['peer_ms']:.3f}",
            f"{row['ratio']:{'.2f' if row['ratio'] < 2 else '.1f'}}",
        )
        yield _ratio(*first, *times, _number(row["gate"]), _number(row["goal"])) + _judged(row)


def _ratio(name, side, ours, peer, theirs, ratio, gate, goal):
    start = f"{name:<34}{side:>7}{ours:>9}  {peer:<12}{theirs:>9}"
    return f"{start}{ratio:>8}{gate:>7}{goal:>7}  "


def budgets(rows):
    if rows:
        yield f"\n{'':<52}{'measured':>10}{'at most':>10}"
    for row in rows:
        measured, most = f"{row['measured']:.4g}", f"{row['most']:.4g}"
        kept = "kept" if row["measured"] <= row["most"] else "ABOVE"
        yield f"{row['name']:<52}{measured:>10}{most:>10} {row['unit']:<18}  {kept}"


def _number(value):
    return "" if value is None else f"{value:g}"


def _judged(row):
    if row["goal"] is not None and row["ratio"] >= row["goal"]:
        return "goal met"
    if row["gate"] is None:
        return ""
    return "gate met" if row["ratio"] >= row["gate"] else "BELOW"
