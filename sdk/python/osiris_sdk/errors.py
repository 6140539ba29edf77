"""What a driver says when it fails."""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal[
    "config",
    "auth",
    "permission",
    "network",
    "timeout",
    "not-found",
    "data",
    "upstream",
    "cancelled",
    "unsupported",
    "internal",
]
"""What went wrong, in a form that the host can act on."""

KINDS: tuple[Kind, ...] = get_args(Kind)

# What may pass by itself.
_PASSING = ("network", "timeout")


class Error(Exception):
    """A failure. Its kind decides what the host does, its message tells the user what to do.

    No secrets in the message. Whether the same call may succeed later is
    guessed from the kind unless ``retryable`` says it.
    """

    kind: Kind
    message: str
    retryable: bool

    def __init__(self, kind: Kind, message: str, retryable: bool | None = None) -> None:
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no kind of failure; there are {', '.join(KINDS)}")
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retryable = kind in _PASSING if retryable is None else retryable

    def context(self, doing: str) -> Error:
        """The same failure with what was being done in front: ``reading a.csv: disk full``."""
        return Error(self.kind, f"{doing}: {self.message}", self.retryable)

    def __repr__(self) -> str:
        return f"Error({self.kind!r}, {self.message!r}, retryable={self.retryable})"


def from_os(error: OSError) -> Error:
    """What the operating system, or the sandbox, refused."""
    kind: Kind = "internal"
    for known, its_kind in _OS_KINDS:
        if isinstance(error, known):
            kind = its_kind
            break
    why = error.strerror or str(error) or type(error).__name__
    return Error(kind, why if error.filename is None else f"{error.filename}: {why}")


_OS_KINDS: tuple[tuple[type[OSError], Kind], ...] = (
    (FileNotFoundError, "not-found"),
    (PermissionError, "permission"),
    (TimeoutError, "timeout"),
    (ConnectionError, "network"),
)
