"""The vocabulary that others build on, and what it costs to import."""

import subprocess
import sys

import pytest

CALLABLE = """
import importlib, pkgutil, texturekit as tk
for module in pkgutil.walk_packages(tk.__path__, "texturekit."):
    importlib.import_module(module.name)
names = [
    tk.read_image, tk.to_grey, tk.quantize, tk.measure, tk.features.cooccurrence,
    tk.features.glcm_statistics, tk.features.lbp_codes, tk.features.mvm_codes, tk.read_manifest,
    tk.scan_folder, tk.load_task, tk.extract, tk.split, tk.fit, tk.load, tk.compare,
    tk.write_report, tk.read_study, tk.metrics.roc_auc, tk.metrics.compare_roc_auc,
    tk.metrics.mcnemar, tk.metrics.proportion, tk.metrics.holm, tk.metrics.scores,
]
assert all(callable(name) for name in names), names
assert list(tk.features.FEATURES)
from texturekit.sklearn import TextureFeatures
from texturekit.compat.skimage import graycomatrix, graycoprops, hog, local_binary_pattern, sobel
from texturekit.compat.mahotas import haralick, lbp
for name in tk.__all__:
    getattr(tk, name)
"""


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_every_public_name_is_callable_after_every_submodule_was_imported():
    done = run(CALLABLE)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_load_nothing_heavy(argument):
    done = run(
        "import sys\n"
        "from texturekit_cli.main import run\n"
        f"run([{argument!r}])\n"
        "heavy = {'numpy', 'numba', 'torch', 'torchvision', 'sklearn', 'skimage', 'scipy'}\n"
        "heavy |= {'pandas', 'pyarrow', 'pydantic', 'PIL', 'rich', 'xgboost', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )

    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("command", ["compare", "extract", "report", "tasks"])
def test_every_command_has_help(command):
    done = run(f"from texturekit_cli.main import run; raise SystemExit(run([{command!r}, '-h']))")

    assert done.returncode == 0
    assert "--json" in done.stdout


def test_importing_the_package_imports_no_dependency():
    done = run("import sys, texturekit; print('numpy' in sys.modules)")

    assert done.stdout.strip() == "False"


def test_works_where_opencv_cannot_be_imported(tmp_path):
    done = run(
        "import sys; sys.modules['cv2'] = None\n"
        "import texturekit as tk\n"
        "study = tk.compare('textures', methods=['lbp/logistic'], folds=2, limit=40, size=32,\n"
        "                   permutations=0, importance=0)\n"
        f"print(tk.write_report(study, {str(tmp_path / 'run')!r}))"
    )

    assert done.returncode == 0, done.stderr
