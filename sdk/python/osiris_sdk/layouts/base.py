"""What all layouts of columns have in common."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from typing import Any

from .. import bits
from ..column import Buffer, Column
from ..schema import DataType


class Layout:
    """How the cells of a type lie in buffers."""

    own = 1
    """How many buffers there are beside the validity bitmap."""
    has_validity = True

    def cells(self, column: Column, raw: bool) -> list[Any]:
        """The cells as Python values, missing ones as ``None``."""
        raise NotImplementedError

    def build(self, data_type: DataType, cells: list[Any]) -> Column:
        """A column of these cells. Raises ``TypeError``, ``ValueError`` or ``OverflowError`` for
        one that is none of the type's."""
        raise NotImplementedError

    def values(self, column: Column) -> memoryview:
        """The numbers behind the cells."""
        raise TypeError(f"a column of {column.type} has no values of a fixed width; iterate over it")


def column(
    data_type: DataType,
    cells: list[Any],
    buffers: Iterable[Buffer],
    children: Iterable[Column] = (),
) -> Column:
    """A column whose validity is that of the cells."""
    missing = cells.count(None)
    validity = bits.pack([cell is not None for cell in cells]) if missing else b""
    return Column(data_type, len(cells), missing, validity, list(buffers), list(children))


def place(column: Column, values: list[Any]) -> list[Any]:
    """Puts ``None`` where a value is missing."""
    if not column.null_count:
        return values
    return [value if valid else None for value, valid in zip(values, column.flags)]


def convert(column: Column, values: Iterable[Any], cell: Callable[[Any], Any]) -> list[Any]:
    """Makes cells of values; what is behind a missing one is not looked at."""
    if not column.null_count:
        return [cell(value) for value in values]
    return [cell(value) if valid else None for value, valid in zip(values, column.flags)]


def filled(cells: list[Any], default: Any) -> list[Any]:
    """The cells with something where one is missing."""
    return [default if cell is None else cell for cell in cells] if None in cells else cells


def types_of(cells: list[Any]) -> set[type]:
    """The types of the cells that are there."""
    found = set(map(type, cells))
    found.discard(type(None))
    return found


def view(buffer: Buffer, code: str, length: int) -> memoryview:
    """The first numbers of a buffer, which may be longer."""
    size = array(code).itemsize * length
    if len(buffer) < size:
        raise ValueError(f"a buffer has {len(buffer)} bytes, {size} are needed")
    return memoryview(buffer)[:size].cast(code)


def octets(numbers: array[Any]) -> memoryview:
    """The bytes of an array."""
    return memoryview(numbers).cast("B") if len(numbers) else memoryview(b"")
