"""Writes a file of JSON lines."""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from osiris_sdk import Context, DataType, Driver, Error, Input, Output, Step, Summary, export, types


@dataclass
class Config:
    """A step's configuration, which the host has checked against `spec.yaml`."""

    path: str


# What has a place in JSON.
WRITTEN: tuple[DataType, ...] = (
    types.null,
    types.bool_,
    types.int8,
    types.int16,
    types.int32,
    types.int64,
    types.float32,
    types.float64,
    types.utf8,
)


class Writer(Driver[Config]):
    """The driver."""

    def run(
        self, ctx: Context, step: Step[Config], inputs: list[Input], output: Output
    ) -> Summary:
        if len(inputs) != 1:
            raise Error("unsupported", "this driver writes one table")
        path = Path(step.config.path)
        # Another name each time: a driver may make files beside its own, but change none there.
        temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
        try:
            rows = write(inputs[0], temporary)
            ctx.check_cancelled()
            temporary.replace(path)
        except BaseException:
            # What went wrong matters more than whether this does, too.
            with suppress(OSError):
                temporary.unlink()
            raise
        return Summary(rows_written=rows)


def write(table: Input, path: Path) -> int:
    """Writes all rows to a new file and returns their number."""
    for field in table.schema:
        # Refuses a column that has no place in JSON before anything is written.
        if field.type not in WRITTEN:
            raise Error(
                "unsupported",
                f"the column `{field.name}` is of type {field.type}, "
                "which this driver does not write",
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = 0
    with open(path, "x", encoding="utf-8", newline="\n") as file:
        for row in table.rows():
            try:
                line = json.dumps(row, ensure_ascii=False, allow_nan=False)
            except ValueError:
                raise Error("data", f"row {rows} holds a number that JSON lacks") from None
            file.write(line + "\n")
            rows += 1
        file.flush()
        os.fsync(file.fileno())
    return rows


export(Writer)
