"""DICOM through pydicom: modality values, window, colour; no element's value leaves this module.

Messages name elements, never their values: these may be about a patient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.decoding.checks import quietly, shown
from texturekit.decoding.codestream import stated_size
from texturekit.decoding.dicom_header import (
    GREY,
    Scan,
    Value,
    read_scan,
    real_number,
    syntax_name,
    tag_name,
    value_of,
)
from texturekit.decoding.frames import Frames, Layout
from texturekit.decoding.modality import rescaled
from texturekit.decoding.picture import Header, Picture
from texturekit.errors import ImageError

if TYPE_CHECKING:
    import os
    from typing import BinaryIO

    from numpy.typing import NDArray

    Path = str | os.PathLike[str]


def pixels(stream: BinaryIO, path: Path, frames: Frames, *, labels: bool) -> Picture:
    """Decode one frame: modality values of grey, RGB of colours; see `texturekit.read_image`."""
    with quietly:
        scan = read_scan(stream, path)
        place = Layout({"frame": scan.frames}).place(frames, path)
        stored = _decoded(stream, scan, place.index)
        traits = _traits(scan)
        if scan.kind in GREY:
            return _grey(scan, stored, place.index, traits, labels=labels)
        if scan.kind == "PALETTE COLOR":
            return Picture(stored if labels else _coloured(scan, stored), "DICOM", traits=traits)
    return Picture(stored, "DICOM", traits=traits)


def header(stream: BinaryIO, path: Path, frames: Frames) -> Header:
    """Return size and depth; the mode is Pillow's name, or dtype and channels."""
    with quietly:
        scan = read_scan(stream, path)
    colours = scan.kind not in GREY
    sign = "int" if scan.signed else "uint"
    mode = {(1, False): "1", (8, False): "L", (8, True): "RGB", (16, False): "I;16"}.get(
        (scan.bits, colours), f"{sign}{scan.bits}x{3 if colours else 1}"
    )
    mode = f"int{scan.bits}x1" if scan.signed else mode
    return Header(scan.columns, scan.rows, mode, scan.stored, "DICOM")


def layout(stream: BinaryIO, path: Path) -> Layout:
    """Return how many frames there are."""
    with quietly:
        return Layout({"frame": read_scan(stream, path).frames})


def _traits(scan: Scan) -> frozenset[str]:
    burned = str(value_of(scan.data, "BurnedInAnnotation", scan.path) or "").strip().upper()
    return frozenset({"burned_in"} if burned == "YES" else ())


def _decoded(stream: BinaryIO, scan: Scan, index: int) -> NDArray[Any]:
    from pydicom import dcmread
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.pixels.utils import as_pixel_options, pixel_array

    path, syntax = scan.path, syntax_name(scan)
    advice = "convert it to an uncompressed one first, with gdcmconv --raw or dcmdjpeg for instance"
    uid = scan.data.file_meta.TransferSyntaxUID
    try:
        available = get_decoder(uid).is_available
    except NotImplementedError:
        available = False
    if not available:
        raise ImageError(
            f"{shown(path)} is stored as {syntax}, for which no decoder with a permissive licence "
            f"is installed; {advice}."
        )
    try:
        if scan.value is None:  # inflated pixels are nowhere in the file
            stream.seek(0)
            found: NDArray[Any] = pixel_array(dcmread(stream), index=index)
        else:
            check = _check_codestream if uid.is_encapsulated else _check_length
            check(stream, scan, scan.value, index)
            stream.seek(scan.value.start)
            options = as_pixel_options(
                scan.data, number_of_frames=scan.frames, transfer_syntax_uid=uid,
                pixel_keyword=scan.value.keyword, pixel_vr=scan.value.vr,
            )  # fmt: skip
            found = get_decoder(uid).as_array(stream, index=index, **options)[0]
    except (ImageError, MemoryError):
        raise
    except BaseException as error:  # its text may hold what the file says
        # A decoder written in Rust panics on damaged data with an exception of no other kind.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        found = np.zeros(0)
    if found.size == 0:
        raise ImageError(
            f"{shown(path)}: (7FE0,0010) PixelData, stored as {syntax}, cannot be decoded: it is "
            f"damaged, or of a kind that no decoder here reads; copy it again, or {advice}."
        )
    return found


def _check_length(stream: BinaryIO, scan: Scan, value: Value, index: int) -> None:
    """Refuse pixels that end before the frame does."""
    samples = 2 if scan.kind == "YBR_FULL_422" else scan.samples
    bits = scan.rows * scan.columns * samples * scan.bits * (index + 1)
    held = stream.seek(0, 2) - value.start
    if held * 8 < bits:
        raise ImageError(
            f"{shown(scan.path)} is truncated: (7FE0,0010) PixelData has {held} bytes of "
            f"{(bits + 7) // 8}; copy it again."
        )


def _check_codestream(stream: BinaryIO, scan: Scan, value: Value, index: int) -> None:
    """Refuse a compressed frame that states another size than the header does."""
    from pydicom.encaps import get_frame

    stream.seek(value.start)
    frame = get_frame(stream, index, number_of_frames=scan.frames)
    stated = stated_size(frame)
    if stated is not None and stated != (scan.columns, scan.rows):
        raise ImageError(
            f"{shown(scan.path)} is damaged: its compressed picture is {stated[0]}x{stated[1]} "
            f"pixels, but its header says {scan.columns}x{scan.rows}; copy it again."
        )


