"""The tables that join steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from .column import Column, build
from .errors import Error
from .host import Node, Reader, WireBatch, Writer
from .schema import Schema
from .wire import Places, flatten, unflatten, write

# What batches of rows aim at, in bytes: large enough to cost little each, small
# enough to stay in the processor's cache.
_BATCH = 512 << 10
_FIRST_ROWS = 256
_MOST_ROWS = 32 << 10


class Batch:
    """Some rows of an input. They stay with the host: only columns that are asked for are copied."""

    def __init__(self, schema: Schema, batch: WireBatch) -> None:
        self.schema = schema
        self._batch = batch
        self._length = batch.rows()
        self._places: Places | None = None

    def __len__(self) -> int:
        return self._length

    def column(self, column: str | int) -> Column:
        """A column by its name or its number."""
        index = self.schema.index(column) if isinstance(column, str) else column
        if self._places is None:
            self._places = Places(self.schema, self._batch)
        return self._places.column(index, self.schema.fields[index].type)

    __getitem__ = column

    def columns(self) -> list[Column]:
        """All columns."""
        return [self.column(index) for index in range(len(self.schema))]

    def tuples(self, raw: bool = False) -> Iterator[tuple[Any, ...]]:
        """Each row as a tuple; dates and times as integers of their unit if they are ``raw``."""
        if not len(self.schema):
            return iter([()] * len(self))
        return zip(*(self._cells(index, raw) for index in range(len(self.schema))))

    def rows(self, raw: bool = False) -> Iterator[dict[str, Any]]:
        """Each row as a dict."""
        names = self.schema.names
        return (dict(zip(names, row)) for row in self.tuples(raw))

    def _cells(self, index: int, raw: bool) -> list[Any]:
        try:
            return self.column(index).to_list(raw)
        except ValueError as error:
            raise Error("data", f"column {self.schema.fields[index].name!r}: {error}") from None


class Input:
    """A table to read. Iterating gives its batches."""

    def __init__(self, name: str, reader: Reader) -> None:
        self.name = name
        """What the step calls it."""
        self._reader = reader
        self._schema: Schema | None = None

    @property
    def schema(self) -> Schema:
        """Its columns. Waits until the step that makes it has said what they are."""
        if self._schema is None:
            try:
                self._schema = unflatten(self._reader.schema())
            except Error as error:
                raise error.context(f"input {self.name}") from None
        return self._schema

    def __iter__(self) -> Iterator[Batch]:
        """Waits for the step that makes it. Raises :class:`Error` of kind ``upstream`` when that
        failed, ``cancelled`` when the run ends: undo what was done and let it pass."""
        schema = self.schema
        while (batch := self._reader.next()) is not None:
            yield Batch(schema, batch)

    def rows(self, raw: bool = False) -> Iterator[dict[str, Any]]:
        """Each row of the table as a dict."""
        for batch in self:
            yield from batch.rows(raw)

    def tuples(self, raw: bool = False) -> Iterator[tuple[Any, ...]]:
        """Each row of the table as a tuple."""
        for batch in self:
            yield from batch.tuples(raw)


class Output:
    """The table that a step makes. A writer has none: its use is an error there."""

    def __init__(self, writer: Writer | None) -> None:
        self._writer = writer
        self._schema: Schema | None = None
        self._rows = _FIRST_ROWS

    def open(self, schema: Schema) -> None:
        """Says what the columns are; once, before the first batch, and also when there will be
        none."""
        if self._writer is None:
            raise Error("unsupported", "this step has no output; its mode is not the driver's")
        if self._schema is not None:
            raise Error("internal", "the output is open already")
        self._writer.open(flatten(schema))
        self._schema = schema

    def send(self, columns: Mapping[str, Iterable[Any]] | Sequence[Iterable[Any]]) -> None:
        """Sends a batch: of each column its cells, or a :class:`Column`; by name, or in order.

        Waits while downstream steps are behind. Nothing is sent if there are
        no rows. 8,000 to 32,000 rows in a batch go through a pipeline fastest.
        """
        writer, schema = self._opened()
        cells = _in_order(columns, schema)
        made = [build(field, column) for field, column in zip(schema, cells)]
        lengths = {len(column) for column in made}
        if len(lengths) > 1:
            each = (f"{field.name!r} has {len(column)}" for field, column in zip(schema, made))
            raise Error("internal", f"the columns differ in length: {', '.join(each)}")
        if made and len(made[0]):
            self._send(writer, len(made[0]), made)

    def send_rows(self, rows: Iterable[Mapping[str, Any] | Sequence[Any]]) -> None:
        """Sends rows, each a mapping or a sequence, in batches of a good size. A generator of
        them is taken as far as the pipeline goes, so that a table of any size needs little
        memory. A name that a mapping lacks is a missing value."""
        writer, schema = self._opened()
        names, known = schema.names, set(schema.names)
        rest, number = iter(rows), 0

        def cells(row: Mapping[str, Any] | Sequence[Any]) -> Sequence[Any]:
            if isinstance(row, Mapping):
                if not row.keys() <= known:
                    odd = next(name for name in row if name not in known)
                    raise Error("internal", f"row {number}: there is no column {odd!r}")
                return tuple(map(row.get, names))
            if len(row) != len(names):
                raise Error("internal", f"row {number}: {len(row)} values, {len(names)} columns")
            return row

        while chunk := [cells(row) for row in islice(rest, self._rows)]:
            if not names:
                self._send(writer, len(chunk), [])
                continue
            made = []
            for field, column in zip(schema, zip(*chunk)):
                made.append(build(field, list(column)))
            size = self._send(writer, len(chunk), made)
            number += len(chunk)
            # The next ones are probably like these.
            fitting = self._rows * _BATCH // max(size, 1)
            self._rows = max(1, min(fitting, self._rows * 8, _MOST_ROWS))

    def forward(self, batch: Batch) -> None:
        """Sends on a batch as it came, without a copy. Its columns must be those of this output."""
        writer, schema = self._opened()
        if schema != batch.schema:
            raise Error("internal", "a batch of other columns cannot be forwarded")
        writer.forward(batch._batch)

    def _opened(self) -> tuple[Writer, Schema]:
        if self._writer is None or self._schema is None:
            raise Error("internal", "send before `output.open` told the columns")
        return self._writer, self._schema

    @staticmethod
    def _send(writer: Writer, rows: int, columns: list[Column]) -> int:
        nodes: list[Node] = []
        size = sum(write(column, writer.push, nodes) for column in columns)
        writer.send(rows, nodes)
        return size


def _in_order(
    columns: Mapping[str, Iterable[Any]] | Sequence[Iterable[Any]], schema: Schema
) -> Sequence[Iterable[Any]]:
    if not isinstance(columns, Mapping):
        if len(columns) != len(schema):
            raise Error("internal", f"{len(columns)} columns were sent, the output has {len(schema)}")
        return columns
    for name in columns:
        if name not in schema:
            raise Error("internal", f"the output has no column {name!r}")
    for name in schema.names:
        if name not in columns:
            raise Error("internal", f"the column {name!r} is missing")
    return [columns[name] for name in schema.names]
