"""A configuration becomes the author's class, or the user is told which field does not fit."""

import unittest
from dataclasses import dataclass, field
from typing import Any, Literal

from osiris_sdk import Error
from osiris_sdk.config import make


@dataclass
class Connection:
    host: str
    port: int = 443


@dataclass
class Config:
    resolved_connection: Connection
    columns: list[str] = field(default_factory=list)
    limit: int | None = None
    ratio: float = 1.0
    mode: Literal["fast", "exact", 1] = "fast"
    tags: dict[str, int] = field(default_factory=dict)
    extra: Any = None
    source: str = field(default="here", metadata={"name": "from"})


HOST = {"resolved_connection": {"host": "h"}}


class ConfigTest(unittest.TestCase):
    def test_what_is_given_is_taken_and_defaults_stay(self):
        config = make(Config, {
            "resolved_connection": {"host": "h", "port": 1.0, "unknown": 1},
            "columns": ["a"], "limit": None, "ratio": 2, "mode": "exact", "tags": {"a": 1},
            "extra": {"x": [1]}, "from": "there",
        })
        self.assertEqual(config, Config(
            Connection("h", 1), ["a"], None, 2.0, "exact", {"a": 1}, {"x": [1]}, "there"
        ))
        self.assertEqual(type(config.ratio), float)
        self.assertEqual(make(Config, HOST).source, "here")
        self.assertEqual(make(dict, {"a": 1}), {"a": 1})

    def test_what_does_not_fit_is_named(self):
        for given, message in [
            ({}, "config.resolved_connection is missing"),
            ([], "config is to be a mapping, not a list"),
            ({"resolved_connection": {}}, "config.resolved_connection.host is missing"),
            ({"resolved_connection": {"host": 1}},
             "config.resolved_connection.host is to be text, not an integer"),
            (HOST | {"columns": ["a", 1]}, "config.columns[1] is to be text, not an integer"),
            (HOST | {"columns": "a"}, "config.columns is to be a list, not text"),
            (HOST | {"limit": "1"}, "config.limit is to be an integer, not text"),
            (HOST | {"limit": True}, "config.limit is to be an integer, not true or false"),
            (HOST | {"limit": 1.5}, "config.limit is to be an integer, not a number"),
            (HOST | {"ratio": None}, "config.ratio is to be a number, not nothing"),
            (HOST | {"mode": "slow"}, "config.mode is one of 'fast', 'exact', 1, not 'slow'"),
            (HOST | {"mode": True}, "config.mode is one of 'fast', 'exact', 1, not True"),
            (HOST | {"tags": {"a": "b"}}, "config.tags.a is to be an integer, not text"),
            (HOST | {"from": 1}, "config.from is to be text, not an integer"),
        ]:
            with self.subTest(message), self.assertRaises(Error) as caught:
                make(Config, given)
            self.assertEqual((caught.exception.kind, str(caught.exception)), ("config", message))
