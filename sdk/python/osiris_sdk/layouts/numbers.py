"""Nulls, booleans, integers and floats."""

from __future__ import annotations

import math
import struct
from array import array
from typing import Any

from .. import bits
from ..column import Column
from ..schema import DataType
from .base import Layout, column, filled, octets, place, types_of, view


class Null(Layout):
    """Nothing but missing values: no buffer at all."""

    own = 0
    has_validity = False

    def cells(self, column: Column, raw: bool) -> list[Any]:
        return [None] * len(column)

    def build(self, data_type: DataType, cells: list[Any]) -> Column:
        if types_of(cells):
            raise TypeError("only None is")
        return Column(data_type, len(cells), len(cells), b"", [])


class Bool(Layout):
    """A bit for each."""

    def cells(self, column: Column, raw: bool) -> list[Any]:
        return place(column, list(map(bool, bits.unpack(column.buffers[0], len(column)))))

    def build(self, data_type: DataType, cells: list[Any]) -> Column:
        if types_of(cells) - {bool}:
            raise TypeError("a bool is wanted")
        return column(data_type, cells, [bits.pack(filled(cells, False))])


class Integer(Layout):
    """Integers of one of the widths of ``array``."""

    def __init__(self, code: str) -> None:
        self.code = code

    def values(self, column: Column) -> memoryview:
        return view(column.buffers[0], self.code, len(column))

    def cells(self, column: Column, raw: bool) -> list[Any]:
        return place(column, self.values(column).tolist())

    def build(self, data_type: DataType, cells: list[Any]) -> Column:
        if bool in types_of(cells):
            raise TypeError("a bool is no integer here; say int(...)")
        return column(data_type, cells, [octets(array(self.code, filled(cells, 0)))])


class Float(Layout):
    """Floats of 32 or 64 bits."""

    def __init__(self, code: str) -> None:
        self.code = code

    def values(self, column: Column) -> memoryview:
        return view(column.buffers[0], self.code, len(column))

    def cells(self, column: Column, raw: bool) -> list[Any]:
        return place(column, self.values(column).tolist())

    def build(self, data_type: DataType, cells: list[Any]) -> Column:
        numbers = array(self.code, check_floats(filled(cells, 0.0)))
        # C makes infinity of what is too large for 32 bits.
        if self.code == "f" and (math.inf in numbers or -math.inf in numbers):
            struct.pack(f"<{len(numbers)}f", *filled(cells, 0.0))
        return column(data_type, cells, [octets(numbers)])


class Half(Layout):
    """Floats of 16 bits, which ``array`` does not have."""

    def cells(self, column: Column, raw: bool) -> list[Any]:
        size = 2 * len(column)
        return place(column, list(struct.unpack(f"<{len(column)}e", column.buffers[0][:size])))

    def build(self, data_type: DataType, cells: list[Any]) -> Column:
        numbers = check_floats(filled(cells, 0.0))
        return column(data_type, cells, [struct.pack(f"<{len(numbers)}e", *numbers)])


def check_floats(cells: list[Any]) -> list[Any]:
    """Lets integers pass that are the same as a float."""
    found = types_of(cells)
    if bool in found:
        raise TypeError("a bool is no float; say float(...)")
    if int in found:
        for cell in cells:
            if type(cell) is int and int(float(cell)) != cell:
                raise ValueError("no float is exactly this integer")
    return cells
