"""How the cells of each type lie in Arrow's buffers."""

from __future__ import annotations

from functools import lru_cache

from ..errors import Error
from ..schema import DataType
from ..types import DayTime, MonthDayNano
from .base import Layout
from .decimals import Decimals
from .moments import Intervals, Moments, dates, durations, times, timestamps
from .nested import FixedLists, Lists, Structs
from .numbers import Bool, Float, Half, Integer, Null
from .texts import Bytes, FixedBytes, Text

_PLAIN: dict[str, Layout] = {
    "n": Null(),
    "b": Bool(),
    # The codes of `array` with the widths that they have everywhere; `l` is 32 bits in a component.
    **{
        format: Integer(code)
        for format, code in zip("csilCSIL", ("b", "h", "i", "q", "B", "H", "I", "Q"))
    },
    "e": Half(),
    "f": Float("f"),
    "g": Float("d"),
    "u": Text("i"),
    "U": Text("q"),
    "z": Bytes("i"),
    "Z": Bytes("q"),
    "tdD": dates("i", 1),
    "tdm": dates("q", 86_400_000),
    "tts": times("i", "s"),
    "ttm": times("i", "m"),
    "ttu": times("q", "u"),
    "ttn": Integer("q"),
    **{f"tD{unit}": durations(unit) for unit in "smu"},
    "tDn": Integer("q"),
    "tiM": Integer("i"),
    "tiD": Intervals(DayTime, "<ii"),
    "tin": Intervals(MonthDayNano, "<iiq"),
}


@lru_cache(maxsize=1024)
def layout(data_type: DataType) -> Layout:
    """The layout of a type.

    Raises :class:`Error` of kind ``unsupported`` if the contract has no such
    type.
    """
    format, children = data_type.format, data_type.children
    if format == "+s":
        return Structs(tuple(field.name for field in children))
    if format.startswith("+") and len(children) != 1:
        raise Error("internal", f"a {data_type} has one child, not {len(children)}")
    plain = _PLAIN.get(format)
    try:
        found = plain or _with_parameters(format)
    except ValueError:
        found = None
    if found is None:
        raise Error("unsupported", f"Arrow format {format!r} is none of the contract's types")
    if children and not format.startswith("+"):
        raise Error("internal", f"a {data_type} has no children, not {len(children)}")
    return found


def _with_parameters(format: str) -> Layout | None:
    head, _, parameters = format.partition(":")
    match head:
        case "+l":
            return Lists("i")
        case "+L":
            return Lists("q")
        case "+w":
            return FixedLists(int(parameters))
        case "w":
            return FixedBytes(int(parameters))
        case "tsn":
            return Integer("q")
        case "tss" | "tsm" | "tsu":
            return timestamps(head[2], bool(parameters))
        case "d":
            precision, scale, bits = (*map(int, parameters.split(",")), 128)[:3]
            return Decimals(precision, scale, bits // 8)
    return None
