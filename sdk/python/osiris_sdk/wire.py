"""Schemas and columns as they cross the boundary: trees, flattened depth first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from .column import Buffer, Column
from .errors import Error
from .host import Node, WireBatch, WireField
from .layouts import layout
from .schema import DataType, Field, Schema


def flatten(schema: Schema) -> list[WireField]:
    """A schema for the host."""
    found: list[WireField] = []

    def add(field: Field) -> None:
        layout(field.type)  # Refuses what is no type.
        children = field.type.children
        found.append(
            WireField(field.name, field.type.format, field.nullable, field.metadata, len(children))
        )
        for child in children:
            add(child)

    for field in schema:
        add(field)
    return found


def unflatten(fields: Sequence[WireField]) -> Schema:
    """The host's schema."""
    rest = iter(fields)

    def field(head: WireField) -> Field:
        children = tuple(field(next(rest)) for _ in range(head.children))
        data_type = DataType(head.format, children)
        try:
            layout(data_type)
        except Error as error:
            raise error.context(f"column {head.name!r}") from None
        return Field(head.name, data_type, head.nullable, head.metadata)

    return Schema(field(head) for head in rest)


class Places:
    """Where the columns of a batch are among its nodes and buffers."""

    def __init__(self, schema: Schema, batch: WireBatch) -> None:
        self._batch = batch
        self._nodes = list(batch.nodes())
        # Of each column, its first node and its first buffer.
        self._starts: list[tuple[int, int]] = []
        node = buffer = 0
        for field in schema:
            self._starts.append((node, buffer))
            end = node + _count(field.type)
            buffer += sum(each.buffers for each in self._nodes[node:end])
            node = end

    def column(self, index: int, data_type: DataType) -> Column:
        """Copies a column, and nothing else, out of the host."""
        node, buffer = self._starts[index]
        return _read(data_type, iter(self._nodes[node:]), iter(range(buffer, 1 << 32)), self._batch)


def _count(data_type: DataType) -> int:
    return 1 + sum(_count(child.type) for child in data_type.children)


def _read(
    data_type: DataType, nodes: Iterator[Node], indexes: Iterator[int], batch: WireBatch
) -> Column:
    node = next(nodes)
    buffers = [batch.buffer(next(indexes)) for _ in range(node.buffers)]
    validity = buffers.pop(0) if layout(data_type).has_validity else b""
    children = [_read(child.type, nodes, indexes, batch) for child in data_type.children]
    missing = node.null_count if layout(data_type).has_validity else node.length
    return Column(data_type, node.length, missing, validity, buffers, children)


def write(column: Column, push: Callable[[Buffer], None], nodes: list[Node]) -> int:
    """Pushes a column's buffers, and returns how many bytes they have."""
    kind = layout(column.type)
    buffers = [column.validity, *column.buffers] if kind.has_validity else column.buffers
    missing = column.null_count if kind.has_validity else 0
    nodes.append(Node(len(column), missing, len(buffers)))
    size = 0
    for buffer in buffers:
        push(buffer)
        size += len(buffer)
    return size + sum(write(child, push, nodes) for child in column.children)
