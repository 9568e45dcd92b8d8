"""Picture files of known content, sound ones and such as Pillow would not write."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

SIDE = 48


def scene(channels: int = 0, *, seed: int = 0, top: int = 256) -> np.ndarray[Any, Any]:
    """Return waves and noise as integers below ``top``, (48, 48) or (48, 48, channels)."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:SIDE, :SIDE]
    waves = 0.5 + 0.3 * np.sin(rows / 5 + seed) * np.cos(cols / 7)
    shape = (SIDE, SIDE, channels) if channels else (SIDE, SIDE)
    field = (waves[:, :, None] if channels else waves) + rng.uniform(-0.15, 0.15, shape)
    kind = np.uint8 if top <= 256 else np.uint16 if top <= 65536 else np.uint32
    return (field * top).clip(0, top - 1).astype(kind)


def encoded(pixels: np.ndarray[Any, Any] | Image.Image, kind: str, **options: Any) -> bytes:
    """Return a picture as the bytes of a file that Pillow writes."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    stream = io.BytesIO()
    image.save(stream, format=kind, **options)
    return stream.getvalue()


def tiff(pixels: np.ndarray[Any, Any], **options: Any) -> bytes:
    """Return a TIFF of any dtype."""
    import tifffile

    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return stream.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return one chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, rows: bytes, *more: bytes, depth: int = 8, kind: int = 0) -> bytes:
    """Return a PNG by the specification: its header may promise what its rows do not hold."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + body + chunk(b"IEND", b"")


def flipped(content: bytes, place: int) -> bytes:
    """Return content with one byte turned over."""
    changed = bytearray(content)
    changed[place] ^= 0xFF
    return bytes(changed)


def dicom(pixels: np.ndarray[Any, Any], *, syntax: str | None = None, **tags: Any) -> bytes:
    """Return a small DICOM file of a patient; a tag given as None is left out.

    ``syntax`` may promise a compression that the pixels do not have.
    """
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.encaps import encapsulate
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    meta.TransferSyntaxUID = syntax or ExplicitVRLittleEndian
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    bits = 8 * pixels.itemsize
    known = {
        "SOPClassUID": SecondaryCaptureImageStorage, "SOPInstanceUID": "1.2.3.4",
        "PatientName": "Doe^Jane", "PatientID": "MRN-4711", "PatientBirthDate": "19700101",
        "Modality": "MR", "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2",
        "Rows": pixels.shape[-2], "Columns": pixels.shape[-1], "BitsAllocated": bits,
        "BitsStored": bits, "HighBit": bits - 1, "PixelRepresentation": 0,
        "PixelData": encapsulate([pixels.tobytes()]) if syntax else pixels.tobytes(),
    }  # fmt: skip
    for name, value in {**known, **tags}.items():
        if value is not None:
            setattr(data, name, value)
    if syntax:
        data["PixelData"].is_undefined_length = True
    stream = io.BytesIO()
    data.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def nifti(voxels: np.ndarray[Any, Any]) -> bytes:
    """Return an uncompressed NIfTI-1 file."""
    import nibabel

    return nibabel.Nifti1Image(voxels, np.eye(4)).to_bytes()