def _grey(
    scan: Scan, stored: NDArray[Any], index: int, traits: frozenset[str], *, labels: bool
) -> Picture:
    if scan.bits == 1:
        return Picture(stored if labels else stored * np.uint8(255), "DICOM", traits=traits)
    values, ends = _modality(scan, stored, index)
    window = _window(scan, index)
    if scan.kind == "MONOCHROME1":  # the least stored number is white: turned round where it stands
        total = ends[0] + ends[1]
        values = (np.array(total).astype(values.dtype) - values).astype(values.dtype)
        window = None if window is None else (total - window[1], total - window[0])
    span = (float(min(ends)), float(max(ends)))
    return Picture(values, "DICOM", window, traits, None if stored.dtype.kind == "f" else span)


def _modality(scan: Scan, stored: NDArray[Any], index: int) -> tuple[NDArray[Any], list[Any]]:
    """Return modality values, and those of the lowest and highest number that can be stored."""
    path = scan.path
    if stored.dtype.kind == "f":
        return stored, [float(stored.min()), float(stored.max())]
    low, high = scan.ends
    if stored.min() < low or stored.max() > high:
        raise ImageError(
            f"{shown(path)} is damaged: its pixels exceed (0028,0101) BitsStored; copy it again."
        )
    if value_of(scan.data, "ModalityLUTSequence", path) is not None:
        return _looked_up(scan, stored)
    group = _functional(scan, index, "PixelValueTransformationSequence") or scan.data
    numbers = []
    for keyword, default in (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0)):
        value = value_of(group, keyword, path)
        number = default if value is None else real_number(value)
        if number is None or (keyword == "RescaleSlope" and number == 0):
            raise ImageError(
                f"{shown(path)} is a damaged DICOM file: {tag_name(keyword)} is no usable number; "
                "mend or leave it out."
            )
        numbers.append(number)
    slope, intercept = numbers
    ends = rescaled(np.array([low, high], np.int64), slope, intercept, low, high)
    return rescaled(stored, slope, intercept, low, high), list(ends.tolist())


def _looked_up(scan: Scan, stored: NDArray[Any]) -> tuple[NDArray[Any], list[Any]]:
    from pydicom.pixels.processing import apply_modality_lut

    problem = False
    try:
        values = apply_modality_lut(stored, scan.data)
        bits = int(scan.data.ModalityLUTSequence[0].LUTDescriptor[2])
    except MemoryError:  # no fault of the file
        raise
    except Exception:  # not chained: its text may hold values of elements
        problem = True
    if problem:
        raise ImageError(
            f"{shown(scan.path)} is damaged: {tag_name('ModalityLUTSequence')} cannot be applied."
        )
    return values, [0, 2**bits - 1]


def _functional(scan: Scan, index: int, keyword: str) -> Any:
    """Return a functional group of an enhanced multi-frame object: the frame's, else the shared."""
    places = (("PerFrameFunctionalGroupsSequence", index), ("SharedFunctionalGroupsSequence", 0))
    for sequence, place in places:
        groups = value_of(scan.data, sequence, scan.path)
        if groups is None or place >= len(groups):
            continue
        found = value_of(groups[place], keyword, scan.path)
        if found is not None and len(found):
            return found[0]
    return None


def _window(scan: Scan, index: int) -> tuple[float, float] | None:
    """Return the first linear window, as the values that become black and white.

    DICOM PS3.3 C.11.2.1.2: ``LINEAR`` goes from c - 0.5 - (w - 1) / 2 to c - 0.5 + (w - 1) / 2,
    ``LINEAR_EXACT`` from c - w / 2 to c + w / 2. A sigmoid or a table is no window here.
    """
    group = _functional(scan, index, "FrameVOILUTSequence") or scan.data
    ends = [_first(value_of(group, name, scan.path)) for name in ("WindowCenter", "WindowWidth")]
    centre, width = (None if end is None else real_number(end) for end in ends)
    rule = str(value_of(group, "VOILUTFunction", scan.path) or "LINEAR").strip().upper()
    if centre is None or width is None:
        return None
    if rule == "LINEAR" and width >= 1:
        return centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    if rule == "LINEAR_EXACT" and width > 0:
        return centre - width / 2, centre + width / 2
    return None


def _first(value: Any) -> Any:
    several = hasattr(value, "__len__") and not isinstance(value, (str, bytes))
    return (value[0] if len(value) else None) if several else value


def _coloured(scan: Scan, stored: NDArray[Any]) -> NDArray[Any]:
    from pydicom.pixels.processing import apply_color_lut

    problem = False
    try:
        colours: NDArray[Any] = apply_color_lut(stored, scan.data)
    except MemoryError:  # no fault of the file
        raise
    except Exception:  # not chained: its text may hold values of elements
        problem = True
    if problem:
        raise ImageError(f"{shown(scan.path)} is damaged: its colour palette cannot be applied.")
    return colours[:, :, :3]
