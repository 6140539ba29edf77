"""The three calls of the contract, for any host."""

from __future__ import annotations

import json
from typing import Any

from . import config
from .context import Context
from .driver import Dataset, Driver, Health, Mode, Step, Summary
from .errors import Error
from .failure import failure
from .tables import Input, Output


def run(
    driver: type[Driver[Any]],
    ctx: Context,
    step: Step[str],
    inputs: list[Input],
    output: Output,
) -> Summary:
    """Runs a step, whose configuration is JSON."""
    made = driver()
    given = config.make(driver.config_class, json.loads(step.config))
    mode: Mode = step.mode
    summary = made.run(ctx, Step(step.id, mode, given, step.partition), inputs, output)
    if summary is None:
        return Summary()
    if not isinstance(summary, Summary):
        raise Error("internal", f"run returns a Summary or None, not {type(summary).__name__}")
    return summary


def discover(driver: type[Driver[Any]], ctx: Context, given: str) -> list[Dataset]:
    """Lists what is there."""
    return list(driver().discover(ctx, config.make(driver.config_class, json.loads(given))))


def doctor(
    driver: type[Driver[Any]], ctx: Context, connection: str, timeout_ms: int
) -> Health:
    """Checks a connection; never fails."""
    try:
        return driver().doctor(ctx, json.loads(connection), timeout_ms / 1000)
    except Exception as error:
        known = failure(error)
        if known.kind in ("auth", "network", "permission", "timeout"):
            return Health(known.kind, known.message)
        return Health("unknown", known.message)
