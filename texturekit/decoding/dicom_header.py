"""The header of a DICOM file: what says how its pixels are stored, and where they are.

Messages name elements, never their values: these may be about a patient.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from texturekit.decoding.checks import check_size, needs_extra, shown
from texturekit.errors import ImageError, MissingExtraError

if TYPE_CHECKING:
    import os
    from typing import BinaryIO

    Path = str | os.PathLike[str]

GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOURS = (
    "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT",
)  # fmt: skip
#: All that is read of a header.
_WANTED = (
    "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows",
    "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "RescaleSlope",
    "RescaleIntercept", "ModalityLUTSequence", "WindowCenter", "WindowWidth", "VOILUTFunction",
    "BurnedInAnnotation", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
    "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData", "BluePaletteColorLookupTableData",
    "SegmentedRedPaletteColorLookupTableData", "SegmentedGreenPaletteColorLookupTableData",
    "SegmentedBluePaletteColorLookupTableData", "PaletteColorLookupTableUID",
    "ExtendedOffsetTable", "ExtendedOffsetTableLengths",
)  # fmt: skip
_DIRECTORY = "1.2.840.10008.1.3.10"
DEFLATED = "1.2.840.10008.1.2.1.99"
_MOST_BYTES = 1 << 30
_PIXELS = {
    0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData", 0x7FE00010: "PixelData",
}  # fmt: skip


@dataclass(frozen=True)
class Value:
    """Where the value of the pixels begins in the file, and what element it is."""

    start: int
    keyword: str
    vr: str


@dataclass(frozen=True)
class Scan:
    """The elements of a header that say how pixels are stored."""

    data: Any
    path: Path
    rows: int
    columns: int
    frames: int
    samples: int
    bits: int
    stored: int
    signed: bool
    kind: str
    value: Value | None

    @property
    def ends(self) -> tuple[int, int]:
        """The lowest and highest number that can be stored."""
        if self.signed:
            return -(2 ** (self.stored - 1)), 2 ** (self.stored - 1) - 1
        return 0, 2**self.stored - 1


def _pydicom(path: Path) -> Any:
    try:
        import pydicom
        import pydicom.pixels
    except ImportError:
        raise needs_extra(path, "a DICOM file", "pydicom") from None
    return pydicom


def tag_name(keyword: str) -> str:
    """Name an element as the standard does: ``(0028,0010) Rows``."""
    from pydicom.datadict import tag_for_keyword

    tag = tag_for_keyword(keyword) or 0
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X}) {keyword}"


def read_scan(stream: BinaryIO, path: Path) -> Scan:
    """Read a header.

    Raises
    ------
    ImageError
        If it is damaged, lacks what an image needs, or says that the picture is too large; it names
        the element.
    MissingExtraError
        If pydicom is not installed.
    """
    data, value = _dataset(stream, path)
    values = {
        name: _number(data, name, path, default)
        for name, default in (
            ("Rows", None), ("Columns", None), ("BitsAllocated", None), ("SamplesPerPixel", 1),
            ("PixelRepresentation", 0), ("NumberOfFrames", 1),
        )
    }  # fmt: skip
    bits = values["BitsAllocated"]
    kind = _photometric(data, path)
    scan = Scan(
        data,
        path,
        values["Rows"],
        values["Columns"],
        max(values["NumberOfFrames"], 1),
        values["SamplesPerPixel"],
        bits,
        _number(data, "BitsStored", path, bits),
        values["PixelRepresentation"] == 1,
        kind,
        value,
    )
    if scan.rows < 1 or scan.columns < 1 or not 0 < scan.stored <= scan.bits:
        names = "Rows, Columns, BitsAllocated or BitsStored"
        raise ImageError(f"{shown(path)} is a damaged DICOM file: {names} is out of range.")
    if _number(data, "HighBit", path, scan.stored - 1) != scan.stored - 1:
        raise ImageError(
            f"{shown(path)}: {tag_name('HighBit')} does not end at BitsStored, as old files do; "
            "write it anew, with dcmconv for instance."
        )
    check_size(path, scan.columns, scan.rows)
    return scan


def _dataset(stream: BinaryIO, path: Path) -> tuple[Any, Value | None]:
    """Read what is wanted of a header, and where the pixels are."""
    pydicom = _pydicom(path)
    value, problem = None, ""
    try:
        _refuse_inflation(stream, path)
        stream.seek(0)
        data = pydicom.dcmread(stream, stop_before_pixels=True, specific_tags=list(_WANTED))
        if str(data.file_meta.get("MediaStorageSOPClassUID", "")) == _DIRECTORY:
            raise ImageError(f"{shown(path)} is a DICOMDIR, an index without pixels; leave it out.")
        syntax = data.file_meta.get("TransferSyntaxUID")
        if syntax is not None:
            value = _pixel_value(stream, syntax)
    except (ImageError, MissingExtraError):
        raise
    except Exception as error:  # its text may hold what the file says of a patient
        problem = type(error).__name__
    if problem:
        raise ImageError(
            f"{shown(path)} is a damaged or truncated DICOM file ({problem} in its header); "
            "copy it again."
        )
    if syntax is None:
        raise ImageError(
            f"{shown(path)} is a damaged DICOM file: it lacks (0002,0010) TransferSyntaxUID; "
            "write it anew, with dcmconv for instance."
        )
    if value is None and str(syntax) != DEFLATED and "Rows" in data:
        raise ImageError(
            f"{shown(path)} is a DICOM file without (7FE0,0010) PixelData; leave it out, or copy "
            "it again."
        )
    return data, value


def _pixel_value(stream: BinaryIO, syntax: Any) -> Value | None:
    """Read tag, VR and length of the pixels, at which the reader stopped."""
    start = stream.read(8)
    order: Literal["little", "big"] = "little" if syntax.is_little_endian else "big"
    tag = int.from_bytes(start[:2], order) << 16 | int.from_bytes(start[2:4], order)
    if str(syntax) == DEFLATED or tag not in _PIXELS:
        return None
    if syntax.is_implicit_VR:
        return Value(stream.tell(), _PIXELS[tag], "OW")
    stream.read(4)  # behind two reserved bytes, the length of an explicit VR
    return Value(stream.tell(), _PIXELS[tag], "OB" if start[4:6] == b"OB" else "OW")


def _refuse_inflation(stream: BinaryIO, path: Path) -> None:
    """Refuse a deflated data set that would not fit into memory: pydicom inflates it whole."""
    stream.seek(0)
    if DEFLATED.encode() not in stream.read(1024):
        return
    from pydicom.filereader import _read_file_meta_info, read_preamble

    stream.seek(0)
    read_preamble(stream, False)
    if str(_read_file_meta_info(stream).get("TransferSyntaxUID", "")) == DEFLATED:
        unpacked = zlib.decompressobj(-zlib.MAX_WBITS)
        if len(unpacked.decompress(stream.read(), _MOST_BYTES)) >= _MOST_BYTES:
            raise ImageError(f"{shown(path)} inflates to more than 1 GiB; leave it out.")


def value_of(data: Any, keyword: str, path: Path) -> Any:
    """Return an element's value, None without it."""
    try:
        element = data.get(keyword)
        return None if element is None or element == "" else element
    except Exception:
        pass
    raise ImageError(
        f"{shown(path)} is a damaged DICOM file: {tag_name(keyword)} cannot be read; mend or "
        "leave it out."
    )


