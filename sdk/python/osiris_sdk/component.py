"""What a component exports and imports: the only file that knows the bindings of componentize-py.

Made for the world ``plugin`` of ``wit/driver.wit``; importable only inside of a
component, which ``osiris drivers build`` makes. That has the modules that were
imported when it was made and no others, so what Python's library imports only
when it is needed is imported here: parsing of times, and common encodings.
"""

from __future__ import annotations

import _strptime  # noqa: F401
import encodings.cp1252
import encodings.idna
import encodings.latin_1
import encodings.utf_8_sig
import encodings.utf_16
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TypeVar

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import driver as wire
from wit_world.imports import arrow, context, tables, types

from . import calls
from .column import Buffer
from .context import Context
from .driver import Dataset, Partition, Step, exported
from .errors import KINDS, Error
from .failure import failure
from .host import Node, WireBatch, WireField
from .tables import Input, Output

_T = TypeVar("_T")

_LEVELS = {level.name.lower(): level for level in context.Level}


class _Batch:
    def __init__(self, batch: tables.Batch) -> None:
        self.handle = batch
        self.rows = batch.rows
        self.buffer = batch.buffer

    def nodes(self) -> list[Node]:
        return [Node(node.length, node.null_count, node.buffers) for node in self.handle.nodes()]


class _Reader:
    def __init__(self, reader: tables.Reader) -> None:
        self.handle = reader

    def schema(self) -> list[WireField]:
        fields = _asked(self.handle.schema)
        return [
            WireField(each.name, each.format, each.nullable, tuple(each.metadata), each.children)
            for each in fields
        ]

    def next(self) -> WireBatch | None:
        batch = _asked(self.handle.next)
        return None if batch is None else _Batch(batch)


class _Writer:
    def __init__(self, writer: tables.Writer) -> None:
        self.handle = writer

    def open(self, schema: Sequence[WireField]) -> None:
        fields = [
            arrow.Field(each.name, each.format, each.nullable, list(each.metadata), each.children)
            for each in schema
        ]
        _asked(lambda: self.handle.open(fields))

    def push(self, buffer: Buffer) -> None:
        self.handle.push(buffer if isinstance(buffer, bytes) else bytes(buffer))

    def send(self, rows: int, nodes: Sequence[Node]) -> None:
        _asked(lambda: self.handle.send(rows, [arrow.Node(*node) for node in nodes]))

    def forward(self, batch: WireBatch) -> None:
        assert isinstance(batch, _Batch)
        _asked(lambda: self.handle.forward(batch.handle))


class _Host:
    def log(self, level: str, message: str) -> None:
        context.log(_LEVELS[level], message)

    def metric(
        self, name: str, value: int | float, unit: str, tags: Sequence[tuple[str, str]]
    ) -> None:
        if isinstance(value, int):
            context.metric(name, context.MetricValue_Integer(value), unit, list(tags))
        else:
            context.metric(name, context.MetricValue_Float(value), unit, list(tags))

    event = staticmethod(context.event)
    progress = staticmethod(context.progress)
    artifacts_dir = staticmethod(context.artifacts_dir)
    load_state = staticmethod(context.load_state)

    def check_cancelled(self) -> None:
        _asked(context.check_cancelled)

    def save_state(self, state: str) -> None:
        _asked(lambda: context.save_state(state))


class Driver(exports.Driver):
    """The contract's exports, around the class that the author exported."""

    def run(
        self, step: wire.Step, inputs: list[wire.Input], output: tables.Writer | None
    ) -> wire.Summary:
        def call() -> wire.Summary:
            share = step.partition and Partition(step.partition.index, step.partition.count)
            summary = calls.run(
                exported(),
                _enter(),
                Step(step.id, step.mode, step.config, share),
                [Input(each.name, _Reader(each.table)) for each in inputs],
                Output(None if output is None else _Writer(output)),
            )
            return wire.Summary(summary.rows_written)

        return _answer(call)

    def discover(self, config: str) -> list[wire.Dataset]:
        return _answer(
            lambda: [_dataset(each) for each in calls.discover(exported(), _enter(), config)]
        )

    def doctor(self, connection: str, timeout_ms: int) -> wire.Health:
        health = calls.doctor(exported(), _enter(), connection, timeout_ms)
        return wire.Health(health.category, health.latency_ms, health.message)


def _enter() -> Context:
    # What was drawn when the component was built would be drawn again in each run.
    if "random" in sys.modules:
        sys.modules["random"].seed()
    return Context(_Host())


def _asked(call: Callable[[], _T]) -> _T:
    """Asks the host, and raises its refusal as the SDK's own error."""
    try:
        return call()
    except Err as error:
        said = error.value
        kind = said.kind if said.kind in KINDS else "internal"
        raise Error(kind, said.message, said.retryable) from None


def _answer(call: Callable[[], _T]) -> _T:
    """Answers the host; whatever is raised becomes the contract's error."""
    try:
        return call()
    except BaseException as error:  # SystemExit too: a driver that leaves is no trap.
        known = failure(error)
        if known is not error:
            context.log(context.Level.DEBUG, traceback.format_exc())
        raise Err(types.Error(known.kind, known.message, known.retryable)) from None


def _dataset(dataset: Dataset) -> wire.Dataset:
    columns = [
        wire.Column(
            each.name, each.type.format, each.native_type, each.nullable, each.primary_key
        )
        for each in dataset.columns
    ]
    return wire.Dataset(dataset.name, dataset.kind, dataset.estimated_rows, columns)


# Fails here, when the component is built, if there is none.
exported()
