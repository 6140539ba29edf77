"""Keeps the texts that are long enough, with their lengths."""

from dataclasses import dataclass

from osiris_sdk import Context, Driver, Error, Field, Input, Output, Schema, Step, export, types


@dataclass
class Config:
    """A step's configuration, which the host has checked against `spec.yaml`."""

    column: str
    # The default in `spec.yaml`; the host fills it in, a native test does not.
    minimum: int = 1


class Processor(Driver[Config]):
    """The driver."""

    def run(self, ctx: Context, step: Step[Config], inputs: list[Input], output: Output) -> None:
        if len(inputs) != 1:
            raise Error("unsupported", "this driver takes one table")
        (table,) = inputs
        column, minimum = step.config.column, step.config.minimum
        table.schema.find(column, types.utf8)
        output.open(
            Schema([Field(column, types.utf8, False), Field("characters", types.int64, False)])
        )
        for batch in table:
            # Only this column is copied from the host.
            kept = [text for text in batch[column] if text is not None and len(text) >= minimum]
            output.send([kept, map(len, kept)])


export(Processor)
