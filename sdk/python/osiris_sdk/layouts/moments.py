"""Dates, times and intervals: integers with a meaning."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from ..column import Column
from ..schema import DataType
from ..types import DayTime, MonthDayNano
from .base import Layout, column, convert, octets, place, types_of, view

_EPOCH = datetime(1970, 1, 1)
_UTC_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FIRST_DAY = _EPOCH.toordinal()
_DAY = 86_400
_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS = {"s": 1_000_000, "m": 1_000, "u": 1}


class Moments(Layout):
    """Integers that stand for something of ``datetime``."""

    def __init__(
        self, code: str, wanted: type, cell: Callable[[int], Any], number: Callable[[Any], int]
    ) -> None:
        self.code, self.wanted, self.cell, self.number = code, wanted, cell, number

    def values(self, column: Column) -> memoryview:
        return view(column.buffers[0], self.code, len(column))

    def cells(self, column: Column, raw: bool) -> list[Any]:
        numbers = self.values(column).tolist()
        if raw:
            return place(column, numbers)
        try:
            return convert(column, numbers, self.cell)
        except (ValueError, OverflowError) as error:
            raise ValueError(
                f"a {column.type} is beyond what Python's {self.wanted.__name__} holds: {error}; "
                "read the column with raw=True"
            ) from None

    def build(self, data_type: DataType, cells: list[Any]) -> Column:
        numbers = array(self.code, [self.integer(cell) for cell in cells])
        return column(data_type, cells, [octets(numbers)])

    def integer(self, cell: Any) -> int:
        """A cell in the type's unit."""
        if cell is None:
            return 0
        if type(cell) is int:
            return cell
        # A datetime is a date to Python, but it says more.
        if not isinstance(cell, self.wanted) or (self.wanted is date and isinstance(cell, datetime)):
            raise TypeError(f"a {self.wanted.__name__} or an int is wanted")
        return self.number(cell)


def exactly(microseconds: int, unit: int) -> int:
    """Microseconds in a larger unit."""
    number, rest = divmod(microseconds, unit)
    if rest:
        raise ValueError("the type's unit is too coarse for it")
    return number


def dates(code: str, per_day: int) -> Moments:
    """Days since 1970-01-01, counted in parts of a day."""

    def cell(number: int) -> date:
        days, rest = divmod(number, per_day)
        if rest:
            raise ValueError("it is no whole day")
        return date.fromordinal(days + _FIRST_DAY)

    return Moments(code, date, cell, lambda cell: (cell.toordinal() - _FIRST_DAY) * per_day)


def times(code: str, unit: str) -> Moments:
    """Time since midnight."""
    scale = _MICROSECONDS[unit]

    def cell(number: int) -> time:
        seconds, rest = divmod(number * scale, 1_000_000)
        if not 0 <= seconds < _DAY:
            raise ValueError("it is not within a day")
        return time(seconds // 3600, seconds // 60 % 60, seconds % 60, rest)

    def number(cell: time) -> int:
        if cell.tzinfo is not None:
            raise ValueError("a time of day has no zone here")
        seconds = (cell.hour * 60 + cell.minute) * 60 + cell.second
        return exactly(seconds * 1_000_000 + cell.microsecond, scale)

    return Moments(code, time, cell, number)


def timestamps(unit: str, zoned: bool) -> Moments:
    """Time since 1970."""
    scale, epoch = _MICROSECONDS[unit], _UTC_EPOCH if zoned else _EPOCH

    def cell(number: int) -> datetime:
        return epoch + timedelta(microseconds=number * scale)

    def number(cell: datetime) -> int:
        if (cell.utcoffset() is not None) != zoned:
            raise ValueError("it has no zone, the type has" if zoned else "the type has no zone")
        return exactly((cell - epoch) // _MICROSECOND, scale)

    return Moments("q", datetime, cell, number)


def durations(unit: str) -> Moments:
    """Time between."""
    scale = _MICROSECONDS[unit]
    return Moments(
        "q",
        timedelta,
        lambda number: timedelta(microseconds=number * scale),
        lambda cell: exactly(cell // _MICROSECOND, scale),
    )


class Intervals(Layout):
    """Several integers in one."""

    def __init__(self, made: type[DayTime] | type[MonthDayNano], shape: str) -> None:
        self.made, self.shape = made, struct.Struct(shape)

    def cells(self, column: Column, raw: bool) -> list[Any]:
        data = bytes(column.buffers[0])[: len(column) * self.shape.size]
        return place(column, [self.made(*parts) for parts in self.shape.iter_unpack(data)])

    def build(self, data_type: DataType, cells: list[Any]) -> Column:
        if types_of(cells) - {self.made}:
            raise TypeError(f"a {self.made.__name__} is wanted")
        zero, pack = bytes(self.shape.size), self.shape.pack
        try:
            data = b"".join(zero if cell is None else pack(*cell) for cell in cells)
        except struct.error as error:
            raise ValueError(str(error)) from None
        return column(data_type, cells, [data])
