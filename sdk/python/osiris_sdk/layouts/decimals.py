"""Decimals: integers with a point in them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..column import Column
from ..schema import DataType
from .base import Layout, column, convert, types_of


class Decimals(Layout):
    """Integers of 4 to 32 bytes, of which ``scale`` digits are after the point."""

    def __init__(self, precision: int, scale: int, size: int) -> None:
        self.scale, self.size, self.limit = scale, size, 10**precision

    def cells(self, column: Column, raw: bool) -> list[Any]:
        data, size, exponent = bytes(column.buffers[0]), self.size, -self.scale

        def cell(start: int) -> Decimal:
            number = int.from_bytes(data[start : start + size], "little", signed=True)
            # The constructor is exact; arithmetic is not, beyond 28 digits.
            return Decimal(f"{number}E{exponent}")

        return convert(column, range(0, len(column) * size, size), cell)

    def build(self, data_type: DataType, cells: list[Any]) -> Column:
        if types_of(cells) - {Decimal, int}:
            raise TypeError("a decimal.Decimal or an int is wanted")
        parts = (self.number(cell).to_bytes(self.size, "little", signed=True) for cell in cells)
        return column(data_type, cells, [b"".join(parts)])

    def number(self, cell: Decimal | int | None) -> int:
        """The integer without the point."""
        if cell is None:
            return 0
        sign, digits, exponent = Decimal(cell).as_tuple()
        if not isinstance(exponent, int):
            raise ValueError("it is no number")
        number, shift = int("".join(map(str, digits))), exponent + self.scale
        if number == 0:
            return 0
        if shift > len(str(self.limit)):
            raise ValueError("it has too many digits")
        if -shift > len(digits):
            raise ValueError(f"it has more than {self.scale} digits after the point")
        whole, rest = divmod(number * 10 ** max(shift, 0), 10 ** max(-shift, 0))
        if rest:
            raise ValueError(f"it has more than {self.scale} digits after the point")
        if whole >= self.limit:
            raise ValueError("it has too many digits")
        return -whole if sign else whole
