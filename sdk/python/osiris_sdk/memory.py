"""A host in memory, for tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .column import Buffer, build
from .errors import Error
from .host import Node, WireBatch, WireField
from .schema import Schema
from .wire import flatten, unflatten, write


class MemoryBatch:
    """A batch as a host holds it."""

    def __init__(self, rows: int, nodes: Sequence[Node], buffers: Sequence[Buffer]) -> None:
        self._rows, self._nodes = rows, list(nodes)
        # A copy of each, as when they leave a component.
        self._buffers = [bytes(buffer) for buffer in buffers]

    @staticmethod
    def of(schema: Schema, rows: Sequence[Sequence[Any]]) -> MemoryBatch:
        """Rows of these columns."""
        nodes: list[Node] = []
        buffers: list[Buffer] = []
        for index, field in enumerate(schema):
            column = build(field, [row[index] for row in rows])
            write(column, buffers.append, nodes)
        return MemoryBatch(len(rows), nodes, buffers)

    def rows(self) -> int:
        return self._rows

    def nodes(self) -> list[Node]:
        return self._nodes

    def buffer(self, index: int) -> bytes:
        return self._buffers[index]


class MemoryHost:
    """Remembers what a driver says."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._crossed = 0
        self.state: str | None = None
        self.saved: str | None = None
        self.cancel_after: int | None = None
        self.logs: list[tuple[str, str]] = []
        """Level and message."""
        self.metrics: list[tuple[str, int | float, str, dict[str, str]]] = []
        """Name, value, unit and tags."""
        self.events: list[tuple[str, dict[str, Any]]] = []
        """Name and fields."""
        self.progressed: list[tuple[int, int | None]] = []
        """Done and total."""

    def log(self, level: str, message: str) -> None:
        self.logs.append((level, message))

    def metric(
        self, name: str, value: int | float, unit: str, tags: Sequence[tuple[str, str]]
    ) -> None:
        self.metrics.append((name, value, unit, dict(tags)))

    def event(self, name: str, fields: str) -> None:
        self.events.append((name, json.loads(fields)))

    def progress(self, done: int, total: int | None) -> None:
        self.progressed.append((done, total))

    def artifacts_dir(self) -> str:
        return str(self._folder)

    def check_cancelled(self) -> None:
        if self.cancel_after is not None and self._crossed >= self.cancel_after:
            raise Error("cancelled", "the run was cancelled")

    def load_state(self) -> str | None:
        return self.state

    def save_state(self, state: str) -> None:
        self.saved = state

    def crossed(self) -> None:
        """Counts a batch that is read or sent."""
        self.check_cancelled()
        self._crossed += 1

    def artifacts(self) -> dict[str, bytes]:
        """The files in the artifacts' folder."""
        files = (path for path in sorted(self._folder.rglob("*")) if path.is_file())
        return {path.relative_to(self._folder).as_posix(): path.read_bytes() for path in files}


class MemoryReader:
    """A table to read."""

    def __init__(
        self,
        host: MemoryHost,
        schema: Schema,
        batches: Sequence[MemoryBatch],
        then: Error | None,
    ) -> None:
        self._host, self._schema, self._then = host, schema, then
        self._rest = iter(batches)

    def schema(self) -> list[WireField]:
        return flatten(self._schema)

    def next(self) -> MemoryBatch | None:
        self._host.crossed()
        batch = next(self._rest, None)
        if batch is None and self._then is not None:
            raise self._then
        return batch


class MemoryWriter:
    """Takes a table."""

    def __init__(self, host: MemoryHost) -> None:
        self._host = host
        self._buffers: list[Buffer] = []
        self.schema: Schema | None = None
        self.batches: list[WireBatch] = []

    def open(self, schema: Sequence[WireField]) -> None:
        made = unflatten(schema)
        if len(set(made.names)) < len(made):
            raise Error("internal", f"two columns have the same name: {', '.join(made.names)}")
        self.schema = made

    def push(self, buffer: Buffer) -> None:
        self._buffers.append(buffer)

    def send(self, rows: int, nodes: Sequence[Node]) -> None:
        self._host.crossed()
        self.batches.append(MemoryBatch(rows, nodes, self._buffers))
        self._buffers = []

    def forward(self, batch: WireBatch) -> None:
        self._host.crossed()
        self.batches.append(batch)
