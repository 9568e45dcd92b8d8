import threading

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests.dicoms import SECRET, dicom
from texturekit.errors import ImageError, MissingExtraError
from texturekit.images import image_facts, read_image, read_mask, read_picture

pytest.importorskip("pydicom")


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
def test_stored_numbers_come_back_in_their_dtype(dtype, tmp_path, rng):
    limits = np.iinfo(dtype)
    pixels = rng.integers(limits.min, limits.max, (5, 7), dtype, endpoint=True)

    image = read_image(dicom(tmp_path / "a.dcm", pixels))

    assert image.dtype == dtype
    assert_array_equal(image, pixels)


@pytest.mark.parametrize(
    ("dtype", "stored", "slope", "intercept", "wanted"),
    [
        (np.uint16, 12, 1, -1024, np.int16),  # -1024..3071
        (np.uint16, 16, 1, -1024, np.int32),  # -1024..64511
        (np.int16, 16, 1, -1024, np.int32),  # -33792..31743
        (np.uint8, 8, 2, 0, np.int16),  # 0..510
        (np.uint8, 8, 1, 0, np.uint8),
        (np.uint16, 12, 0.5, -10, np.float64),
        (np.uint16, 16, 1, 0.25, np.float64),
    ],
)
def test_modality_values_in_the_smallest_dtype_that_holds_what_may_be_stored(
    dtype, stored, slope, intercept, wanted, tmp_path
):
    pixels = np.array([[0, 1, 2**7 - 1, 100]], dtype)
    path = dicom(tmp_path / "a.dcm", pixels, BitsStored=stored, HighBit=stored - 1,
                 RescaleSlope=slope, RescaleIntercept=intercept)  # fmt: skip

    image = read_image(path)

    assert image.dtype == wanted
    assert_array_equal(image, pixels.astype(np.float64) * slope + intercept)


def test_monochrome1_is_turned_round_within_what_can_be_stored(tmp_path):
    pixels = np.array([[0, 1, 4095]], np.uint16)
    path = dicom(
        tmp_path / "a.dcm", pixels, BitsStored=12, PhotometricInterpretation="MONOCHROME1",
        RescaleSlope=1, RescaleIntercept=-1000, WindowCenter=0.5, WindowWidth=101,
    )  # fmt: skip

    picture = read_picture(path)

    # -1000..3095 turned round: v becomes 2095 - v, and so do the window's ends -50 and 50
    assert_array_equal(picture.pixels, [[3095, 3094, -1000]])
    assert picture.pixels.dtype == np.int16
    assert picture.window == (2045, 2145)


def test_signed_monochrome1_is_turned_round_too(tmp_path):
    pixels = np.array([[-128, 0, 127]], np.int8)
    path = dicom(tmp_path / "a.dcm", pixels, PhotometricInterpretation="MONOCHROME1")

    assert_array_equal(read_image(path), [[127, -1, -128]])


def test_turning_round_does_not_wrap_where_the_sum_of_the_ends_would(tmp_path):
    pixels = np.array([[0, 1, 4095]], np.uint16)  # 20000..60950, whose sum is 80950
    path = dicom(tmp_path / "a.dcm", pixels, BitsStored=12, PhotometricInterpretation="MONOCHROME1",
                 RescaleSlope=10, RescaleIntercept=20000)  # fmt: skip

    image = read_image(path)

    assert image.dtype == np.uint16
    assert_array_equal(image, [[60950, 60940, 20000]])


def test_a_table_of_modality_values_is_applied(tmp_path):
    from pydicom.dataset import Dataset

    table = Dataset()
    table.add_new(0x00283002, "US", [4, 0, 16])
    table.add_new(0x00283006, "US", [10, 500, 30000, 65535])
    path = dicom(
        tmp_path / "a.dcm", np.array([[0, 1, 2, 3]], np.uint8), ModalityLUTSequence=[table]
    )

    assert_array_equal(read_image(path), [[10, 500, 30000, 65535]])


