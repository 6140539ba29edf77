"""Columns of a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

from . import bits
from .errors import Error
from .schema import DataType, Field

Buffer = bytes | memoryview

# How much of a value is shown in a message, in characters.
_SHOWN = 40


class Column:
    """Values of one type, as Arrow lays them out.

    Iterating gives the cells as Python values, ``None`` where one is missing;
    :attr:`values` gives numbers without making an object of each.
    """

    def __init__(
        self,
        type: DataType,
        length: int,
        null_count: int,
        validity: Buffer,
        buffers: Sequence[Buffer],
        children: Sequence[Column] = (),
    ) -> None:
        self.type = type
        self._length = length
        self.null_count = null_count
        self.validity = validity
        """A bit for each value, 0 where it is missing; empty if none is."""
        self.buffers = tuple(buffers)
        """The others of Arrow's buffers, such as offsets and values."""
        self.children = tuple(children)
        """The columns below a nested one."""

    @staticmethod
    def of(type: DataType, cells: Iterable[Any]) -> Column:
        """A column of these cells.

        Raises :class:`Error` of kind ``data`` for a cell that is none of the
        type's; the row is named.
        """
        from .layouts import layout

        cells = cells if isinstance(cells, list) else list(cells)
        kind = layout(type)
        try:
            return kind.build(type, cells)
        except (TypeError, ValueError, OverflowError, KeyError, AttributeError):
            for row, cell in enumerate(cells):
                try:
                    kind.build(type, [cell])
                except (TypeError, ValueError, OverflowError, KeyError, AttributeError) as error:
                    raise Error(
                        "data", f"row {row}: {shown(cell)} is no {type}: {said(error)}"
                    ) from None
            raise

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Any]:
        return iter(self.to_list())

    def __getitem__(self, row: int) -> Any:
        return self._cells[row]

    @cached_property
    def _cells(self) -> list[Any]:
        return self.to_list()

    def to_list(self, raw: bool = False) -> list[Any]:
        """All cells; dates and times as integers of the type's unit if they are to be ``raw``."""
        from .layouts import layout

        return layout(self.type).cells(self, raw)

    @property
    def values(self) -> memoryview:
        """The numbers behind the cells, of a type whose values have a fixed width: integers,
        floats (not ``float16``), dates and times in their unit. Missing ones are anything."""
        from .layouts import layout

        return layout(self.type).values(self)

    @cached_property
    def flags(self) -> bytes:
        """A byte for each value, 0 where it is missing and 1 where not."""
        if not self.null_count or not len(self.validity):
            return b"\1" * self._length
        return bits.unpack(self.validity, self._length)

    def is_null(self, row: int) -> bool:
        """Whether that value is missing."""
        return self.type.format == "n" or not self.flags[row]

    def __repr__(self) -> str:
        return f"<Column of {self._length} {self.type}>"


def build(field: Field, cells: Iterable[Any] | Column) -> Column:
    """The column of a field: of cells, or one that is there already.

    Raises :class:`Error` that names the field.
    """
    try:
        if isinstance(cells, Column):
            if cells.type != field.type:
                raise Error("internal", f"a column of {cells.type} is no column of {field.type}")
            column = cells
        else:
            column = Column.of(field.type, cells)
        if column.null_count and not field.nullable:
            row = column.flags.index(0)
            raise Error("data", f"row {row}: a value is missing, and the column is not nullable")
    except Error as error:
        raise error.context(f"column {field.name!r}") from None
    return column


def shown(value: object) -> str:
    """A value in a message, cut if it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def said(error: Exception) -> str:
    """What an exception says."""
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
