"""What the columns of a table are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .errors import Error


@dataclass(frozen=True)
class DataType:
    """An Arrow type; :mod:`osiris_sdk.types` has them all.

    It is spelled as the Arrow C Data Interface does: ``l`` is int64, ``u`` is
    utf8, ``tsu:UTC`` a UTC timestamp in microseconds. ``str()`` gives a name
    for messages.
    """

    format: str
    children: tuple[Field, ...] = ()

    @property
    def zone(self) -> str | None:
        """A timestamp's zone, if it has one."""
        head, _, zone = self.format.partition(":")
        return zone or None if head.startswith("ts") else None

    def __str__(self) -> str:
        from .types import name

        return name(self)


@dataclass(frozen=True)
class Field:
    """A column of a table, or a part of a nested one."""

    name: str
    type: DataType
    nullable: bool = True
    metadata: tuple[tuple[str, str], ...] = ()

    def __init__(
        self,
        name: str,
        type: DataType,
        nullable: bool = True,
        metadata: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    ) -> None:
        pairs = metadata.items() if isinstance(metadata, Mapping) else metadata
        for attribute, value in (
            ("name", name),
            ("type", type),
            ("nullable", nullable),
            ("metadata", tuple(pairs)),
        ):
            object.__setattr__(self, attribute, value)


@dataclass(frozen=True)
class Schema:
    """The columns of a table, in order."""

    fields: tuple[Field, ...]

    def __init__(self, fields: Iterable[Field]) -> None:
        object.__setattr__(self, "fields", tuple(fields))

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return [field.name for field in self.fields]

    def index(self, name: str) -> int:
        """Where the column of that name is.

        Raises ``KeyError`` that names what there is.
        """
        for index, field in enumerate(self.fields):
            if field.name == name:
                return index
        there = ", ".join(self.names) or "none"
        raise KeyError(f"there is no column `{name}`; there are: {there}")

    def find(self, name: str, type: DataType) -> int:
        """Where the column is that the configuration names.

        Raises :class:`Error` of kind ``config`` that names what there is, or what
        its type is.
        """
        try:
            index = self.index(name)
        except KeyError as error:
            raise Error("config", error.args[0]) from None
        found = self.fields[index].type
        if found != type:
            raise Error("config", f"the column `{name}` is of type {found}, not {type}")
        return index

    def __getitem__(self, name: str) -> Field:
        return self.fields[self.index(name)]

    def __contains__(self, name: object) -> bool:
        return any(field.name == name for field in self.fields)

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)
