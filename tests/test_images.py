import io
import os
import socket
import struct
import sys
import threading
import time
import warnings
import zlib

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image, ImageFile

from texturekit.decoding import checks
from texturekit.errors import ImageError, ParameterError
from texturekit.images import image_facts, read_image, read_mask, read_picture, to_grey

SHAPE = (5, 7)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png16(pixels, colour_type, extra=b""):
    """A 16-bit PNG by the specification: Pillow cannot write colour ones."""
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    parts = chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + parts + chunk(b"IEND", b"")


def drawn(rng, channels=0, dtype=np.uint8):
    shape = (*SHAPE, channels) if channels else SHAPE
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def saved(folder, pixels, name="a.png", **options):
    path = folder / name
    Image.fromarray(pixels).save(path, **options)
    return path


def over_black(pixels):
    """Exact rational arithmetic, one pixel at a time: a half is rounded up."""
    full = int(np.iinfo(pixels.dtype).max)
    out = np.zeros((*pixels.shape[:2], pixels.shape[2] - 1), pixels.dtype)
    for where in np.ndindex(out.shape):
        colour, alpha = int(pixels[where]), int(pixels[(*where[:2], -1)])
        quotient, rest = divmod(colour * alpha, full)
        out[where] = quotient + (2 * rest >= full)
    return out


# --- grey -------------------------------------------------------------------------------------


def test_grey_is_bt601_with_halves_rounded_up():
    # 0.299 R + 0.587 G + 0.114 B (Recommendation ITU-R BT.601-7, 2.5.1)
    image = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 0, 250], [255, 255, 255]]])

    grey = to_grey(image.astype(np.uint8))

    assert_array_equal(grey, [[76, 150, 29, 29, 255]])  # 76.245 149.685 29.07 28.5


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.uint32, np.int32])
def test_grey_of_integers_is_exact_in_their_own_dtype(dtype, rng):
    limits = np.iinfo(dtype)
    image = rng.integers(limits.min, limits.max, (20, 20, 3), dtype=dtype, endpoint=True)

    grey = to_grey(image)

    wide = image.astype(object)
    exact = (wide[..., 0] * 299 + wide[..., 1] * 587 + wide[..., 2] * 114 + 500) // 1000
    assert grey.dtype == dtype
    assert_array_equal(grey, exact.astype(np.int64).astype(dtype))


def test_grey_of_floats_stays_float_and_unrounded():
    image = np.array([[[0.5, 0.25, 0.125]]], dtype=np.float32)

    grey = to_grey(image)

    assert grey.dtype == np.float32
    assert grey[0, 0] == pytest.approx(0.5 * 0.299 + 0.25 * 0.587 + 0.125 * 0.114)


def test_grey_input_comes_back_as_it_is():
    image = np.zeros((3, 4), np.uint16)

    assert to_grey(image) is image
    assert to_grey(image[:, :, None]).shape == (3, 4)


@pytest.mark.parametrize("shape", [(4, 4, 4), (4, 4, 2), (4,), (2, 4, 4, 3)])
def test_grey_of_another_shape_is_refused_naming_it(shape):
    with pytest.raises(ImageError, match=r"image has shape \(.*\(H, W, 3\) is wanted"):
        to_grey(np.zeros(shape, np.uint8))


def test_grey_of_text_is_refused():
    with pytest.raises(ImageError, match="dtype <U1"):
        to_grey(np.array([["a"]]))


# --- right pixels -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.webp"])
@pytest.mark.parametrize("channels", [0, 3])
def test_eight_bit_pixels_come_back(name, channels, tmp_path, rng):
    pixels = drawn(rng, channels)
    path = saved(tmp_path, pixels, name, **({"lossless": True} if name == "a.webp" else {}))

    image = read_image(path)

    expected = pixels if channels or name != "a.webp" else np.repeat(pixels[:, :, None], 3, 2)
    assert image.dtype == np.uint8
    assert_array_equal(image, expected)


