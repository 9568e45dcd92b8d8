import gzip

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from texturekit.errors import ImageError, MissingExtraError
from texturekit.images import image_facts, image_layout, read_image, read_mask

nibabel = pytest.importorskip("nibabel")

AXES = {"sagittal": 0, "coronal": 1, "axial": 2}


def seen(volume, axis, index):
    """A slice of a canonical (right, anterior, superior) volume as radiologists look at it."""
    plane = np.take(volume, index, AXES[axis])
    return plane[::-1, ::-1].T


def saved(path, volume, axes="RAS", slope=None, inter=None):
    """Write a volume whose axes grow in the named directions."""
    affine = np.zeros((4, 4))
    for column, letter in enumerate(axes):
        row = {"R": 0, "L": 0, "A": 1, "P": 1, "S": 2, "I": 2}[letter]
        affine[row, column] = 1.5 if letter in "RAS" else -1.5
    affine[3, 3] = 1
    image = nibabel.Nifti1Image(volume, affine)
    if slope is not None:
        image.header.set_slope_inter(slope, inter)
    nibabel.save(image, path)
    return path


@pytest.mark.parametrize("axes", ["RAS", "LPS", "LAS", "PIR", "SAL", "ILA"])
@pytest.mark.parametrize("axis", AXES)
def test_a_slice_is_seen_in_the_radiological_convention(axes, axis, tmp_path, rng):
    path = saved(tmp_path / "a.nii", rng.integers(0, 1000, (4, 5, 6), np.int16), axes)
    canonical = nibabel.as_closest_canonical(nibabel.load(path)).get_fdata()

    image = read_image(path, frames=f"{axis}:1")

    assert image.dtype == np.int16
    assert_array_equal(image, seen(canonical, axis, 1))


def test_left_right_front_and_head_stand_where_a_radiologist_looks_for_them(tmp_path):
    volume = np.zeros((3, 3, 3), np.uint8)  # axes to the right, the front, the head
    volume[2, 1, 1], volume[1, 2, 1], volume[1, 1, 2] = 10, 20, 30  # right, front, head
    path = saved(tmp_path / "a.nii", volume)

    axial, coronal, sagittal = (
        read_image(path, frames=f"{axis}:middle") for axis in ("axial", "coronal", "sagittal")
    )

    assert axial[1, 0] == 10  # the patient's right is on the left
    assert axial[0, 1] == 20  # the front is on top
    assert coronal[1, 0] == 10
    assert coronal[0, 1] == 30
    assert sagittal[0, 1] == 30
    assert sagittal[1, 0] == 20
    assert read_image(path, frames="axial:2")[1, 1] == 30  # counted from the feet


@pytest.mark.parametrize(
    ("slope", "inter", "dtype", "wanted"),
    [
        (1, -1024, np.int16, np.int32),
        (2, 0, np.uint8, np.int16),
        (0.5, 3, np.int16, np.float64),
        (1, 0, np.float32, np.float32),
        (2, 1, np.float32, np.float64),
        (0, 7, np.uint8, np.uint8),  # a slope of 0 means none
    ],
)
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_slope_and_intercept_are_applied_as_nibabel_does(
    slope, inter, dtype, wanted, name, tmp_path, rng
):
    path = saved(tmp_path / name, rng.integers(0, 100, (4, 5, 3)).astype(dtype), "RAS")
    content = gzip.decompress(path.read_bytes()) if name.endswith("gz") else path.read_bytes()
    fields = np.array([slope, inter], "<f4").tobytes()
    content = content[:112] + fields + content[120:]
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    expected = nibabel.load(path).get_fdata()

    image = read_image(path, frames="axial:2")

    assert image.dtype == wanted
    assert_array_equal(image, seen(expected, "axial", 2))


def test_a_volume_needs_a_direction_and_several_a_number(tmp_path, rng):
    path = saved(tmp_path / "a.nii", rng.integers(0, 9, (4, 5, 6, 3), np.uint8))

    with pytest.raises(ImageError, match="6 axial, 5 coronal, 4 sagittal slices; say which"):
        read_image(path, frames="middle")
    with pytest.raises(ImageError, match=r"holds 3 volumes; say which, .*axial:middle@0"):
        read_image(path, frames="axial:middle")
    volume = nibabel.load(path).get_fdata()[..., 2]
    assert_array_equal(read_image(path, frames="axial:middle@2"), seen(volume, "axial", 3))
    assert_array_equal(read_image(f"{path}#coronal/4@2"), seen(volume, "coronal", 4))
    with pytest.raises(ImageError, match="volume 3 is not there"):
        read_image(path, frames="axial:middle@3")
    assert str(image_layout(path)) == "6 axial, 5 coronal, 4 sagittal slices in 3 volumes"


@pytest.mark.parametrize("shape", [(6, 7), (6, 7, 1)])
def test_a_single_slice_needs_no_rule(shape, tmp_path, rng):
    volume = rng.integers(0, 9, shape, np.uint8)
    path = saved(tmp_path / "a.nii.gz", volume)

    assert_array_equal(read_image(path), volume.reshape(6, 7)[::-1, ::-1].T)
    facts = image_facts(path)
    assert (facts.width, facts.height, facts.mode, facts.format) == (6, 7, "L", "NIFTI")


