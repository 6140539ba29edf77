"""What a host is to a driver: the contract's imports, in Python's words.

The component has the real one, :mod:`osiris_sdk.testing` one in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from .column import Buffer


class WireField(NamedTuple):
    """A node of a schema, flattened depth first."""

    name: str
    format: str
    nullable: bool
    metadata: tuple[tuple[str, str], ...]
    children: int


class Node(NamedTuple):
    """An array of a batch."""

    length: int
    null_count: int
    buffers: int


class WireBatch(Protocol):
    """A batch that the host holds."""

    def rows(self) -> int: ...
    def nodes(self) -> Sequence[Node]: ...
    def buffer(self, index: int) -> bytes: ...


class Reader(Protocol):
    """The output of an upstream step."""

    def schema(self) -> Sequence[WireField]: ...
    def next(self) -> WireBatch | None: ...


class Writer(Protocol):
    """The output of a step."""

    def open(self, schema: Sequence[WireField]) -> None: ...
    def push(self, buffer: Buffer) -> None: ...
    def send(self, rows: int, nodes: Sequence[Node]) -> None: ...
    def forward(self, batch: WireBatch) -> None: ...


class Host(Protocol):
    """What the host does while a call runs."""

    def log(self, level: str, message: str) -> None: ...
    def metric(
        self, name: str, value: int | float, unit: str, tags: Sequence[tuple[str, str]]
    ) -> None: ...
    def event(self, name: str, fields: str) -> None: ...
    def progress(self, done: int, total: int | None) -> None: ...
    def artifacts_dir(self) -> str: ...
    def check_cancelled(self) -> None: ...
    def load_state(self) -> str | None: ...
    def save_state(self, state: str) -> None: ...
