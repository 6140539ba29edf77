"""Counts words. The same driver in other languages lies in ``sdk/*/examples/word_count``."""

import re
from collections import Counter
from dataclasses import dataclass

from osiris_sdk import Context, Driver, Error, Field, Health, Input, Output, Schema, Step, export, types

WORD = re.compile(r"[^ \t\n\f\r]+")


@dataclass
class Config:
    """A step's configuration. The host fills in the spec's defaults, a native test has these."""

    column: str = "text"
    minimum: int = 1


class WordCount(Driver[Config]):
    """The driver."""

    def run(self, ctx: Context, step: Step[Config], inputs: list[Input], output: Output) -> None:
        if len(inputs) != 1:
            raise Error("config", "this driver takes one table")
        table, config = inputs[0], step.config
        table.schema.find(config.column, types.utf8)
        output.open(Schema([Field("word", types.utf8, False), Field("count", types.int64, False)]))
        counts: Counter[str] = Counter()
        for batch in table:
            for text in batch[config.column]:
                if text is not None:
                    counts.update(WORD.findall(text))
        words = [(word, count) for word, count in counts.items() if count >= config.minimum]
        words.sort(key=lambda pair: (-pair[1], pair[0]))
        output.send_rows(words)

    def doctor(self, ctx: Context, connection: dict[str, object], timeout: float) -> Health:
        return Health("ok", "there is nothing to connect to")


export(WordCount)
