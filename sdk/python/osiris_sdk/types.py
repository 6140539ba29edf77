"""The types of values that tables hold, and the Python values of their cells.

==============================  ==================================================
type                            cell
==============================  ==================================================
``null``                        ``None``
``bool_``                       ``bool``
``int8`` ... ``uint64``         ``int``
``float16`` ... ``float64``     ``float``
``utf8``, ``large_utf8``        ``str``
``binary``, ``large_binary``,   ``bytes``
``fixed_size_binary(n)``
``decimal(precision, scale)``   ``decimal.Decimal``, exactly
``date32``, ``date64``          ``datetime.date``
``time(unit)``                  ``datetime.time``
``timestamp(unit)``             ``datetime.datetime`` without a zone
``timestamp(unit, zone)``       ``datetime.datetime`` in UTC; ``type.zone`` is the zone
``duration(unit)``              ``datetime.timedelta``
any of these in ``ns``          ``int``, as ``time.time_ns`` has it
``interval_months``             ``int``
``interval_day_time``           :class:`DayTime`
``interval_month_day_nano``     :class:`MonthDayNano`
``list_(item)``                 ``list``; so are ``large_list`` and ``fixed_size_list``
``struct(fields)``              ``dict``, or ``tuple`` if two of its names are the same
==============================  ==================================================

A missing value is ``None``. Dates and times can also be given as integers, in
the type's unit; and read as such, with ``raw=True``: a column may hold the
year 12000, which ``datetime`` cannot.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from .schema import DataType, Field

Unit = Literal["s", "ms", "us", "ns"]

_LETTERS = {"s": "s", "ms": "m", "us": "u", "ns": "n"}
_UNITS = {letter: unit for unit, letter in _LETTERS.items()}


class DayTime(NamedTuple):
    """An interval of days and milliseconds."""

    days: int
    milliseconds: int


class MonthDayNano(NamedTuple):
    """An interval of months, days and nanoseconds."""

    months: int
    days: int
    nanoseconds: int


null = DataType("n")
bool_ = DataType("b")
int8, int16, int32, int64 = (DataType(format) for format in "csil")
uint8, uint16, uint32, uint64 = (DataType(format) for format in "CSIL")
float16, float32, float64 = (DataType(format) for format in "efg")
utf8, large_utf8 = DataType("u"), DataType("U")
binary, large_binary = DataType("z"), DataType("Z")
date32, date64 = DataType("tdD"), DataType("tdm")
interval_months = DataType("tiM")
interval_day_time = DataType("tiD")
interval_month_day_nano = DataType("tin")

_NAMES = {
    "n": "null",
    "b": "bool",
    "c": "int8",
    "s": "int16",
    "i": "int32",
    "l": "int64",
    "C": "uint8",
    "S": "uint16",
    "I": "uint32",
    "L": "uint64",
    "e": "float16",
    "f": "float32",
    "g": "float64",
    "u": "utf8",
    "U": "large_utf8",
    "z": "binary",
    "Z": "large_binary",
    "tdD": "date32",
    "tdm": "date64",
    "tiM": "interval_months",
    "tiD": "interval_day_time",
    "tin": "interval_month_day_nano",
}


def _letter(unit: Unit) -> str:
    if unit not in _LETTERS:
        raise ValueError(f"{unit!r} is no unit of time; there are s, ms, us, ns")
    return _LETTERS[unit]


def time(unit: Unit) -> DataType:
    """Time since midnight."""
    return DataType(f"tt{_letter(unit)}")


def timestamp(unit: Unit, zone: str | None = None) -> DataType:
    """Time since 1970-01-01 00:00:00: in UTC if there is a zone (``UTC``, ``+01:00``,
    ``Europe/Prague``), which says how to show it; else a wall clock's."""
    return DataType(f"ts{_letter(unit)}:{zone or ''}")


def duration(unit: Unit) -> DataType:
    """A time between two others."""
    return DataType(f"tD{_letter(unit)}")


def decimal(precision: int, scale: int, bits: Literal[32, 64, 128, 256] = 128) -> DataType:
    """A number of ``precision`` digits, of which ``scale`` are after the point."""
    most = {32: 9, 64: 18, 128: 38, 256: 76}.get(bits)
    if most is None:
        raise ValueError(f"a decimal has 32, 64, 128 or 256 bits, not {bits}")
    if not 1 <= precision <= most:
        raise ValueError(f"a decimal of {bits} bits has 1 to {most} digits, not {precision}")
    return DataType(f"d:{precision},{scale}" + ("" if bits == 128 else f",{bits}"))


def fixed_size_binary(size: int) -> DataType:
    """As many bytes in each value."""
    return DataType(f"w:{size}")


def list_(item: DataType | Field) -> DataType:
    """Any number of values of one type."""
    return DataType("+l", (_item(item),))


def large_list(item: DataType | Field) -> DataType:
    """As ``list_``, with offsets of 64 bits."""
    return DataType("+L", (_item(item),))


def fixed_size_list(item: DataType | Field, size: int) -> DataType:
    """As many values in each."""
    return DataType(f"+w:{size}", (_item(item),))


def struct(fields: Iterable[Field]) -> DataType:
    """One value of each field."""
    return DataType("+s", tuple(fields))


def _item(item: DataType | Field) -> Field:
    return item if isinstance(item, Field) else Field("item", item)


def name(data_type: DataType) -> str:
    """A type's name for messages, like ``timestamp[us, UTC]``."""
    format, children = data_type.format, data_type.children
    if format in _NAMES:
        return _NAMES[format]
    head, _, rest = format.partition(":")
    match head:
        case "+s":
            return f"struct<{', '.join(f'{field.name}: {field.type}' for field in children)}>"
        case "+l" | "+L" | "+w":
            kind = {"+l": "list", "+L": "large_list", "+w": f"fixed_size_list[{rest}]"}[head]
            return f"{kind}<{', '.join(str(field.type) for field in children)}>"
        case "d":
            return f"decimal({rest.replace(',', ', ')})"
        case "w":
            return f"fixed_size_binary[{rest}]"
    kind = {"ts": "timestamp", "tt": "time", "tD": "duration"}.get(format[:2])
    unit = _UNITS.get(format[2:3])
    if kind is None or unit is None:
        return repr(format)
    return f"{kind}[{unit}, {rest}]" if rest else f"{kind}[{unit}]"
