"""Text and bytes."""

from __future__ import annotations

from array import array
from itertools import accumulate, pairwise
from typing import Any

from ..column import Column
from ..schema import DataType
from .base import Layout, column, filled, octets, place, types_of, view


class Bytes(Layout):
    """Bytes of any length, with offsets of 32 bits (``i``) or 64 (``q``)."""

    own = 2

    def __init__(self, code: str) -> None:
        self.code = code

    def cells(self, column: Column, raw: bool) -> list[Any]:
        data = bytes(column.buffers[1])
        return place(column, [data[start:end] for start, end in pairwise(self.offsets(column))])

    def build(self, data_type: DataType, cells: list[Any]) -> Column:
        if types_of(cells) - {bytes, bytearray, memoryview}:
            raise TypeError("bytes are wanted")
        return self.joined(data_type, cells, filled(cells, b""))

    def offsets(self, column: Column) -> list[int]:
        """Where each value starts, and the last one ends. A column of nothing may have none."""
        if not len(column):
            return []
        return view(column.buffers[0], self.code, len(column) + 1).tolist()

    def joined(self, data_type: DataType, cells: list[Any], parts: list[Any]) -> Column:
        """A column of parts that are bytes."""
        lengths = (memoryview(part).nbytes for part in parts)
        offsets = array(self.code, accumulate(lengths, initial=0))
        return column(data_type, cells, [octets(offsets), b"".join(parts)])


class Text(Bytes):
    """UTF-8."""

    def cells(self, column: Column, raw: bool) -> list[Any]:
        data = bytes(column.buffers[1])
        offsets = pairwise(self.offsets(column))
        if data.isascii():
            # Offsets of bytes are those of characters: one decoding for all.
            text = data.decode("ascii")
            return place(column, [text[start:end] for start, end in offsets])
        return place(column, [data[start:end].decode() for start, end in offsets])

    def build(self, data_type: DataType, cells: list[Any]) -> Column:
        parts = filled(cells, "")
        # Fails for what is no text.
        text = "".join(parts)
        if text.isascii():
            offsets = array(self.code, accumulate(map(len, parts), initial=0))
            return column(data_type, cells, [octets(offsets), text.encode("ascii")])
        return self.joined(data_type, cells, [part.encode() for part in parts])


class FixedBytes(Layout):
    """As many bytes in each."""

    def __init__(self, size: int) -> None:
        self.size = size

    def cells(self, column: Column, raw: bool) -> list[Any]:
        data, size = bytes(column.buffers[0]), self.size
        starts = range(0, len(column) * size, size) if size else [0] * len(column)
        return place(column, [data[start : start + size] for start in starts])

    def build(self, data_type: DataType, cells: list[Any]) -> Column:
        if types_of(cells) - {bytes, bytearray, memoryview}:
            raise TypeError("bytes are wanted")
        parts = filled(cells, bytes(self.size))
        for part in parts:
            if len(part) != self.size:
                raise ValueError(f"it has {len(part)} bytes")
        return column(data_type, cells, [b"".join(parts)])
