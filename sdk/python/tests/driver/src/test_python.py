"""Sends on its input in one of the ways that the SDK has, or does what a test asks for."""

import random
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from osiris_sdk import (
    Column,
    Context,
    Dataset,
    DatasetColumn,
    Driver,
    Error,
    Health,
    Input,
    Output,
    Step,
    export,
    types,
)


@dataclass
class Config:
    """Which way."""

    how: str


def forward(table: Input, output: Output) -> None:
    for batch in table:
        output.forward(batch)


def columns(table: Input, output: Output) -> None:
    for batch in table:
        output.send(batch.columns())


def cells(table: Input, output: Output) -> None:
    for batch in table:
        output.send([Column.of(column.type, list(column)) for column in batch.columns()])


def rows(table: Input, output: Output) -> None:
    output.send_rows(table.rows())


def tuples(table: Input, output: Output) -> None:
    output.send_rows(table.tuples())


def raw(table: Input, output: Output) -> None:
    output.send_rows(table.rows(raw=True))


def one_off(table: Input, output: Output) -> None:
    output.send_rows({**row, "id": row["id"] + 1} for row in table.rows())


def crash(table: Input, output: Output) -> None:
    {}["nope"]


def leave(table: Input, output: Output) -> None:
    sys.exit(3)


def lazy(table: Input, output: Output) -> None:
    import csv  # noqa: F401


def misfit(table: Input, output: Output) -> None:
    output.send_rows([{"id": "one"}])


def refuse(table: Input, output: Output) -> None:
    raise Error("network", "nobody is there", retryable=True)


WAYS = [forward, columns, cells, rows, tuples, raw, one_off, crash, leave, lazy, misfit, refuse]


class Python(Driver[Config]):
    """The driver."""

    def run(self, ctx: Context, step: Step[Config], inputs: list[Input], output: Output) -> None:
        if step.config.how == "talk":
            talk(ctx)
        ways = {way.__name__: way for way in WAYS}
        output.open(inputs[0].schema)
        ways.get(step.config.how, forward)(inputs[0], output)

    def discover(self, ctx: Context, config: Config) -> list[Dataset]:
        column = DatasetColumn("id", types.int64, "bigint", nullable=False, primary_key=True)
        return [Dataset("numbers", "table", [column], estimated_rows=3)]

    def doctor(self, ctx: Context, connection: dict[str, Any], timeout: float) -> Health:
        return Health("ok", f"within {timeout:g} s", 0.5)


def talk(ctx: Context) -> None:
    """Says something in every way that there is."""
    print("printed")
    ctx.info("logged")
    ctx.warn("warned")
    ctx.metric("pages", 2, "calls", {"of": "x"})
    ctx.metric("ratio", 0.5, "seconds")
    ctx.event("page.read", {"page": 1})
    ctx.progress(1, 2)
    ctx.check_cancelled()
    (ctx.artifacts_dir / "note.txt").write_text("kept")
    before = ctx.load_state() or {"runs": 0}
    ctx.save_state({"runs": before["runs"] + 1})
    ctx.info(f"run {before['runs'] + 1}, {datetime.strptime('2024-02-29', '%Y-%m-%d'):%d.%m.%Y}")
    ctx.info(f"random {random.getrandbits(64)}")


export(Python)