def test_an_enhanced_object_has_slope_and_window_of_each_frame(tmp_path):
    from pydicom.dataset import Dataset

    groups = []
    for slope in (1, 3):
        group, values, window = Dataset(), Dataset(), Dataset()
        values.RescaleSlope, values.RescaleIntercept = slope, -slope
        window.WindowCenter, window.WindowWidth = slope, 11
        group.PixelValueTransformationSequence, group.FrameVOILUTSequence = [values], [window]
        groups.append(group)
    pixels = np.array([[[1, 2]], [[3, 4]]], np.uint8)
    path = dicom(tmp_path / "a.dcm", pixels, PerFrameFunctionalGroupsSequence=groups)

    assert_array_equal(read_image(path, frames=0), [[0, 1]])
    assert_array_equal(read_image(path, frames=1), [[6, 9]])
    assert read_picture(path, frames=1).window == (-2.5, 7.5)


@pytest.mark.parametrize("rule", ["LINEAR", "LINEAR_EXACT"])
def test_the_window_shows_what_pydicom_shows(rule, tmp_path):
    import pydicom
    from pydicom.pixels.processing import apply_windowing

    from texturekit.windows import to_rgb8

    pixels = np.arange(-200, 300, dtype=np.int16).reshape(20, 25)
    path = dicom(tmp_path / "a.dcm", pixels, WindowCenter=[40, 7], WindowWidth=[300, 9],
                 VOILUTFunction=rule)  # fmt: skip
    data = pydicom.dcmread(path)
    shown = apply_windowing(pixels, data)  # over the range of int16: -32768..32767

    picture = read_picture(path)
    seen = to_rgb8(picture.pixels, own=picture.window)[:, :, 0]

    assert_allclose(seen, (shown + 32768) / 65535 * 255, atol=0.51)


def test_a_sigmoid_is_no_window(tmp_path):
    path = dicom(tmp_path / "a.dcm", np.zeros((2, 2), np.uint8), WindowCenter=4, WindowWidth=3,
                 VOILUTFunction="SIGMOID")  # fmt: skip

    assert read_picture(path).window is None


def test_frames_are_chosen_by_the_rule(tmp_path, rng):
    pixels = rng.integers(0, 255, (5, 4, 6), np.uint8)
    path = dicom(tmp_path / "a.dcm", pixels)

    with pytest.raises(ImageError, match=r"a\.dcm' has 5 frames; say which to take"):
        read_image(path)
    for rule, index in [("first", 0), ("middle", 2), (4, 4), ("3", 3)]:
        assert_array_equal(read_image(path, frames=rule), pixels[index])
    assert_array_equal(read_image(f"{path}#frame/1"), pixels[1])
    with pytest.raises(ImageError, match="number 5 is not there: they are counted from 0 to 4"):
        read_image(path, frames=5)
    with pytest.raises(ImageError, match="5 frames without directions; leave 'axial:' out"):
        read_image(path, frames="axial:middle")


def test_one_bit_is_a_mask_and_an_image(tmp_path):
    pixels = np.array([[0, 1, 1, 0, 1, 0, 0, 1]], np.uint8)
    path = dicom(
        tmp_path / "seg.dcm", pixels, BitsAllocated=1, BitsStored=1, HighBit=0,
        PixelData=np.packbits(pixels, bitorder="little").tobytes() + b"\0",
    )  # fmt: skip

    assert_array_equal(read_image(path), pixels * 255)
    assert_array_equal(read_mask(path), pixels == 1)
    assert_array_equal(read_mask(path, label=1), pixels == 1)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5"])
@pytest.mark.parametrize("shape", [(40, 50), (40, 50, 3)])
def test_lossless_compression_gives_the_same_pixels(syntax, shape, tmp_path, rng):
    pixels = rng.integers(0, 255, shape, np.uint8)

    image = read_image(dicom(tmp_path / "a.dcm", pixels, compress=syntax))

    assert_array_equal(image, pixels)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.70"])
def test_a_syntax_without_a_permissive_decoder_is_named(syntax, tmp_path):
    import pydicom
    from pydicom.uid import UID

    path = dicom(tmp_path / "a.dcm", np.zeros((4, 4), np.uint8))
    data = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = UID(syntax)
    data.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8" * 10])
    data["PixelData"].is_undefined_length = True
    data.save_as(path)

    with pytest.raises(ImageError, match=r"a\.dcm' is stored as JPEG.*no decoder.*gdcmconv"):
        read_image(path)