def _number(data: Any, keyword: str, path: Path, default: int | None) -> int:
    value = value_of(data, keyword, path)
    if value is None and default is not None:
        return default
    if value is None:
        raise ImageError(f"{shown(path)} is a DICOM file without {tag_name(keyword)}, so no image.")
    whole = real_number(value)
    if whole is None or not whole.is_integer():
        raise ImageError(
            f"{shown(path)} is a damaged DICOM file: {tag_name(keyword)} is no whole number; mend "
            "or leave it out."
        )
    return int(whole)


def real_number(value: Any) -> float | None:
    """Return a finite number, None where a value is none."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _photometric(data: Any, path: Path) -> str:
    kind = str(value_of(data, "PhotometricInterpretation", path) or "").strip()
    if not kind:
        tag = tag_name("PhotometricInterpretation")
        raise ImageError(f"{shown(path)} is a DICOM file without {tag}, so no image.")
    if kind not in (*GREY, *_COLOURS, "PALETTE COLOR"):
        tag = tag_name("PhotometricInterpretation")
        raise ImageError(
            f"{shown(path)}: {tag} is none of {', '.join(GREY)}, PALETTE COLOR, RGB and YBR; "
            "save it as grey or RGB."
        )
    return kind


def syntax_name(scan: Scan) -> str:
    """Name a transfer syntax that the standard knows; a private one is not repeated."""
    uid = scan.data.file_meta.TransferSyntaxUID
    return "a private transfer syntax" if uid.is_private or uid.name == str(uid) else str(uid.name)
