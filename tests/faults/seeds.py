"""Fifty sound files a format, made by code, for the fuzz run to damage."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from tests.faults.encoding import dicom, encoded, nifti, scene, tiff

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT = 50


def _picture(k: int) -> np.ndarray[Any, Any]:
    """Return a small picture, grey or coloured, of a shape of its own."""
    channels = (0, 3, 4)[k % 3]
    return scene(channels, seed=k)[: 8 + 5 * (k % 7), : 9 + 4 * (k % 9)]


def _png(k: int) -> bytes:
    if k % 5 == 0:
        return encoded(scene(seed=k, top=65536), "PNG")
    if k % 5 == 1:
        image = Image.fromarray(_picture(3 * k)).quantize(4 + k)
        return encoded(image, "PNG", **({"transparency": 1} if k % 2 else {}))
    if k % 5 == 2:
        return encoded(Image.fromarray(scene(seed=k) > 127), "PNG")
    text = {"exif": _exif(k)} if k % 5 == 3 else {"dpi": (72, 72)}
    return encoded(_picture(k), "PNG", **text)


def _jpeg(k: int) -> bytes:
    image = Image.fromarray(_picture(k)).convert(("L", "RGB", "CMYK")[k % 3])
    return encoded(image, "JPEG", quality=30 + k, progressive=k % 2 == 0, exif=_exif(k))


def _exif(k: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 1 + k % 8
    return exif


def _tiff(k: int) -> bytes:
    dtypes = ("u1", "u2", "u4", "i2", "f4", "f8")
    if k % 3 == 0:
        image = Image.fromarray(_picture(k)).convert(("L", "RGB", "CMYK", "1", "P")[k % 5])
        names = ("raw", "tiff_lzw", "tiff_deflate", "packbits")
        packing = names[k % 4] if k % 5 != 3 else ("raw", "group4")[k % 2]
        return encoded(image, "TIFF", compression=packing)
    pixels = scene((0, 3)[k % 2], seed=k).astype(dtypes[k % 6])
    order = "<>"[k % 2]
    packing = (None, "zlib", "lzma")[k % 3] if k % 7 else None
    return tiff(
        pixels, byteorder=order, compression=packing, photometric=("minisblack", "rgb")[k % 2]
    )


def _bmp(k: int) -> bytes:
    return encoded(Image.fromarray(_picture(k)).convert(("1", "L", "P", "RGB")[k % 4]), "BMP")


def _webp(k: int) -> bytes:
    image = Image.fromarray(_picture(k)).convert("RGBA" if k % 2 else "RGB")
    if k % 5 == 4:
        return encoded(image, "WEBP", save_all=True, append_images=[image.rotate(90)])
    return encoded(image, "WEBP", lossless=k % 3 == 0, quality=50 + k)


def _gif(k: int) -> bytes:
    first = Image.fromarray(_picture(k)).convert("RGB")
    more = [first.rotate(90 * n) for n in range(k % 4)]
    return encoded(first, "GIF", save_all=True, append_images=more, interlace=k % 2)


def _dicom(k: int) -> bytes:
    pixels = scene(seed=k, top=(256, 4096)[k % 2])
    if k % 5 == 4:
        pixels = np.stack([pixels] * (1 + k % 3))
    frames = {"NumberOfFrames": len(pixels)} if pixels.ndim == 3 else {}
    return dicom(
        pixels, PhotometricInterpretation=f"MONOCHROME{1 + k % 2}", RescaleSlope=1 + k % 3,
        RescaleIntercept=-1024 * (k % 2), WindowCenter=100 + k, WindowWidth=300,
        PixelRepresentation=int(k % 7 == 0), **frames,
    )  # fmt: skip


def _nifti(k: int) -> bytes:
    dtypes = (np.uint8, np.int16, np.float32, np.uint16)
    planes = [scene(seed=k + n) for n in range(1 + k % 4)]
    return nifti(np.stack(planes, axis=2).astype(dtypes[k % 4]))


def _npy(k: int) -> bytes:
    dtypes = ("u1", "<u2", ">u2", "f4", "f8", "?", "i4")
    stream = io.BytesIO()
    pixels = scene((0, 3)[k % 2], seed=k) // (100 if k % 7 == 5 else 1)  # booleans of both kinds
    np.save(stream, pixels.astype(dtypes[k % 7]))
    return stream.getvalue()


def _npz(k: int) -> bytes:
    """Return MedMNIST's form: images and labels of three parts."""
    rng = np.random.default_rng(k)
    arrays = {}
    for part, count in (("train", 6), ("val", 2), ("test", 4)):
        shape = (count, 12, 12, 3) if k % 2 else (count, 12, 12)
        arrays[f"{part}_images"] = rng.integers(0, 256, shape, dtype=np.uint8)
        arrays[f"{part}_labels"] = rng.integers(0, 2 + k % 3, (count, 1), dtype=np.uint8)
    stream = io.BytesIO()
    (np.savez_compressed if k % 3 else np.savez)(stream, **arrays)
    return stream.getvalue()


def _manifest(k: int) -> bytes:
    heads = (
        "path,label", "path,label,group,split", "id,path,label,age", "path;label", "path,a,b,note",
    )  # fmt: skip
    head = heads[k % len(heads)]
    line = {"path": "0.png", "split": "train", "age": "33", "a": "1", "b": ""}
    names = head.replace(";", ",").split(",")
    rows = [
        (";" if ";" in head else ",").join(
            f"{n}.png" if name == "path" and n < 3 else line.get(name, f"{name}{k}{n % 2}")
            for name in names
        )
        for n in range(3 + k % 5)
    ]
    text = "\n".join([head, *rows, ""])
    return text.replace("\n", "\r\n" if k % 3 else "\n").encode(
        "utf-8-sig" if k % 4 == 0 else "utf-8"
    )


#: How the seed ``k`` of each format is made, and what its files are called.
FORMATS: dict[str, tuple[Callable[[int], bytes], str]] = {
    "png": (_png, ".png"),
    "jpeg": (_jpeg, ".jpg"),
    "tiff": (_tiff, ".tif"),
    "bmp": (_bmp, ".bmp"),
    "webp": (_webp, ".webp"),
    "gif": (_gif, ".gif"),
    "dicom": (_dicom, ".dcm"),
    "nifti": (_nifti, ".nii"),
    "npy": (_npy, ".npy"),
    "npz": (_npz, ".npz"),
    "manifest": (_manifest, ".csv"),
}


def seeds(name: str) -> list[bytes]:
    """Return the sound files of a format."""
    return [FORMATS[name][0](k) for k in range(COUNT)]