def test_a_compressed_frame_of_another_size_than_the_header_says_is_refused(tmp_path, rng):
    import pydicom

    pixels = rng.integers(0, 255, (40, 50), np.uint8)
    path = dicom(tmp_path / "a.dcm", pixels, compress="1.2.840.10008.1.2.4.90")
    data = pydicom.dcmread(path)
    data.Rows = 20
    data.save_as(path)

    with pytest.raises(ImageError, match=r"picture is 50x40 pixels, but .* 50x20"):
        read_image(path)


@pytest.mark.parametrize("noise", [b"\x81\x05", b"\x7f\x01", b"\x00"])
def test_damaged_runs_are_refused_whatever_the_decoder_raises(noise, tmp_path, rng):
    pixels = rng.integers(0, 9000, (40, 50), np.uint16)
    path = dicom(tmp_path / "a.dcm", pixels, compress="1.2.840.10008.1.2.5")
    content = path.read_bytes()
    start = content.index(b"\x02\0\0\0\x40\0\0\0") + 64  # behind the table of two segments
    end = start + 3000 - 3000 % len(noise)
    path.write_bytes(content[:start] + noise * ((end - start) // len(noise)) + content[end:])

    with pytest.raises(ImageError, match=r"PixelData, stored as RLE Lossless, cannot be"):
        read_image(path)


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"Rows": None}, r"without \(0028,0010\) Rows"),
        ({"BitsAllocated": None, "BitsStored": None}, r"without \(0028,0100\) BitsAllocated"),
        ({"PixelData": None}, r"without \(7FE0,0010\) PixelData"),
        ({"PhotometricInterpretation": None}, r"without \(0028,0004\) Photometric"),
        ({"PhotometricInterpretation": "SECRET"}, r"\(0028,0004\) Photometric.* is none of"),
        ({"PixelData": b"\0" * 20}, r"truncated: \(7FE0,0010\) PixelData has 20 bytes of 40"),
        ({"RescaleSlope": "0", "RescaleIntercept": "1"}, r"\(0028,1053\) RescaleSlope"),
        ({"BitsStored": 12, "HighBit": 15}, r"\(0028,0102\) HighBit does not end at BitsStored"),
        ({"Rows": 20000, "Columns": 20000}, "too many pixels: 20000x20000"),
    ],
)
def test_a_damaged_file_is_named_with_the_element(elements, reason, tmp_path):
    pixels = np.full((4, 5), 60000, np.uint16)
    path = dicom(tmp_path / "a.dcm", pixels, fake=True, **elements)

    with pytest.raises(ImageError, match=rf"a\.dcm'.*({reason})") as caught:
        read_image(path)

    assert SECRET not in str(caught.value)


def test_a_truncated_header_and_a_missing_prefix_are_refused(tmp_path):
    whole = dicom(tmp_path / "a.dcm", np.zeros((4, 4), np.uint8), fake=True).read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[:300])
    (tmp_path / "bare.dcm").write_bytes(whole[132:])

    with pytest.raises(ImageError, match=r"cut\.dcm' is a (damaged|DICOM)"):
        read_image(tmp_path / "cut.dcm")
    with pytest.raises(ImageError, match=r"bare\.dcm'.*lacks DICOM's File Meta Information"):
        read_image(tmp_path / "bare.dcm")


def test_no_message_repeats_what_stands_in_the_file(tmp_path, rng, caplog):
    # every byte of the header spoilt in turn: whatever pydicom says of it must not come through
    whole = dicom(tmp_path / "a.dcm", np.zeros((4, 4), np.uint8), fake=True).read_bytes()
    said = set()
    for place in rng.choice(len(whole), 150, replace=False):
        spoilt = bytearray(whole)
        spoilt[place] ^= 0xFF
        (tmp_path / "b.dcm").write_bytes(spoilt)
        try:
            read_image(tmp_path / "b.dcm")
        except ImageError as problem:
            said.add(str(problem).replace(str(tmp_path), "") + str(problem.__cause__))

    assert said
    assert not any(word in text for text in said for word in ("SECRET", "SECR", "1970"))
    assert SECRET not in caplog.text


def test_facts_come_from_the_header(tmp_path):
    path = dicom(tmp_path / "a.dcm", np.zeros((4, 6), np.uint16), BitsStored=12, fake=True)
    facts = image_facts(path)

    assert (facts.width, facts.height, facts.mode, facts.bit_depth) == (6, 4, "I;16", 12)
    assert (facts.format, facts.bytes) == ("DICOM", path.stat().st_size)
    assert SECRET not in repr(facts)