@pytest.mark.parametrize(
    ("name", "options"), [("a.png", {}), ("a.tif", {"compression": "tiff_lzw"})]
)
def test_sixteen_bit_grey_comes_back(name, options, tmp_path, rng):
    pixels = drawn(rng, dtype=np.uint16)

    image = read_image(saved(tmp_path, pixels, name, **options))

    assert image.dtype == np.uint16
    assert image.dtype.isnative
    assert_array_equal(image, pixels)


@pytest.mark.parametrize(("colour_type", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_sixteen_bit_colour_png_is_not_reduced(colour_type, channels, tmp_path, rng):
    pytest.importorskip("cv2", exc_type=ImportError)
    pixels = drawn(rng, channels, np.uint16)
    path = tmp_path / "a.png"
    path.write_bytes(png16(pixels, colour_type))

    image = read_image(path)

    assert image.dtype == np.uint16
    assert_array_equal(image, np.squeeze(pixels if channels == 3 else over_black(pixels)))
    assert image_facts(path).bit_depth == 16


def test_sixteen_bit_colour_png_without_opencv_names_the_cure(tmp_path, rng, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    path = tmp_path / "a.png"
    path.write_bytes(png16(drawn(rng, 3, np.uint16), 2))

    with pytest.raises(ImageError, match=r"a\.png.*16-bit colour PNG.*opencv-python-headless"):
        read_image(path)


TIFF_DTYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "f2", "f4", "f8"]


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", TIFF_DTYPES)
@pytest.mark.parametrize("channels", [0, 3])
def test_tiff_of_any_depth_and_byte_order(dtype, order, compression, channels, tmp_path, rng):
    tifffile = pytest.importorskip("tifffile")
    shape = (*SHAPE, channels) if channels else SHAPE
    pixels = rng.integers(0, 256, (*shape, int(dtype[1])), dtype=np.uint8)
    pixels = pixels.view(dtype)[..., 0] if dtype[0] != "f" else rng.normal(size=shape).astype(dtype)
    path = tmp_path / "a.tif"
    kind = "rgb" if channels else "minisblack"
    tifffile.imwrite(path, pixels, byteorder=order, compression=compression, photometric=kind)

    image = read_image(path)

    assert image.dtype == np.dtype(dtype)
    assert image.dtype.isnative
    assert_array_equal(image, pixels)


@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_where_white_is_zero_is_turned_round(dtype, order, tmp_path, rng):
    tifffile = pytest.importorskip("tifffile")
    pixels = drawn(rng, dtype=np.dtype(dtype))
    tifffile.imwrite(tmp_path / "a.tif", pixels, byteorder=order, photometric="miniswhite")

    assert_array_equal(read_image(tmp_path / "a.tif"), np.iinfo(dtype).max - pixels)


@pytest.mark.parametrize(("big", "page"), [(False, 0), (False, 1), (True, 0)])
def test_tiff_in_more_pieces_than_an_image_has_is_refused_at_once(big, page, tmp_path):
    number, entry, start = ("Q", "HHQQ", 16) if big else ("H", "HHII", 8)
    link = "Q" if big else "I"
    facts = {256: 8, 257: 8, 258: 8, 262: 1, 273: 8, 277: 1, 278: 1, 279: 8}
    content = b"II+\0\x08\0\0\0" if big else b"II*\0"
    content += struct.pack(f"<{link}", start)
    for at in range(page + 1):
        content += struct.pack(f"<{number}", len(facts))
        for tag, value in facts.items():
            pieces = 10_000_000 if tag == 273 and at == page else 1
            content += struct.pack(f"<{entry}", tag, 4, pieces, value)
        following = len(content) + struct.calcsize(f"<{link}")
        content += struct.pack(f"<{link}", following if at < page else 0)
    path = tmp_path / "a.tif"
    path.write_bytes(content)

    with pytest.raises(ImageError, match="10000000 pieces; the limit is 200000"):
        read_image(path)


def test_tiff_of_endless_pages_is_refused_at_once(tmp_path):
    content = b"II*\0" + struct.pack("<I", 8)
    for _ in range(20_000):
        page = struct.pack("<HHHIIHHII", 2, 256, 4, 1, 8, 257, 4, 1, 8)
        content += page + struct.pack("<I", len(content) + len(page) + 4)
    path = tmp_path / "a.tif"
    path.write_bytes(content)

    with pytest.raises(ImageError, match="more than 10000 pages; split it"):
        read_image(path)


def test_tiff_in_planes_and_with_alpha(tmp_path, rng):
    tifffile = pytest.importorskip("tifffile")
    planes = rng.integers(0, 65536, (3, *SHAPE), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
    layers = drawn(rng, 4, np.uint16)
    tifffile.imwrite(tmp_path / "b.tif", layers, photometric="rgb", extrasamples=["unassalpha"])
    tifffile.imwrite(tmp_path / "c.tif", layers, photometric="rgb", extrasamples=["assocalpha"])

    assert_array_equal(read_image(tmp_path / "a.tif"), planes.transpose(1, 2, 0))
    assert_array_equal(read_image(tmp_path / "b.tif"), over_black(layers))
    assert_array_equal(read_image(tmp_path / "c.tif"), layers[:, :, :3])


def test_one_bit_becomes_0_and_255(tmp_path):
    bits = np.array([[True, False, True]])

    image = read_image(saved(tmp_path, bits))

    assert image.dtype == np.uint8
    assert_array_equal(image, [[255, 0, 255]])


@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_alpha_is_laid_over_black(channels, name, tmp_path, rng):
    pixels = drawn(rng, channels)
    pixels[0, :, -1], pixels[1, :, -1] = 255, 0

    image = read_image(saved(tmp_path, pixels, name))

    assert_array_equal(image, np.squeeze(over_black(pixels)))
    assert_array_equal(image[0], np.squeeze(pixels[0, :, :-1]))
    assert not image[1].any()


def test_palette_is_resolved_and_its_transparency_is_black(tmp_path):
    image = Image.frombytes("P", (3, 1), bytes([0, 1, 2]))
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    image.save(tmp_path / "a.png")
    image.save(tmp_path / "b.png", transparency=1)
    image.save(tmp_path / "c.png", transparency=bytes([255, 128, 0]))

    plain, one, many = (read_image(tmp_path / f"{name}.png")[0] for name in "abc")

    assert_array_equal(plain, [[10, 20, 30], [40, 50, 60], [70, 80, 90]])
    assert_array_equal(one, [[10, 20, 30], [0, 0, 0], [70, 80, 90]])
    assert_array_equal(many, [[10, 20, 30], [20, 25, 30], [0, 0, 0]])  # 50 * 128 / 255 = 25.1


def test_one_transparent_value_without_alpha_is_black(tmp_path):
    pixels = np.array([[7, 8, 9]], np.uint8)
    grey = saved(tmp_path, pixels, "grey.png", transparency=8)
    colours = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)
    rgb = saved(tmp_path, colours, "rgb.png", transparency=(4, 5, 6))

    assert_array_equal(read_image(grey), [[7, 0, 9]])
    assert_array_equal(read_image(rgb), [[[1, 2, 3], [0, 0, 0]]])


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_cmyk_shows_the_colours_of_its_rgb_twin(name, tmp_path):
    rows, cols = np.mgrid[0:64, 0:64]
    twin = np.stack([rows * 2 + 40, cols * 2 + 60, 200 - rows - cols], axis=2).astype(np.uint8)
    cmyk = Image.fromarray(twin).convert("CMYK")
    cmyk.save(tmp_path / name, **({"quality": 100, "subsampling": 0} if name == "a.jpg" else {}))

    image = read_image(tmp_path / name)

    assert image_facts(tmp_path / name).mode == "CMYK"
    assert np.abs(image.astype(int) - twin).max() <= 2


def test_cmyk_with_black_ink_multiplies(tmp_path):
    ink = np.full((4, 4, 4), (51, 102, 0, 51), np.uint8)
    Image.frombytes("CMYK", (4, 4), ink.tobytes()).save(tmp_path / "a.tif")

    # (1 - 51/255) (1 - 51/255) 255 = 163.2; (1 - 102/255) .8 255 = 122.4; .8 255 = 204
    assert_array_equal(read_image(tmp_path / "a.tif")[0, 0], [163, 122, 204])


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "deep.tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_rotated_picture_is_the_same_as_its_upright_twin(name, orientation, tmp_path):
    rows, cols = np.mgrid[0:16, 0:24]
    upright = (8 * rows + 3 * cols).astype(np.uint8)
    # How each of the eight orientations is stored (Exif 2.3, 4.6.4 A, tag 274).
    stored = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.T, 6: np.rot90(upright), 7: upright[::-1, ::-1].T, 8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    path = tmp_path / name
    if name == "deep.tif":
        tifffile = pytest.importorskip("tifffile")
        tags = [(274, "H", 1, orientation, True)]
        tifffile.imwrite(path, stored.astype(np.uint16), extratags=tags)
    else:
        exif = Image.Exif()
        exif[274] = orientation
        options = {"a.jpg": {"quality": 100}, "a.webp": {"lossless": True}}.get(name, {})
        Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif, **options)

    image = read_image(path, colour="grey")
    facts = image_facts(path)

    assert image.shape == (16, 24)
    assert np.abs(image.astype(int) - upright).max() <= (2 if name == "a.jpg" else 0)
    assert (facts.height, facts.width) == stored.shape


def test_the_content_decides_not_the_suffix(tmp_path, rng):
    pixels = drawn(rng)
    Image.fromarray(pixels).save(tmp_path / "a.jpg", format="PNG")

    assert_array_equal(read_image(tmp_path / "a.jpg"), pixels)
    assert image_facts(tmp_path / "a.jpg").format == "PNG"


def test_a_camera_s_double_jpeg_gives_its_first_picture(tmp_path):
    first, second = Image.new("RGB", (16, 8), (200, 10, 10)), Image.new("RGB", (8, 4))
    first.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[second])

    image = read_image(tmp_path / "a.jpg")

    assert image.shape == (8, 16, 3)
    assert image[4, 8, 0] > 190


