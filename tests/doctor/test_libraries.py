"""Libraries that are broken: what they say is understood, and the cure is named."""

import os

import pytest

from texturekit.doctor import compiled, libraries
from texturekit.doctor.probing import IMAGE, MATRIX
from texturekit.doctor.processes import Answer, ask

GOOD = {
    "torch": "2.15.0+cu132", "cuda": "13.2", "hip": None, "right": True, "threads": 2,
    "torchvision": "0.29.2", "nms": True, "available": False, "said": [],
}  # fmt: skip


def only(found, check):
    (one,) = [one for one in found if one.check == check]
    return one


@pytest.mark.parametrize(
    ("library", "package"),
    [
        ("libGL.so.1", "libgl1"),
        ("libgthread-2.0.so.0", "libglib2.0-0"),
        ("libX11.so.6", "libx11-6"),
        ("libSM.so.6", "libsm6"),
    ],
)
def test_a_missing_system_library_of_cv2_has_its_package(around, library, package):
    said = f"ImportError: {library}: cannot open shared object file: No such file or directory"

    (found,) = libraries.opencv(around(opencv=Answer({}, said)))

    assert (found.level, library in found.found) == ("problem", True)
    assert found.cure.startswith(f"apt-get install -y {package} ")


def test_a_cv2_that_lost_its_files_is_installed_again(site, around):
    said = "AttributeError: module 'cv2' has no attribute '__version__'"

    (found,) = libraries.opencv(around(opencv=Answer({}, said)))

    assert found.cure == "pip install --force-reinstall --no-deps opencv-python"
    gone = Answer({}, "ModuleNotFoundError: No module named 'cv2'", "cv2")
    assert list(libraries.opencv(around(opencv=gone))) == []  # versions say it
    site.add("opencv-python", "5.0.0.93")
    assert [one.level for one in libraries.opencv(around(opencv=gone))] == ["problem"]


def test_torchvision_of_another_index_is_a_problem(around):
    error = "RuntimeError: operator torchvision::nms does not exist"
    facts = {**GOOD, "torchvision_error": error}
    del facts["nms"]

    found = only(libraries.torch(around(torch=facts)), "torchvision")

    assert (found.level, error in found.found) == ("problem", True)
    assert "--torch-backend=auto torch torchvision" in found.cure


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("ImportError: libcudnn.so.9: cannot open shared object file", "libcudnn.so.9"),
        ("ImportError: libnccl.so.2: cannot open shared object file", "libnccl.so.2"),
        ("the process was killed by signal 11", "--torch-backend=auto"),
    ],
)
def test_a_torch_that_does_not_load_is_a_problem(around, error, words):
    (found,) = libraries.torch(around(torch=Answer({}, error)))

    assert (found.level, words in found.cure) == ("problem", True)


def test_a_torch_that_computes_wrongly_is_a_problem(around):
    found = only(libraries.torch(around(torch={**GOOD, "right": False})), "torch")

    assert (found.level, "known convolution" in found.found) == ("problem", True)


CARD = {"name": "Tesla K80", "capability": [3, 7], "gigabytes": 11.4}
ARCHITECTURES = ["sm_75", "sm_90a", "compute_120"]


@pytest.mark.parametrize(
    ("change", "files", "environ", "level", "words"),
    [
        ({}, {}, {}, "note", "no GPU and no driver"),
        ({"cuda": None}, {}, {}, "note", "no GPU was found"),
        ({"cuda": None}, {"dev__nvidia0": ""}, {}, "warning", "built for the CPU alone"),
        ({"said": ["driver too old\nmore"]}, {"dev__nvidia0": ""}, {}, "warning", "driver too old"),
        ({}, {"dev__nvidia0": ""}, {"CUDA_VISIBLE_DEVICES": ""}, "note", "is hidden"),
        ({"available": True, "gpus": [CARD], "architectures": ARCHITECTURES, "gpu_right": True},
         {}, {}, "problem", "begins at compute 7.5"),
        ({"available": True, "gpus": [{**CARD, "capability": [9, 0]}], "gpu_error": "no kernel",
          "architectures": ARCHITECTURES}, {}, {}, "problem", "no kernel"),
        ({"available": True, "gpus": [{**CARD, "capability": [12, 1]}], "gpu_right": True,
          "architectures": ARCHITECTURES}, {}, {}, "ok", "compute 12.1"),
    ],
)  # fmt: skip
def test_graphics_cards(around, machine, change, files, environ, level, words):
    machine(**files)

    found = only(libraries.torch(around(environ, torch={**GOOD, **change})), "gpu")

    assert (found.level, words in found.found) == (level, True), found


