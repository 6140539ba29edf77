"""Runs a driver natively, without WebAssembly, between tables in memory.

::

    def test_counts(self):
        table = Table({"text": types.utf8}, [["a b"], ["a"]])
        report = run(WordCount, inputs=[table])
        self.assertEqual(report.rows, [{"word": "a", "count": 2}, {"word": "b", "count": 1}])

A failure of the driver comes as the :class:`~osiris_sdk.Error` or the exception
that it raised. Three things differ from a run inside a component: the
configuration is passed on as it is, without the spec's defaults; paths are the
test's own, so give absolute ones of a temporary folder; and pauses take no
time.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from . import calls
from .context import Context
from .driver import Dataset, Driver, Health, Mode, Partition, Step, Summary
from .errors import Error
from .memory import MemoryBatch, MemoryHost, MemoryReader, MemoryWriter
from .schema import DataType, Field, Schema
from .tables import Batch, Input, Output


class Table:
    """A table in memory: its columns, and its rows in one batch or in several."""

    def __init__(
        self,
        columns: Schema | Mapping[str, DataType],
        rows: Iterable[Sequence[Any] | Mapping[str, Any]] = (),
        *,
        name: str = "table",
        batch: int | None = None,
        then: Error | None = None,
    ) -> None:
        """``then`` is what the step that makes the table fails with once it is read."""
        if not isinstance(columns, Schema):
            columns = Schema(Field(each, its_type) for each, its_type in columns.items())
        self.schema, self.name, self.then = columns, name, then
        names = columns.names
        tuples = [
            tuple(map(row.get, names)) if isinstance(row, Mapping) else tuple(row) for row in rows
        ]
        size = batch or max(len(tuples), 1)
        self.batches = [
            MemoryBatch.of(columns, tuples[start : start + size])
            for start in range(0, len(tuples), size)
        ]


@dataclass(frozen=True)
class Report:
    """What a step did."""

    summary: Summary
    schema: Schema | None
    """The columns of its output; none of a writer."""
    batches: list[Batch]
    host: MemoryHost
    """What was said to the host: ``logs``, ``metrics``, ``events``, ``progressed``."""
    artifacts: dict[str, bytes]
    """The files that it left in ``artifacts_dir``."""

    @property
    def state(self) -> Any:
        """What it saved for the next run."""
        return None if self.host.saved is None else json.loads(self.host.saved)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """All that it sent, each row as a dict."""
        return [row for batch in self.batches for row in batch.rows()]

    @property
    def tuples(self) -> list[tuple[Any, ...]]:
        """All that it sent, each row as a tuple."""
        return [row for batch in self.batches for row in batch.tuples()]


def run(
    driver: type[Driver[Any]],
    config: Mapping[str, Any] | None = None,
    *,
    inputs: Sequence[Table] = (),
    mode: Mode | None = None,
    state: Any = None,
    partition: Partition | None = None,
    cancel_after: int | None = None,
) -> Report:
    """Runs one step. Without a ``mode``, it extracts without inputs and transforms with some.

    ``cancel_after`` cancels the run once so many batches were read or sent.
    """
    mode = mode or ("transform" if inputs else "extract")
    if mode == "write" and len(inputs) != 1 or mode == "extract" and inputs:
        raise ValueError(f"a step of mode {mode} does not have {len(inputs)} inputs")
    with _host() as host:
        host.state = None if state is None else json.dumps(state)
        host.cancel_after = cancel_after
        tables = [
            Input(table.name, MemoryReader(host, table.schema, table.batches, table.then))
            for table in inputs
        ]
        writer = MemoryWriter(host)
        output = Output(None if mode == "write" else writer)
        step = Step("step", mode, json.dumps(dict(config or {})), partition)
        summary = calls.run(driver, _context(host), step, tables, output)
        artifacts = host.artifacts()
    if mode != "write":
        assert writer.schema is not None, "the step returned successfully but never opened its output"
        assert summary.rows_written is None, "rows_written is a writer's to say"
    schema = writer.schema
    batches = [] if schema is None else [Batch(schema, batch) for batch in writer.batches]
    return Report(summary, schema, batches, host, artifacts)


def discover(driver: type[Driver[Any]], config: Mapping[str, Any] | None = None) -> list[Dataset]:
    """What the driver's ``discover`` answers."""
    with _host() as host:
        return calls.discover(driver, _context(host), json.dumps(dict(config or {})))


def doctor(
    driver: type[Driver[Any]], connection: Mapping[str, Any] | None = None, timeout: float = 5.0
) -> Health:
    """What the driver's ``doctor`` answers."""
    with _host() as host:
        given = json.dumps(dict(connection or {}))
        return calls.doctor(driver, _context(host), given, int(timeout * 1000))


@contextmanager
def _host() -> Iterator[MemoryHost]:
    with tempfile.TemporaryDirectory(prefix="osiris-artifacts-") as folder:
        yield MemoryHost(folder)


def _context(host: MemoryHost) -> Context:
    return Context(host, sleep=lambda _: None)
