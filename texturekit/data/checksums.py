"""Tell whether a file is the one that was wanted."""

from __future__ import annotations

import hashlib
from typing import BinaryIO


def checksums(stream: BinaryIO) -> dict[str, str]:
    """Return md5 and sha256 of a file that is open for reading."""
    sums = {"md5": hashlib.md5(usedforsecurity=False), "sha256": hashlib.sha256()}
    stream.seek(0)
    while chunk := stream.read(1 << 20):
        for one in sums.values():
            one.update(chunk)
    return {name: one.hexdigest() for name, one in sums.items()}


def fault_of(
    got: int, sums: dict[str, str], size: int | None, md5: str | None, sha256: str | None
) -> str:
    """Say in what way a file is not the one that was wanted; nothing if it is.

    Examples
    --------
    >>> fault_of(3, {"md5": "ab", "sha256": "cd"}, 4, None, None)
    '3 bytes, not 4 as the card says'
    """
    if size is not None and got != size:
        return f"{got:,} bytes, not {size:,} as the card says"
    for name, wanted in (("md5", md5), ("sha256", sha256)):
        if wanted is not None and sums[name] != wanted:
            return f"{got:,} bytes with {name} {sums[name][:12]}..., not {wanted[:12]}... as wanted"
    return ""
