"""What the host does for a driver while a call runs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import SystemRandom
from typing import Any, Literal, TypeVar

from .errors import Error
from .failure import failure
from .host import Host

Level = Literal["trace", "debug", "info", "warn", "error"]
Unit = Literal["rows", "ms", "bytes", "seconds", "files", "code", "calls"]

_T = TypeVar("_T")
_ATTEMPTS = 3
_FIRST_PAUSE = 1.0
# No second try makes these better.
_FINAL = ("auth", "permission", "config")


class Context:
    """The way to the host."""

    def __init__(self, host: Host, sleep: Callable[[float], None] = time.sleep) -> None:
        self._host = host
        self._sleep = sleep

    def log(self, level: Level, message: str) -> None:
        """Writes to the session's log. No secrets."""
        self._host.log(level, str(message))

    def debug(self, message: str) -> None:
        """Logs what helps to find a fault."""
        self.log("debug", message)

    def info(self, message: str) -> None:
        """Logs what happened."""
        self.log("info", message)

    def warn(self, message: str) -> None:
        """Logs what may be wrong."""
        self.log("warn", message)

    def error(self, message: str) -> None:
        """Logs what is wrong."""
        self.log("error", message)

    def metric(
        self, name: str, value: int | float, unit: Unit, tags: Mapping[str, str] | None = None
    ) -> None:
        """Records a measurement. The host counts rows itself."""
        self._host.metric(name, value, unit, list((tags or {}).items()))

    def event(self, name: str, fields: Mapping[str, Any] | None = None) -> None:
        """Records that something happened; its name is ``category.action``."""
        self._host.event(name, json.dumps(dict(fields or {}), ensure_ascii=False))

    def progress(self, done: int, total: int | None = None) -> None:
        """How far the step is, for the progress bar, in whatever unit it counts."""
        self._host.progress(done, total)

    @property
    def artifacts_dir(self) -> Path:
        """The folder for this step's artifacts."""
        return Path(self._host.artifacts_dir())

    def check_cancelled(self) -> None:
        """Looks whether the run still goes on, and raises :class:`Error` of kind ``cancelled`` if
        not: undo what was done and let it pass. Ask before anything that cannot be undone, and
        now and then in a long loop that does not read or send."""
        self._host.check_cancelled()

    def load_state(self) -> Any:
        """What this step saved in its last successful run; ``None`` the first time."""
        state = self._host.load_state()
        return None if state is None else json.loads(state)

    def save_state(self, state: Any) -> None:
        """Saves anything that JSON can hold for the next run. It is kept only if this whole run
        succeeds."""
        self._host.save_state(json.dumps(state, ensure_ascii=False))

    def retry(self, operation: Callable[[], _T]) -> _T:
        """Does something that may fail for a moment, up to three times, with pauses of about 1 and
        2 seconds. Only a retryable failure gets another attempt, and never one of kind auth,
        permission or config."""
        for attempt in range(1, _ATTEMPTS):
            try:
                return operation()
            except (Error, OSError) as error:
                known = failure(error)
                if not known.retryable or known.kind in _FINAL:
                    raise
            # Steps that failed together are not to come back together.
            pause = _FIRST_PAUSE * 2 ** (attempt - 1) + SystemRandom().random()
            self.warn(
                f"attempt {attempt} of {_ATTEMPTS} failed, "
                f"the next one comes in {pause:.1f} s: {known.message}"
            )
            self.check_cancelled()
            self._sleep(pause)
            self.check_cancelled()
        return operation()