def test_colour_can_be_asked_for(tmp_path, rng):
    path = saved(tmp_path, drawn(rng))

    assert read_image(path, colour="rgb").shape == (*SHAPE, 3)
    assert read_image(saved(tmp_path, drawn(rng, 3)), colour="grey").shape == SHAPE
    with pytest.raises(ParameterError, match="colour is 'gray', but 'keep'"):
        read_image(path, colour="gray")


def test_a_name_that_is_not_utf8_is_read(tmp_path, rng):
    pixels = drawn(rng)
    path = os.path.join(os.fsencode(tmp_path), b"\xff\xfe.png")  # noqa: PTH118
    with open(path, "wb") as stream:  # noqa: PTH123
        Image.fromarray(pixels).save(stream, format="PNG")

    assert_array_equal(read_image(os.fsdecode(path)), pixels)


# --- clear refusals ---------------------------------------------------------------------------


def broken_files(folder):
    rng = np.random.default_rng(3)
    whole = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(whole, format="JPEG")
    jpeg = whole.getvalue()
    whole = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (64, 64), dtype=np.uint8)).save(whole, format="PNG")
    png = whole.getvalue()
    flipped = bytearray(png)
    flipped[len(png) // 2] ^= 0xFF
    tiffs = {}
    for name, dtype in (("t8", np.uint8), ("t16", np.uint16)):
        whole = io.BytesIO()
        Image.fromarray(rng.integers(0, 255, (64, 64)).astype(dtype)).save(whole, format="TIFF")
        tiffs[name] = whole.getvalue()[:-1000]
    whole = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(whole, format="BMP")
    return {
        "empty.png": (b"", r"empty file \(0 bytes\)"),
        "page.jpg": (b"<!DOCTYPE html><html></html>", "not an image.*HTML"),
        "text.png": (b"hello", "not an image"),
        "scan.png": (b"\0" * 128 + b"DICM" + b"\0" * 50, "DICOM"),
        "half.jpg": (jpeg[: len(jpeg) // 2], "truncated"),
        "half.png": (png[: len(png) // 2], "truncated|damaged"),
        "head.png": (png[:20], "truncated|damaged"),
        "flip.png": (bytes(flipped), "damaged"),
        "half8.tif": (tiffs["t8"], "truncated|damaged"),
        "half16.tif": (tiffs["t16"], "truncated|damaged"),
        "head.tif": (tiffs["t16"][:50], "truncated|damaged"),
        "half.bmp": (whole.getvalue()[:3000], "truncated|damaged"),
        "vector.png": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not an image"),
        "eps.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript"),
    }


@pytest.mark.parametrize("name", list(broken_files(None)))
def test_a_broken_file_is_named_with_its_reason(name, tmp_path):
    content, reason = broken_files(None)[name]
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ImageError, match=rf"{name}' .*({reason})"):
        read_image(tmp_path / name)


def test_a_missing_file_is_named_as_it_was_handed_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ImageError, match=r"^'b/nothing\.png' cannot be read: No such file"):
        read_image("b/nothing.png")


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "link.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    with socket.socket(socket.AF_UNIX) as plug:
        plug.bind(str(tmp_path / "plug.png"))
    began = time.monotonic()

    for name, reason in [
        ("pipe", "a pipe"), ("folder", "a folder"), ("link", "No such file"),
        ("loop", "symbolic links|symlink"), ("plug", "socket"),
    ]:  # fmt: skip
        for reader in (read_image, image_facts, read_mask):
            with pytest.raises(ImageError, match=rf"{name}\.png'.*({reason})"):
                reader(tmp_path / f"{name}.png")
    assert time.monotonic() - began < 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file_is_refused(tmp_path, rng):
    path = saved(tmp_path, drawn(rng))
    path.chmod(0)

    with pytest.raises(ImageError, match="permission denied"):
        read_image(path)


def test_odd_characters_of_a_name_are_escaped_in_messages(tmp_path):
    with pytest.raises(ImageError) as caught:
        read_image(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n.png"))

    assert r"\udcff\n.png" in str(caught.value)
    str(caught.value).encode()


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif"])
def test_several_frames_or_pages_are_refused(name, tmp_path, rng):
    frames = [Image.fromarray(drawn(rng, 3)) for _ in range(3)]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])

    with pytest.raises(ImageError, match=r"has 3 (frames|pages); say which to take"):
        read_image(tmp_path / name)


def test_several_deep_pages_are_refused(tmp_path, rng):
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "a.tif", rng.normal(size=(4, 8, 9)), photometric="minisblack")

    with pytest.raises(ImageError, match="has 4 pages"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif", "a.gif"])
def test_a_frame_is_chosen_by_the_rule(name, tmp_path, rng):
    frames = [np.repeat(drawn(rng)[:, :, None], 3, 2) for _ in range(4)]  # grey: exact in a GIF
    first, *rest = [Image.fromarray(frame) for frame in frames]
    options = {"lossless": True} if name == "a.webp" else {}
    first.save(tmp_path / name, save_all=True, append_images=rest, **options)

    for rule, index in [("first", 0), ("middle", 2), (3, 3), ("1", 1)]:
        assert_array_equal(read_image(tmp_path / name, frames=rule), frames[index])
    assert_array_equal(read_image(f"{tmp_path / name}#frame/2"), frames[2])
    with pytest.raises(ImageError, match="number 4 is not there"):
        read_image(tmp_path / name, frames=4)


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.uint32, np.float32, np.float64])
def test_a_deep_page_is_chosen_by_the_rule(dtype, tmp_path, rng):
    tifffile = pytest.importorskip("tifffile")
    pages = rng.integers(0, 2**16 if dtype == np.uint32 else 2**15, (5, *SHAPE)).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pages, photometric="minisblack")

    for rule, index in [("first", 0), ("middle", 2), (4, 4)]:
        image = read_image(tmp_path / "a.tif", frames=rule)
        assert image.dtype == dtype
        assert_array_equal(image, pages[index])


