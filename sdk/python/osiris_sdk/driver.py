"""What a driver's author writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin

from .context import Context
from .errors import Error
from .schema import DataType
from .tables import Input, Output

Config = TypeVar("Config")

Mode = Literal["extract", "transform", "write"]


@dataclass(frozen=True)
class Partition:
    """One share of a step that is split to run in parallel."""

    index: int
    count: int


@dataclass(frozen=True)
class Step(Generic[Config]):
    """One step of a pipeline."""

    id: str
    mode: Mode
    config: Config
    partition: Partition | None = None


@dataclass(frozen=True)
class Summary:
    """How a step ended."""

    rows_written: int | None = None
    """Rows that reached their destination; only a writer knows."""


@dataclass(frozen=True)
class DatasetColumn:
    """A column of a dataset."""

    name: str
    type: DataType
    native_type: str = ""
    """The service's own name for the type."""
    nullable: bool = True
    primary_key: bool = False


@dataclass(frozen=True)
class Dataset:
    """Something that can be read or written."""

    name: str
    kind: Literal["table", "view", "file", "endpoint", "collection", "stream"]
    columns: Sequence[DatasetColumn] = field(default_factory=tuple)
    estimated_rows: int | None = None


@dataclass(frozen=True)
class Health:
    """What a look at a connection found. No secrets in the message."""

    category: Literal["ok", "auth", "network", "permission", "timeout", "unknown"]
    message: str = ""
    latency_ms: float | None = None


class Driver(Generic[Config]):
    """A driver. Subclass it with the configuration's class, a dataclass or ``dict``::

        class Counter(Driver[Config]):
            def run(self, ctx, step, inputs, output): ...

        export(Counter)

    The host has checked the configuration against the spec's ``configSchema``
    and filled in the defaults.
    """

    config_class: type = dict

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        for base in getattr(cls, "__orig_bases__", ()):
            if get_origin(base) is Driver:
                (given,) = get_args(base)
                if not isinstance(given, TypeVar):
                    cls.config_class = get_origin(given) or given

    def run(
        self, ctx: Context, step: Step[Config], inputs: list[Input], output: Output
    ) -> Summary | None:
        """Runs one step: an extractor gets no inputs, a writer one and no output.

        A failure is an exception, best an :class:`Error`. What was done so far
        must be undone.
        """
        raise Error("unsupported", "this driver cannot run a step")

    def discover(self, ctx: Context, config: Config) -> list[Dataset]:
        """Lists what can be read or written, in a stable order."""
        raise Error("unsupported", "this driver cannot list what is there")

    def doctor(self, ctx: Context, connection: dict[str, Any], timeout: float) -> Health:
        """Checks a connection, within so many seconds. What goes wrong is the answer."""
        return Health("unknown", "this driver cannot check a connection")


_exported: list[type[Driver[Any]]] = []


def export(driver: type[Driver[Any]]) -> None:
    """Makes the component's driver of this class. Call it once, at the end of the module."""
    if not (isinstance(driver, type) and issubclass(driver, Driver)):
        raise TypeError(f"export takes a subclass of osiris_sdk.Driver, not {driver!r}")
    if any(other is not driver for other in _exported):
        raise TypeError(f"a component has one driver; {_exported[0].__name__} is exported already")
    _exported[:] = [driver]


def exported() -> type[Driver[Any]]:
    """What was exported."""
    if not _exported:
        raise TypeError("the module exports no driver; end it with: export(MyDriver)")
    return _exported[0]
