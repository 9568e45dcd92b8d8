"""Every faulty file of the decode group: how it is made, and what has to become of it.

The verdicts: S, the row is skipped with a reason that is matched here; H, the file is read, and
its pixels are those of ``looks`` (``within`` so many grey levels). The numbers are those by which
the catalogue of faults knows each case. Nothing here is a file: all content is made when asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from tests.faults.encoding import (
    SIDE,
    chunk,
    dicom,
    encoded,
    flipped,
    png,
    scene,
    tiff,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Pixels = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Fault:
    """One faulty file.

    Attributes
    ----------
    number : str
        In the catalogue of faults.
    name : str
        Of the file, unique.
    content : callable
        Returns its bytes.
    reason : str
        Regular expression that the row's error has to match; empty for files that are read.
    looks : callable, optional
        Returns the pixels of a file that is read.
    within : float
        Largest difference in grey levels.
    """

    number: str
    name: str
    content: Callable[[], bytes]
    reason: str = ""
    looks: Callable[[], Pixels] | None = None
    within: float = 0

    def __str__(self) -> str:
        return f"{self.number}-{self.name}"


def _jpeg(pixels: Pixels) -> bytes:
    return encoded(pixels, "JPEG", quality=90)


def _png() -> bytes:
    return encoded(scene(), "PNG")


def _half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _inked() -> bytes:
    return encoded(Image.fromarray(scene(3)).convert("CMYK"), "JPEG", quality=100, subsampling=0)


def _palette() -> Image.Image:
    colours = Image.new("P", (SIDE, SIDE))
    colours.putpalette([v for i in range(16) for v in (255 - 16 * i, 3 * i, 100)])
    colours.putdata((scene() // 16).ravel().tolist())
    return colours


def _palette_colours() -> Pixels:
    i = (scene() // 16).astype(int)
    return np.stack([255 - 16 * i, 3 * i, np.full_like(i, 100)], axis=2).astype(np.uint8)


def _without_sixth(colours: Pixels) -> Pixels:
    return np.where(scene()[:, :, None] // 16 == 6, 0, colours).astype(np.uint8)


def _see_through() -> Pixels:
    alpha = np.repeat(np.where(np.arange(SIDE)[:, None] < 9, 0, 255), SIDE, axis=1)
    return np.dstack([scene(3), alpha]).astype(np.uint8)


def _over_black(pixels: Pixels) -> Pixels:
    return np.where(np.arange(SIDE)[:, None, None] < 9, 0, pixels).astype(np.uint8)


def _sideways() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by a quarter to the right to see it upright
    return encoded(np.rot90(scene()), "PNG", exif=exif)


def _frames(kind: str) -> bytes:
    pages = [Image.fromarray(scene(seed=k)) for k in range(3)]
    return encoded(pages[0], kind, save_all=True, append_images=pages[1:])


def _not_finite(value: float) -> Pixels:
    pixels = scene().astype(np.float32)
    pixels[3, :7] = value
    return pixels


def _bomb(side: int) -> Callable[[], bytes]:
    return lambda: png(side, side, b"\0" * 100)


def _text_bomb() -> bytes:
    import zlib

    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 80_000_000, 9))
    rows = b"".join(b"\0" + row.tobytes() for row in scene())
    return png(SIDE, SIDE, rows, text)


def _deep() -> Pixels:
    return (scene(top=65536) // 5 * 4).clip(0, 51_000)


def _unit() -> Pixels:
    return (scene() / 255).astype(np.float32)


def _hounsfield() -> Pixels:
    return (scene(top=4001).astype(np.float32) - 1000).astype(np.float32)


def _flat() -> Pixels:
    return np.full((SIDE, SIDE), 7, np.uint8)


def _scan(**tags: Any) -> bytes:
    return dicom(scene(), **tags)


def _negative() -> Pixels:
    return 255 - scene()


def _modality() -> Pixels:
    return (2 * scene().astype(np.int16) - 1024).astype(np.int16)


def _stack() -> Pixels:
    return np.stack([scene(seed=k) for k in range(3)])


def _twelve() -> Pixels:
    return scene(top=4096)


DECODE = [
    Fault("F01", "empty.png", lambda: b"", r"empty file \(0 bytes\)"),
    Fault("F02", "half.jpg", lambda: _half(_jpeg(scene(3))), "truncated"),
    Fault("F04", "half.png", lambda: _half(_png()), "truncated|damaged"),
    Fault("F05", "flipped.png", lambda: flipped(_png(), 60), "damaged"),
    Fault("F06", "page.jpg", lambda: b"<!DOCTYPE html><p>404</p>", "not an image.*HTML"),
    Fault("F07", "content.jpg", _png, looks=scene),
    Fault("F09", "ink.jpg", _inked, looks=lambda: scene(3), within=2),
    Fault("F10", "deep.png", lambda: encoded(_deep(), "PNG"), looks=_deep),
    Fault("F11", "twelve.png", lambda: encoded(_twelve(), "PNG"), looks=_twelve),
    Fault("F12", "wide.tif", lambda: tiff(scene(top=2**32)), looks=lambda: scene(top=2**32)),
    Fault(
        "F14", "bits.png", lambda: encoded(Image.fromarray(scene() > 127), "PNG"),
        looks=lambda: np.where(scene() > 127, 255, 0).astype(np.uint8),
    ),
    Fault("F15", "palette.png", lambda: encoded(_palette(), "PNG"), looks=_palette_colours),
    Fault(
        "F16", "palette-clear.png", lambda: encoded(_palette(), "PNG", transparency=6),
        looks=lambda: _without_sixth(_palette_colours()),
    ),
    Fault(
        "F16", "opaque.png", lambda: encoded(np.dstack([scene(3), 0 * scene() + 255]), "PNG"),
        looks=lambda: scene(3),
    ),
    Fault(
        "F16", "clear.png", lambda: encoded(_see_through(), "PNG"),
        looks=lambda: _over_black(scene(3)),
    ),
    Fault(
        "F16", "grey-alpha.png", lambda: encoded(_see_through()[:, :, [0, 3]], "PNG"),
        looks=lambda: _over_black(scene(3))[:, :, 0],
    ),
    Fault("F17", "frames.gif", lambda: _frames("GIF"), "3 frames|gif"),
    Fault("F17", "pages.tif", lambda: _frames("TIFF"), "3 pages"),
    Fault("F18", "sideways.png", _sideways, looks=scene),
    Fault("F19", "nan.tif", lambda: tiff(_not_finite(np.nan)), "7 of 2304 pixels are not finite"),
    Fault("F20", "inf.tif", lambda: tiff(_not_finite(np.inf)), "7 of 2304 pixels are not finite"),
    Fault("F21", "unit.tif", lambda: tiff(_unit()), looks=_unit),
    Fault("F21", "hounsfield.tif", lambda: tiff(_hounsfield()), looks=_hounsfield),
    Fault("F22", "one.png", lambda: encoded(scene()[:1, :1], "PNG"), "1x1|1 x 1|1 pixel"),
    Fault("F24", "four.png", lambda: encoded(scene()[:4, :4], "PNG"), "4x4|4 x 4"),
    Fault("F25", "bomb.png", _bomb(100_000), "too many pixels"),
    Fault("F26", "large.png", _bomb(12_000), "12000x12000, 144 megapixels; the limit is 100"),
    Fault("F27", "endless.png", _bomb(2**31 - 1), "too many pixels"),
    Fault("F29", "flat.png", lambda: encoded(_flat(), "PNG"), looks=_flat),
    Fault("F30", "words.png", _text_bomb, "damaged|too large"),
    Fault(
        "F32", "mono1.dcm", lambda: _scan(PhotometricInterpretation="MONOCHROME1"),
        looks=_negative,
    ),
    Fault(
        "F32", "slope.dcm", lambda: _scan(RescaleSlope=2, RescaleIntercept=-1024),
        looks=_modality,
    ),
    Fault("F32", "empty.dcm", lambda: _scan(PixelData=None), "PixelData"),
    Fault("F32", "half.dcm", lambda: _half(_scan()), "truncated|damaged"),
    Fault("F32", "frames.dcm", lambda: dicom(_stack(), NumberOfFrames=3), "3 frames"),
    Fault("F32", "vr.dcm", lambda: _scan().replace(b"US\x02\0", b"ZZ\x02\0"), "damaged|cannot"),
    Fault("F32", "mpeg.dcm", lambda: _scan(syntax="1.2.840.10008.1.2.4.100"), "MPEG|codec|decode"),
    Fault("F31", "svg.png", lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not an image"),
    Fault("F31", "eps.png", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n", "not an image.*PostScript"),
    Fault("F31", "pdf.png", lambda: b"%PDF-1.7\n1 0 obj", "not an image.*PDF"),
    Fault("F31", "psd.png", lambda: b"8BPS\0\1" + b"\0" * 20, "not an image.*Photoshop"),
]  # fmt: skip