def test_a_gif_of_one_picture_needs_no_rule(tmp_path):
    labels = Image.frombytes("P", (4, 1), bytes([0, 1, 2, 1]))
    labels.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    labels.save(tmp_path / "a.gif")

    assert_array_equal(read_image(tmp_path / "a.gif")[0, :3], [[0, 0, 0], [128, 0, 0], [0, 128, 0]])
    assert_array_equal(read_mask(tmp_path / "a.gif"), [[False, True, True, True]])
    with pytest.raises(ImageError, match="is a GIF file, which may not keep values"):
        read_mask(tmp_path / "a.gif", label=1)


def test_one_bit_masks_hold_the_label_one(tmp_path):
    path = saved(tmp_path, np.array([[True, False]]))

    assert_array_equal(read_mask(path, label=1), [[True, False]])


@pytest.mark.parametrize(
    ("mode", "alpha", "traits"), [("RGBA", 255, set()), ("RGBA", 254, {"alpha"}), ("RGB", 0, set())]
)
def test_transparency_is_a_trait_where_something_shows_through(mode, alpha, traits, tmp_path):
    picture = Image.new("RGBA", (3, 2), (9, 9, 9, alpha)).convert(mode)
    picture.save(tmp_path / "a.png")

    assert read_picture(tmp_path / "a.png").traits == traits


