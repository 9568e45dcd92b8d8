"""What size a JPEG or JPEG 2000 code stream states, before it is decoded."""

from __future__ import annotations

_J2K = b"\xff\x4f\xff\x51"
_SOF = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}


def stated_size(frame: bytes) -> tuple[int, int] | None:
    """Return width and height by the stream's own header, None where it states none.

    References
    ----------
    ITU-T T.800 (JPEG 2000), A.5.1: SIZ. ITU-T T.81 (JPEG), B.2.2: SOF.

    Examples
    --------
    >>> stated_size(bytes.fromhex("ffd8" "ffc0000b08" "0010" "0020" "01"))
    (32, 16)
    """
    start = frame.find(_J2K, 0, 4096)
    if start >= 0 and len(frame) >= start + 24:
        right, bottom, left, top = (
            int.from_bytes(frame[start + at : start + at + 4], "big") for at in (8, 12, 16, 20)
        )
        return right - left, bottom - top
    if frame[:2] != b"\xff\xd8":
        return None
    place = 2
    while place + 9 <= len(frame) and frame[place] == 0xFF:
        marker = frame[place + 1]
        if marker in _SOF:
            height, width = frame[place + 5 : place + 7], frame[place + 7 : place + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        place += 2 + max(int.from_bytes(frame[place + 2 : place + 4], "big"), 2)
    return None
