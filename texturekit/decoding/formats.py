"""The table of what is read how: decoders, documentation and help are made from it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from texturekit.decoding.checks import regular_file
from texturekit.errors import ImageError


@dataclass(frozen=True)
class Format:
    """How files of one kind are read.

    Attributes
    ----------
    name, suffixes : str, tuple of str
        What it is called; suffixes that a folder's files are known by.
    told_by, dtype, several, colour, mask : str
        For the documentation: the content that tells it, the dtype that comes out, files with
        several pictures, what becomes of colour, what a file is as a mask.
    decoder : str
        Module in this package.
    extra : str or None
        The optional dependency that it needs.
    """

    name: str
    suffixes: tuple[str, ...]
    told_by: str
    dtype: str
    several: str
    colour: str
    mask: str
    decoder: str = "pictures"
    extra: str | None = None


FORMATS = (
    Format("PNG", (".png",), "signature", "uint8, uint16", "animation: frames rule",
           "RGB; palette resolved, alpha over black",
           "not black; label = grey value or palette index"),
    Format("JPEG", (".jpg", ".jpeg"), "signature", "uint8", "first of an MPO",
           "RGB; CMYK and YCbCr become RGB", "above 127"),
    Format("TIFF", (".tif", ".tiff"), "signature", "as stored: integer or float, 8 to 64 bits",
           "pages: frames rule", "RGB; CMYK, palette and alpha as above", "not 0; label = value"),
    Format("BMP", (".bmp",), "signature", "uint8", "-", "RGB; palette resolved",
           "not black; label = grey value or palette index"),
    Format("WebP", (".webp",), "signature", "uint8", "animation: frames rule",
           "RGB; alpha over black", "not black"),
    Format("GIF", (".gif",), "signature", "uint8", "animation: frames rule",
           "RGB; transparency over black", "not black"),
    Format("DICOM", (".dcm", ".dicom", ".ima"), "DICM after 128 bytes",
           "modality value: integer if slope and intercept are whole, else float64",
           "frames rule", "RGB; palette, YBR become RGB; MONOCHROME1 inverted",
           "not 0; label = value; 1-bit segmentations", "dicom", "dicom"),
    Format("NIfTI", (".nii", ".nii.gz"), "n+1 or n+2 in the header",
           "as stored; scaled: integer if slope and intercept are whole, else float64",
           "slices: frames rule with a direction", "grey only",
           "not 0; label = value", "nifti", "dicom"),
    Format("NumPy", (".npy",), "signature", "as stored; float16 becomes float32",
           "(N, H, W), (N, H, W, 3): frames rule", "(H, W, 3)", "not 0; label = value; bool",
           "arrays"),
)  # fmt: skip
#: A set of images with labels: a source of its own, not a picture.
NPZ = Format(
    "MedMNIST", (".npz",), "arrays {train,val,test}_images", "uint8", "each is an image",
    "(N, H, W, 3)", "-",
)  # fmt: skip

SUFFIXES = frozenset(suffix for one in FORMATS for suffix in one.suffixes)
HEADINGS = ("format", "files", "told by", "pixels", "several", "colour", "mask", "needs")

_BY_SUFFIX = {suffix: one for one in FORMATS for suffix in one.suffixes}
_OWN = {one.name.upper(): one.suffixes for one in FORMATS}
_START = 132
#: Other formats by their first bytes, and what to do about them.
_FOREIGN = {
    b"%PDF": "a PDF",
    b"%!PS": "a PostScript file",
    b"8BPS": "a Photoshop file",
    b"\x59\xa6\x6a\x95": "a Sun raster file",
    b"NRRD": "an NRRD volume",
    b"\0\0\0\x01\0\0": "an MGH volume",
    b"ObjectType": "a MetaImage header",
    b"\x89HDF": "an HDF5 file, such as MINC or MATLAB 7.3",
    b"MATLAB": "a MATLAB file",
    b"PK\x03\x04": "a ZIP archive or .npz file",
    b"\x1f\x8b": "a gzip file",
    b"\0\0\0\x0cjP": "a JPEG 2000 file",
    b"<": "text such as HTML",
}
#: Volumes and pictures that people have, by suffix, that have to be converted first.
CONVERT = {
    ".mgz": "mri_convert a.mgz a.nii.gz",
    ".mgh": "mri_convert a.mgh a.nii.gz",
    ".nrrd": "save it as .nii.gz, with 3D Slicer or SimpleITK",
    ".nhdr": "save it as .nii.gz, with 3D Slicer or SimpleITK",
    ".mha": "save it as .nii.gz, with 3D Slicer or SimpleITK",
    ".mhd": "save it as .nii.gz, with 3D Slicer or SimpleITK",
    ".mnc": "mnc2nii a.mnc a.nii",
    ".img": "save the pair .hdr and .img as one .nii file",
    ".hdr": "save the pair .hdr and .img as one .nii file",
    ".jp2": "save it as PNG or TIFF",
    ".j2k": "save it as PNG or TIFF",
    ".svs": "cut it into tiles, and save these as PNG or TIFF",
    ".ndpi": "cut it into tiles, and save these as PNG or TIFF",
    ".czi": "save it as TIFF",
    ".mat": "save its image as .npy, or texturekit data prepare",
}


def split_name(name: str) -> tuple[str, str]:
    """Return stem and suffix, lower case, of a file's name; ``.nii.gz`` is one suffix.

    A suffix that says nothing of a format, such as the end of ``1.2.840.10008``, belongs to the
    stem.

    Examples
    --------
    >>> split_name("a.b.nii.gz"), split_name("1.2.840"), split_name("Scan.PNG")
    (('a.b', '.nii.gz'), ('1.2.840', ''), ('Scan', '.png'))
    """
    name = name.rstrip(" .")  # which copies of files may end with
    lower = name.lower()
    if lower.endswith(".nii.gz"):
        return name[:-7], ".nii.gz"
    stem, dot, end = name.rpartition(".")
    if not dot or not stem or end.isdigit() or not end.isalnum():
        return name, ""
    return stem, f".{end.lower()}"


def is_image_file(path: str | os.PathLike[str]) -> bool:
    """Tell by its name whether a file is an image; without a suffix, by DICOM's first bytes."""
    suffix = split_name(os.path.basename(os.fspath(path)))[1]  # noqa: PTH119 - a name, not a path
    if suffix:
        return suffix in SUFFIXES
    try:
        with regular_file(path) as file:
            return file.read(_START)[128:] == b"DICM"
    except (ImageError, OSError):
        return False