def test_a_name_that_says_another_format_is_a_trait(tmp_path, rng):
    picture = Image.fromarray(drawn(rng))
    for name, kind, traits in [
        ("a.png", "JPEG", {"renamed"}), ("a.jpg", "PNG", {"renamed"}), ("a.jpeg", "JPEG", set()),
        ("a.tiff", "TIFF", set()), ("a.dcm", "PNG", {"renamed"}), ("noname", "PNG", set()),
    ]:  # fmt: skip
        picture.save(tmp_path / name, kind)
        assert read_picture(tmp_path / name).traits == traits, name


def test_pixels_that_are_not_finite_are_counted(tmp_path):
    pixels = np.ones((4, 5), np.float32)
    pixels[0, 0], pixels[1, :2] = np.nan, np.inf

    with pytest.raises(ImageError, match=r"3 of 20 pixels are not finite"):
        read_image(saved(tmp_path, pixels, "a.tif"))


@pytest.mark.parametrize("side", [10_001, 12_000, 100_000, 2**31 - 1])
def test_a_decompression_bomb_is_refused_by_its_header(side, tmp_path):
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body)

    for reader in (read_image, image_facts):
        with pytest.raises(ImageError, match=r"bomb\.png' has too many pixels.*limit is 100"):
            reader(tmp_path / "bomb.png")


