"""Reads a file of JSON lines."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal

from osiris_sdk import Context, Driver, Error, Field, Input, Output, Schema, Step, export, types


@dataclass
class Column:
    """A field to read."""

    name: str
    kind: Literal["text", "integer", "number", "boolean"] = field(
        default="text", metadata={"name": "type"}
    )


@dataclass
class Config:
    """A step's configuration, which the host has checked against `spec.yaml`."""

    path: str
    columns: list[Column]


# Of each kind, its type in the table, its classes in JSON, and how it is said.
KINDS = {
    "text": (types.utf8, (str,), "text"),
    "integer": (types.int64, (int,), "an integer of 64 bits"),
    "number": (types.float64, (int, float), "a number"),
    "boolean": (types.bool_, (bool,), "true or false"),
}
INT64 = range(-(1 << 63), 1 << 63)


class Extractor(Driver[Config]):
    """The driver."""

    def run(self, ctx: Context, step: Step[Config], inputs: list[Input], output: Output) -> None:
        config = step.config
        with open(config.path, "rb") as file:
            output.open(Schema(Field(each.name, KINDS[each.kind][0]) for each in config.columns))
            # Waits while the steps behind are busy, and fails once the run is cancelled.
            output.send_rows(rows(file, config))


def rows(lines: Any, config: Config) -> Iterator[list[Any]]:
    """The row of each line."""
    for number, line in enumerate(lines, 1):
        try:
            yield row(line, config.columns)
        except Error as error:
            raise error.context(f"{config.path}, line {number}") from None


def row(line: bytes, columns: list[Column]) -> list[Any]:
    """The values of a line."""
    try:
        # As text: Python would guess at the encoding of bytes, and take others than JSON has.
        values = json.loads(line.decode(), parse_constant=refuse)
    except ValueError as error:
        raise Error("data", f"this is no JSON object: {error}") from None
    if not isinstance(values, dict):
        raise Error("data", "this is no JSON object")
    return [value(values.get(column.name), column) for column in columns]


def value(given: Any, column: Column) -> Any:
    """A value, if it is one of the column's kind."""
    if given is None:
        return None
    _, classes, said = KINDS[column.kind]
    fits = type(given) in classes
    if fits and column.kind == "integer":
        fits = given in INT64
    if fits and column.kind == "number":
        # Python reads 1e999 as infinity.
        fits = isfinite(given)
    if not fits:
        shown = json.dumps(given, ensure_ascii=False)
        raise Error("data", f"`{column.name}` is {shown}, not {said}")
    return given


def refuse(constant: str) -> None:
    """Python takes NaN and infinities, which JSON does not have."""
    raise ValueError(f"{constant} is no number")


export(Extractor)