def told(start: bytes) -> str:
    """Return the module that decodes a file with this beginning (512 bytes, or all of it)."""
    if start[128:132] == b"DICM":
        return "dicom"
    if start[:6] == b"\x93NUMPY":
        return "arrays"
    if start[:2] == b"\x1f\x8b":
        return "nifti" if is_nifti(_unpacked(start)) else "pictures"
    return "nifti" if is_nifti(start) else "pictures"


def is_nifti(start: bytes) -> bool:
    """Tell by the first bytes whether a file is NIfTI-1 or NIfTI-2, alone or half of a pair."""
    return start[344:348] in (b"n+1\0", b"ni1\0") or start[4:8] in (b"n+2\0", b"ni2\0")


def _unpacked(start: bytes) -> bytes:
    import zlib

    try:
        return zlib.decompressobj(31).decompress(start, 540)
    except zlib.error:
        return b""


def is_renamed(path: str | os.PathLike[str], kind: str) -> bool:
    """Tell whether a file's suffix says another format than its content does."""
    kind = "JPEG" if kind == "MPO" else kind.upper()
    if os.fspath(path).lower().endswith(_OWN.get(kind, ())):  # nearly always, and fast
        return False
    known = _BY_SUFFIX.get(split_name(os.path.basename(os.fspath(path)))[1])  # noqa: PTH119
    return known is not None and known.name.upper() != kind


def foreign(start: bytes, path: str | os.PathLike[str]) -> tuple[str, str]:
    """Say what a file that cannot be read is, if that is known, and what to do."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\v\f")
    what = next((f", but {kind}" for magic, kind in _FOREIGN.items() if text.startswith(magic)), "")
    suffix = split_name(os.path.basename(os.fspath(path)))[1]  # noqa: PTH119
    if suffix == "" and str(path).lower().endswith(".mgz"):
        suffix = ".mgz"
    if suffix in (".dcm", ".dicom", ".ima") and not what:
        what = ": it lacks DICOM's File Meta Information (DICM after 128 bytes)"
        return what, "write it anew as a DICOM file, with dcmconv for instance"
    if suffix in CONVERT:
        return what or f", but a {suffix} file", f"convert it: {CONVERT[suffix]}"
    return what, "give " + _listed([one.name for one in FORMATS])


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def rows() -> list[tuple[str, ...]]:
    """Return the table, one row a format, under `HEADINGS`."""
    return [
        (
            one.name,
            " ".join(one.suffixes),
            one.told_by,
            one.dtype,
            one.several,
            one.colour,
            one.mask,
            "-" if one.extra is None else f"texturekit[{one.extra}]",
        )
        for one in (*FORMATS, NPZ)
    ]


def markdown() -> str:
    """Return the table as it stands in ``docs/data.md``."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *rows()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