def test_a_mask_holds_labels(tmp_path):
    volume = np.zeros((4, 5, 2), np.uint8)
    volume[1, 1, 0], volume[2, 2, 0] = 1, 2
    path = saved(tmp_path / "a.nii.gz", volume)

    assert read_mask(path, frames="axial:0").sum() == 2
    assert_array_equal(read_mask(path, label=2, frames="axial:0"), seen(volume == 2, "axial", 0))
    with pytest.raises(ImageError, match=r"without label 7 \(it holds 0, 1, 2\)"):
        read_mask(path, label=7, frames="axial:0")
    with pytest.raises(ImageError, match="black everywhere"):
        read_mask(path, frames="axial:1")


def broken(path, content):
    path.write_bytes(content)
    return path


def test_damaged_files_are_named(tmp_path, rng):
    whole = saved(tmp_path / "a.nii", rng.integers(0, 9, (4, 5, 6), np.int16)).read_bytes()
    packed = gzip.compress(whole)
    wrong = bytearray(whole)
    wrong[42:44] = (-3).to_bytes(2, "little", signed=True)  # dim[1]
    rgb = bytearray(whole)
    rgb[70:72] = (128).to_bytes(2, "little")  # datatype RGB24
    huge = bytearray(whole)
    huge[40:50] = np.array([3, 30000, 30000, 30000, 1], "<i2").tobytes()
    cases = {
        "cut.nii": (whole[:-50], "truncated"),
        "cut.nii.gz": (packed[:-80], "truncated|damaged"),
        "short.nii.gz": (gzip.compress(whole[:-50]), "truncated: it lacks voxels"),
        "head.nii": (whole[:200], "not an image"),
        "wrong.nii": (bytes(wrong), "shape"),
        "rgb.nii": (bytes(rgb), "voxels of type"),
        "pair.nii": (whole[:344] + b"ni1\0" + whole[348:], "half of a NIfTI pair"),
        "huge.nii.gz": (gzip.compress(bytes(huge)), "voxels|limit"),
        "other.nii.gz": (gzip.compress(b"hello" * 200), "gzip"),
    }
    for name, (content, reason) in cases.items():
        with pytest.raises(ImageError, match=rf"{name}'.*({reason})"):
            read_image(broken(tmp_path / name, content), frames="axial:5")


def test_a_bomb_is_not_inflated(tmp_path):
    fields = nibabel.Nifti1Header()
    fields.set_data_shape((2000, 2000, 200))
    fields.set_data_dtype(np.int16)
    fields.set_sform(np.eye(4), 1)
    fields["magic"], fields["vox_offset"] = b"n+1", 352
    path = broken(tmp_path / "a.nii.gz", gzip.compress(fields.binaryblock + bytes(4)))

    with pytest.raises(ImageError, match=r"inflates to 1\.5 GiB; the limit is 1"):
        read_image(path, frames="axial:5")


def test_a_volume_is_inflated_once_and_again_when_it_changes(tmp_path, rng, monkeypatch):
    from texturekit.decoding import nifti

    opened = []
    plain = gzip.GzipFile.read
    monkeypatch.setattr(nifti, "_INFLATED", nifti.Kept(1 << 20, len))
    monkeypatch.setattr(
        gzip.GzipFile, "read", lambda file, n=-1: (opened.append(n), plain(file, n))[1]
    )
    path = saved(tmp_path / "a.nii.gz", rng.integers(0, 99, (4, 5, 6), np.int16))
    for index in range(6):
        read_image(path, frames=f"axial:{index}")
    assert sum(n > 540 for n in opened) == 1

    volume = rng.integers(0, 99, (4, 5, 7), np.int16)
    saved(path, volume)
    assert_array_equal(read_image(path, frames="axial:6"), seen(volume, "axial", 6))


def test_without_nibabel_the_install_line_is_said(tmp_path, monkeypatch):
    import sys

    path = saved(tmp_path / "a.nii", np.zeros((2, 2, 2), np.uint8))
    monkeypatch.setitem(sys.modules, "nibabel", None)

    with pytest.raises(MissingExtraError, match=r"pip install 'texturekit\[dicom\]'"):
        read_image(path, frames="axial:0")


def test_nothing_is_said_on_stderr(tmp_path, capfd):
    whole = saved(tmp_path / "a.nii", np.zeros((2, 2, 2), np.uint8)).read_bytes()
    odd = broken(tmp_path / "b.nii", whole[:252] + b"\x07\0" + whole[254:])  # qform_code 7

    read_image(odd, frames="axial:0")

    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["anatomical.nii", "standard.nii.gz", "functional.nii",
                                  "example4d.nii.gz"])  # fmt: skip
@pytest.mark.parametrize("axis", AXES)
def test_real_volumes_are_what_nibabel_reads(name, axis, real_data):
    path = real_data / "nifti" / name
    loaded = nibabel.as_closest_canonical(nibabel.load(path))
    volume = loaded.get_fdata()
    volume = volume[..., 1] if volume.ndim == 4 else volume
    number = "@1" if loaded.ndim == 4 else ""
    for which, index in [("first", 0), ("middle", volume.shape[AXES[axis]] // 2)]:
        image = read_image(path, frames=f"{axis}:{which}{number}")

        assert_array_equal(image, seen(volume, axis, index))
