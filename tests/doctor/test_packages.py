"""What is installed: every known trap is found, and its cure is named."""

import json

import pytest

from texturekit.doctor import packages
from texturekit.errors import UnknownNameError


def levels(found):
    return [one.level for one in found]


def test_two_packages_of_cv2_are_a_problem_even_where_it_imports(site, around):
    site.add("opencv-python", "5.0.0.93").add("opencv_python.headless", "4.12.0.88")

    (found,) = packages.two_opencv(around())

    assert found.level == "problem"
    assert "opencv-python 5.0.0.93 and opencv-python-headless 4.12.0.88" in found.found
    assert found.cure == (
        "pip uninstall -y opencv-python opencv-python-headless && pip install opencv-python"
    )


@pytest.mark.parametrize(
    ("name", "level"), [("opencv-python", "ok"), ("opencv-contrib-python", "note")]
)
def test_one_package_of_cv2_is_none(site, around, name, level):
    site.add(name, "5.0.0.93")

    assert levels(packages.two_opencv(around())) == [level]


def test_two_packages_of_xgboost_are_a_problem(site, around):
    site.add("xgboost", "3.2.0").add("xgboost-cpu", "3.2.0")

    (found,) = packages.two_xgboost(around())

    assert found.level == "problem"
    assert found.cure == "pip uninstall -y xgboost xgboost-cpu && pip install xgboost"


def test_a_version_out_of_its_range_is_a_problem_and_says_why(site, around):
    site.texturekit("torch>=2.10", 'gradio<7,>=6.31; extra == "app"', extras=["app"])
    site.add("torch", "2.9.1").add("gradio", "6.16.2")

    torch, gradio = packages.versions(around())

    assert (torch.level, gradio.level) == ("problem", "problem")
    assert "torch 2.9.1 is installed, texturekit wants torch>=2.10" in torch.found
    assert "CVE-2026-24747" in torch.found
    assert "known security holes" in gradio.found
    assert gradio.cure == 'pip install "gradio<7,>=6.31"'


def test_a_requirement_that_is_not_installed_is_a_problem(site, around):
    site.texturekit("numpy>=2.0").add("scipy", "1.17.1")

    (found,) = packages.versions(around())

    assert (found.level, found.cure) == ("problem", 'pip install "numpy>=2.0"')
    assert "numpy is not installed" in found.found


def test_what_packages_want_of_each_other_is_read_from_themselves(site, around):
    site.texturekit("torch>=2.10", "torchvision>=0.25").add("torch", "2.14.0")
    site.add("torchvision", "0.29.2", "Requires-Dist: torch==2.15.0", "Requires-Dist: numpy")
    site.add("numpy", "2.4.6", "Requires-Dist: nothing; extra == 'docs'")

    (found,) = packages.versions(around())

    assert found.level == "warning"
    assert found.found == "torchvision 0.29.2 wants torch==2.15.0 (2.14.0)"
    assert found.cure == 'pip install "torch==2.15.0"'


def test_a_local_version_satisfies_a_pin(site, around):
    site.texturekit("torchvision>=0.25").add("torch", "2.15.0+cpu")
    site.add("torchvision", "0.29.2+cpu", "Requires-Dist: torch==2.15.0")

    (found,) = packages.versions(around())

    assert (found.level, found.found) == (
        "ok",
        "2 packages, all in the ranges that they want of each other",
    )


def test_what_stands_in_for_a_package_is_not_missing(site, around):
    site.texturekit("opencv-python>=4.10", "xgboost>=2.1")
    site.add("opencv-python-headless", "5.0.0.93").add("xgboost-cpu", "3.2.0")

    assert levels(packages.versions(around())) == ["ok"]


EXTRAS = (
    'gradio>=6.31; extra == "app"',
    'onnx>=1.18; extra == "onnx"',
    'skl2onnx>=1.19; extra == "onnx"',
    'texturekit[app,onnx]; extra == "all"',
)


def test_missing_extras_have_their_install_line(site, around):
    site.texturekit(*EXTRAS, extras=["app", "onnx", "all"]).add("onnx", "1.20")

    app, onnx = packages.optional(around())

    assert (app.level, app.found) == ("note", "[app] is not installed: gradio")
    assert app.cure == 'pip install "texturekit[app]"'
    assert (onnx.level, onnx.found) == ("warning", "[onnx] is installed in part only: skl2onnx")


def test_an_extra_that_is_asked_for_says_what_it_lacks(site, around):
    site.texturekit(*EXTRAS, extras=["app", "onnx", "all"]).add("gradio", "6.31.0")

    assert packages.missing_of("app", around()) is None
    assert packages.missing_of("onnx", around()) == (
        '[onnx] lacks onnx>=1.18, skl2onnx>=1.19; run: pip install "texturekit[onnx]"'
    )
    with pytest.raises(UnknownNameError, match=r"Did you mean 'onnx'\?"):
        packages.missing_of("onxx", around())


def test_distributions_that_own_the_name_cli_overwrite_each_other(site, around):
    assert levels(packages.named_cli(around())) == ["ok"]

    site.add("alpha", "1", files=["cli/__init__.py"])
    assert levels(packages.named_cli(around())) == ["note"]

    site.add("beta", "1", more={"top_level.txt": "beta\ncli\n"})
    (found,) = packages.named_cli(around())
    assert (found.level, "alpha and beta" in found.found) == ("warning", True)


def test_leftovers_of_an_installation_are_found(site, around):
    site.add("numpy", "2.4.6").add("numpy", "2.3.0")

    (found,) = packages.leftovers(around())

    assert "numpy is there twice" in found.found
    assert found.cure.startswith("pip uninstall -y numpy")


def test_an_editable_installation_whose_source_is_gone_is_a_problem(site, around, tmp_path):
    url = {"url": f"file://{tmp_path}/gone", "dir_info": {"editable": True}}
    site.add("texturekit", "0.1.0", more={"direct_url.json": json.dumps(url)})

    (found,) = packages.installation(around())

    assert (found.level, "holds no texturekit" in found.found) == ("problem", True)


def test_code_that_is_not_the_installed_one_is_told(site, around):
    site.texturekit()

    (found,) = packages.installation(around())

    assert (found.level, "but what runs is" in found.found) == ("warning", True)


def test_a_python_out_of_range_is_a_problem(site, around):
    site.add("texturekit", "0.1.0", "Requires-Python: >=3.99")

    (found,) = packages.python(around())

    assert (found.level, ">=3.99" in found.cure) == ("problem", True)


def test_byte_code_that_is_never_written_is_told(site, around):
    site.texturekit()

    found = list(packages.python(around({"PYTHONDONTWRITEBYTECODE": "1"})))

    assert levels(found) == ["ok", "note"]