# --- facts and masks --------------------------------------------------------------------------


def test_facts_of_a_header(tmp_path, rng):
    path = saved(tmp_path, drawn(rng, 4))
    facts = image_facts(path)

    assert (facts.width, facts.height, facts.mode, facts.bit_depth) == (7, 5, "RGBA", 8)
    assert (facts.format, facts.bytes) == ("PNG", path.stat().st_size)
    assert image_facts(saved(tmp_path, np.eye(4) > 0)).bit_depth == 1
    assert image_facts(saved(tmp_path, drawn(rng, dtype=np.uint16), "a.tif")).bit_depth == 16


def test_facts_of_a_tiff_that_pillow_does_not_know(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 6)))
    facts = image_facts(tmp_path / "a.tif")

    assert (facts.width, facts.height, facts.mode, facts.bit_depth) == (6, 4, "float64x1", 64)


def test_a_mask_is_what_is_not_black(tmp_path):
    grey = np.array([[0, 1, 255]], np.uint8)
    colour = np.array([[[0, 0, 0], [0, 0, 3], [255, 0, 0]]], np.uint8)

    for pixels in (grey, colour):
        assert_array_equal(read_mask(saved(tmp_path, pixels)), [[False, True, True]])


def test_a_jpeg_mask_is_cut_at_half_scale(tmp_path):
    pixels = np.zeros((32, 32), np.uint8)
    pixels[10:20, 10:21] = 255
    path = saved(tmp_path, pixels, "a.jpg", quality=50)

    assert (read_image(path) > 0).sum() > 110
    assert_array_equal(read_mask(path), pixels > 0)


