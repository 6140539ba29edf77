"""Lists and structs."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from itertools import accumulate, chain, pairwise
from typing import Any

from ..column import Column
from ..schema import DataType
from .base import Layout, column, filled, octets, place, types_of, view


class Lists(Layout):
    """Any number of values in each, with offsets of 32 bits (``i``) or 64 (``q``)."""

    def __init__(self, code: str) -> None:
        self.code = code

    def cells(self, column: Column, raw: bool) -> list[Any]:
        if not len(column):
            return []
        items = column.children[0].to_list(raw)
        offsets = view(column.buffers[0], self.code, len(column) + 1).tolist()
        return place(column, [items[start:end] for start, end in pairwise(offsets)])

    def build(self, data_type: DataType, cells: list[Any]) -> Column:
        lists = check_lists(filled(cells, []))
        offsets = array(self.code, accumulate(map(len, lists), initial=0))
        items = Column.of(data_type.children[0].type, chain.from_iterable(lists))
        return column(data_type, cells, [octets(offsets)], [items])


class FixedLists(Layout):
    """As many values in each."""

    own = 0

    def __init__(self, size: int) -> None:
        self.size = size

    def cells(self, column: Column, raw: bool) -> list[Any]:
        items, size = column.children[0].to_list(raw), self.size
        return place(column, [items[row * size : (row + 1) * size] for row in range(len(column))])

    def build(self, data_type: DataType, cells: list[Any]) -> Column:
        lists = check_lists(filled(cells, [None] * self.size))
        for values in lists:
            if len(values) != self.size:
                raise ValueError(f"it has {len(values)} values")
        items = Column.of(data_type.children[0].type, chain.from_iterable(lists))
        return column(data_type, cells, [], [items])


class Structs(Layout):
    """A value of each field."""

    own = 0

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.distinct = len(set(names)) == len(names)

    def cells(self, column: Column, raw: bool) -> list[Any]:
        parts = [child.to_list(raw) for child in column.children]
        rows: list[Any] = list(zip(*parts)) if parts else [()] * len(column)
        if self.distinct:
            rows = [dict(zip(self.names, row)) for row in rows]
        return place(column, rows)

    def build(self, data_type: DataType, cells: list[Any]) -> Column:
        nothing = (None,) * len(self.names)
        rows = [nothing if cell is None else self.row(cell) for cell in cells]
        parts = zip(*rows) if rows else [()] * len(self.names)
        children = [
            Column.of(field.type, part) for field, part in zip(data_type.children, parts)
        ]
        return column(data_type, cells, [], children)

    def row(self, cell: Any) -> tuple[Any, ...]:
        """The values of a cell, in the order of the fields. A name that is not there is missing."""
        if isinstance(cell, Mapping) and self.distinct:
            for name in cell:
                if name not in self.names:
                    raise KeyError(f"it has no {name!r}")
            return tuple(map(cell.get, self.names))
        if not isinstance(cell, tuple):
            raise TypeError(f"a {'dict or a ' if self.distinct else ''}tuple is wanted")
        if len(cell) != len(self.names):
            raise ValueError(f"it has {len(cell)} values")
        return cell


def check_lists(cells: list[Any]) -> list[Any]:
    """Text would be a list of characters."""
    if types_of(cells) - {list, tuple}:
        raise TypeError("a list is wanted")
    return cells