def test_a_library_that_is_slow_is_not_called_broken(around):
    late = Answer({"torch": "2.15.0"}, "no answer within 180 seconds", late=True)

    for check in (libraries.torch, libraries.xgboost, libraries.opencv, compiled.kernels):
        around_it = around(torch=late, xgboost=late, opencv=late, kernels=late)
        assert [one.level for one in check(around_it)] == ["warning"]


def test_what_is_required_is_imported_and_what_fails_is_named(site, around):
    site.texturekit("pillow", "scipy", "torch", "missing").add("pillow", "12").add("scipy", "1.17")
    asked = []

    def remember(name, *modules):
        asked.extend(modules)
        return Answer({"importing": "scipy"}, "the process was killed by signal 11")

    place = around()
    object.__setattr__(place, "ask", remember)
    (found,) = libraries.modules(place)

    assert asked == ["PIL", "scipy"]
    assert found.found == "scipy 1.17 does not load: the process was killed by signal 11"
    assert found.cure == "pip install --force-reinstall scipy"


def test_missing_nccl_is_a_note_only(site, around):
    facts = {"version": "3.2.0", "right": True}
    site.add("xgboost", "3.2.0", "Requires-Dist: nvidia-nccl-cu12", "Requires-Dist: numpy")

    assert [one.level for one in libraries.xgboost(around(xgboost=facts))] == ["ok", "note"]
    site.add("nvidia-nccl-cu12", "2.32")
    assert [one.level for one in libraries.xgboost(around(xgboost=facts))] == ["ok"]


def facts(**change):
    good = {"numba": "0.68.1", "matrix": MATRIX, "contrast": 14 / 24, "jit": True, "cache": None}
    return {**good, **change}


def test_kernels_that_count_wrongly_forbid_every_number(around):
    (found,) = compiled.kernels(around(kernels=facts(contrast=0.5, cache="/c/numba-1")))

    assert (found.level, "do not trust any number" in found.found) == ("problem", True)
    assert found.cure.startswith('rm -r "/c/numba-1" && pip install --force-reinstall numba')


def test_kernels_without_a_cache_or_compiler_are_slow(around):
    def cache(**change):
        return only(compiled.kernels(around(kernels=facts(**change))), "numba cache")

    assert cache().level == "warning"
    assert cache(jit=False).cure == "unset NUMBA_DISABLE_JIT"


def test_a_cache_that_is_not_used_and_one_of_old_kernels_are_told(around, tmp_path):
    for name in ("numba-1", "numba-0"):
        (tmp_path / name).mkdir()
    answer = facts(cache=str(tmp_path / "numba-1"))
    asked = {"NUMBA_CACHE_DIR": "/elsewhere", "NUMBA_THREADING_LAYER": "workqueue"}

    found = list(compiled.kernels(around(asked, kernels=answer)))

    assert [(one.check, one.level) for one in found] == [
        ("kernels", "ok"),
        ("numba cache", "warning"),
        ("numba cache", "note"),
    ]
    assert "NUMBA_CACHE_DIR=/elsewhere is not used" in found[1].found
    assert "1 folders of other versions" in found[2].found


def test_a_process_that_dies_or_hangs_is_survived(tmp_path, monkeypatch):
    (tmp_path / "dies.py").write_text("import os; os.abort()", encoding="utf-8")
    (tmp_path / "waits.py").write_text("import time; time.sleep(60)", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    died, hung = ask("modules", "json", "dies"), ask("modules", "waits", seconds=1)

    assert died.error == "the process was killed by signal 6"
    assert died.facts["importing"] == "dies"
    assert (hung.error, hung.late) == ("no answer within 1 seconds", True)


def test_a_module_that_is_not_there_is_named():
    answer = ask("modules", "json", "no_such_module")

    assert answer.facts["failed"] == {
        "no_such_module": "ModuleNotFoundError: No module named 'no_such_module'"
    }
    assert answer.error is None


def test_here_kernels_count_what_haralick_printed():
    answer = ask("kernels")

    assert answer.facts["matrix"] == MATRIX
    assert answer.facts["contrast"] == pytest.approx(14 / 24, abs=1e-15)
    assert sum(map(sum, MATRIX)) == 2 * len(IMAGE) * (len(IMAGE[0]) - 1)
    assert os.path.isdir(answer.facts["cache"])  # noqa: PTH112