def test_a_label_of_a_mask_is_a_value_or_a_palette_index(tmp_path):
    labels = Image.frombytes("P", (4, 1), bytes([0, 1, 2, 1]))
    labels.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    labels.save(tmp_path / "a.png")
    grey = saved(tmp_path, np.array([[0, 1, 2, 1]], np.uint8), "b.png")

    assert_array_equal(read_mask(tmp_path / "a.png", label=1), [[False, True, False, True]])
    assert_array_equal(read_mask(grey, label=2), [[False, False, True, False]])
    with pytest.raises(ImageError, match=r"without label 9 \(it holds 0, 1, 2\)"):
        read_mask(grey, label=9)


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_lossy_masks_hold_no_labels(tmp_path, suffix):
    labels = np.zeros((32, 32), np.uint8)
    labels[5:20, 6:25] = 255
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(labels).save(path, quality=60)
    stray = next(value for value in np.unique(read_image(path)) if value not in (0, 255))
    with pytest.raises(ImageError, match="holds no labels; save it anew"):
        read_mask(path, label=int(stray))
    assert read_mask(path).any()


def test_an_empty_or_coloured_mask_is_refused(tmp_path, rng):
    with pytest.raises(ImageError, match=r"black\.png' is black everywhere"):
        read_mask(saved(tmp_path, np.zeros((3, 3), np.uint8), "black.png"))
    with pytest.raises(ImageError, match="coloured mask, which holds no labels"):
        read_mask(saved(tmp_path, drawn(rng, 3)), label=1)


# --- real files -------------------------------------------------------------------------------


def test_every_odd_file_reads_or_says_why(real_data):
    refused = {}
    for path in sorted((real_data / "oddities").iterdir()):
        try:
            read_image(path)
        except ImageError as problem:
            refused[path.name] = str(problem)

    assert set(refused) == {
        "000000.ras", "multipage.tif", "no_time_for_that_tiny.gif", "truncated.jpg",
    }  # fmt: skip
    assert "24 frames" in refused["no_time_for_that_tiny.gif"]
    assert "pages" in refused["multipage.tif"]
    assert "truncated" in refused["truncated.jpg"]


def test_a_png_whose_exif_follows_its_pixels_is_turned(tmp_path, rng):
    stored, exif = drawn(rng), Image.Exif()
    exif[274] = 3
    whole = saved(tmp_path, stored).read_bytes()
    end = whole.index(b"IEND") - 4
    path = tmp_path / "turned.png"
    path.write_bytes(whole[:end] + chunk(b"eXIf", exif.tobytes()[6:]) + whole[end:])
    assert_array_equal(read_image(path), stored[::-1, ::-1])


def test_orientation_in_xmp_is_applied(tmp_path, rng):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="3"/></x:xmpmeta>'
    stored = drawn(rng)
    plain = read_image(saved(tmp_path, stored, "plain.jpg"))
    assert_array_equal(read_image(saved(tmp_path, stored, "a.jpg", xmp=xmp)), plain[::-1, ::-1])


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp"])
def test_threads_need_not_wait_for_each_other_to_decode(name, tmp_path, rng, monkeypatch):
    locked, load, exif = [], ImageFile.ImageFile.load, Image.Exif()
    exif[274] = 3

    def watched(image):
        locked.append(checks.quietly._lock.locked())
        return load(image)

    monkeypatch.setattr(ImageFile.ImageFile, "load", watched)
    for options in ({}, {"exif": exif}):
        read_image(saved(tmp_path, drawn(rng), name, **options))
    assert locked
    assert not any(locked)


def test_threads_share_the_block_without_warnings_and_the_filters_come_back():
    before, inside, done = warnings.filters[:], threading.Barrier(2, timeout=5), []

    def work():
        with checks.quietly:
            inside.wait()  # breaks unless both are in
            warnings.warn_explicit("odd metadata", UserWarning, "a.py", 1, module="PIL.Image")
            done.append(1)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(done) == 2
    assert warnings.filters == before
