"""Bitmaps, the least significant bit first. Done in a few calls of C, whatever their length."""

from __future__ import annotations

from collections.abc import Iterable

_TO_TEXT = bytes.maketrans(b"\0\1", b"01")
_FROM_TEXT = bytes.maketrans(b"01", b"\0\1")


def pack(flags: Iterable[bool]) -> bytes:
    """A bit for each flag."""
    ones = bytes(flags)
    if not ones:
        return b""
    # A base that is a power of two is read in linear time, and without a limit on digits.
    number = int(ones.translate(_TO_TEXT)[::-1], 2)
    return number.to_bytes((len(ones) + 7) // 8, "little")


def unpack(bits: bytes | memoryview, length: int) -> bytes:
    """A byte for each of the first bits, 0 or 1."""
    used = bytes(bits[: (length + 7) // 8])
    if len(used) * 8 < length:
        raise ValueError(f"a bitmap has {len(used)} bytes for {length} values")
    # A one behind the last bit keeps the zeros before it.
    digits = bin(int.from_bytes(used, "little") | 1 << (len(used) * 8))
    return digits[:2:-1][:length].encode().translate(_FROM_TEXT)