def test_burned_in_text_is_a_trait_without_content(tmp_path):
    pixels = np.zeros((4, 4), np.uint8)

    assert read_picture(dicom(tmp_path / "a.dcm", pixels, BurnedInAnnotation="YES")).traits == {
        "burned_in"
    }
    assert not read_picture(dicom(tmp_path / "b.dcm", pixels, BurnedInAnnotation="NO")).traits


def test_a_dicomdir_is_no_image(tmp_path):
    import pydicom

    path = dicom(tmp_path / "a.dcm", np.zeros((4, 4), np.uint8))
    data = pydicom.dcmread(path)
    data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    data.save_as(path, enforce_file_format=False)

    with pytest.raises(ImageError, match="is a DICOMDIR, an index without pixels"):
        read_image(path)


def test_a_deflated_bomb_is_refused(tmp_path, monkeypatch):
    import pydicom

    from texturekit.decoding import dicom_header as module

    path = dicom(tmp_path / "a.dcm", np.zeros((300, 300), np.uint8))
    data = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    data.save_as(path)
    assert read_image(path).shape == (300, 300)

    monkeypatch.setattr(module, "_MOST_BYTES", 50_000)
    with pytest.raises(ImageError, match="inflates to more"):
        read_image(path)


def test_without_pydicom_the_install_line_is_said(tmp_path, monkeypatch):
    import sys

    path = dicom(tmp_path / "a.dcm", np.zeros((4, 4), np.uint8))
    monkeypatch.setitem(sys.modules, "pydicom", None)

    with pytest.raises(MissingExtraError, match=r"pip install 'texturekit\[dicom\]'"):
        read_image(path)


def test_threads_read_the_same_and_warn_nobody(tmp_path, rng):
    pixels = rng.integers(0, 255, (6, 32, 32), np.uint8)
    path = dicom(tmp_path / "a.dcm", pixels, RescaleSlope="1 ", fake=True)
    found = {}

    def work(number):
        for index in range(6):
            found[number, index] = read_image(path, frames=index)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 24
    for (_, index), image in found.items():
        assert_array_equal(image, pixels[index])


# --- real files, against pydicom ----------------------------------------------------------------

REFUSED = {
    "JPEG-lossy.dcm": r"JPEG Extended \(Process 2 and 4\)",  # 12 bits, which Pillow does not read
    "MR_truncated.dcm": r"truncated: \(7FE0,0010\) PixelData has 8130 bytes of 8192",
    "badVR.dcm": r"\(0028,0008\) NumberOfFrames",
    "no_meta.dcm": "File Meta Information",
    "SC_rgb_rle_2frame.dcm": "has 2 frames",
}


def test_every_real_file_reads_as_pydicom_reads_it_or_says_why(real_data):
    import pydicom
    from pydicom.pixels.processing import apply_color_lut, apply_modality_lut

    files = sorted((real_data / "dicom").iterdir())
    assert len(files) == 19
    for path in files:
        if path.name in REFUSED:
            with pytest.raises(ImageError, match=REFUSED[path.name]):
                read_image(path)
            continue
        data = pydicom.dcmread(path)
        expected = data.pixel_array
        if data.PhotometricInterpretation == "PALETTE COLOR":
            expected = apply_color_lut(expected, data)
        elif data.BitsAllocated == 1:
            expected = expected * np.uint8(255)
        elif data.SamplesPerPixel == 1:
            expected = apply_modality_lut(expected, data)
        assert_array_equal(read_image(path), expected, err_msg=path.name)


def test_a_real_file_of_two_frames(real_data):
    import pydicom

    path = real_data / "dicom" / "SC_rgb_rle_2frame.dcm"
    expected = pydicom.dcmread(path).pixel_array

    for index in range(2):
        assert_array_equal(read_image(path, frames=index), expected[index])


def test_a_real_file_from_memory_is_the_same_as_from_disk(real_data, monkeypatch):
    from texturekit.decoding import reading

    path = real_data / "dicom" / "MR_small_RLE.dcm"
    from_memory = read_image(path)
    monkeypatch.setattr(reading, "_AT_ONCE", 0)

    assert_array_equal(read_image(path), from_memory)
