"""What the host is told of an exception."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from .errors import Error, from_os

_SDK = str(Path(__file__).parent)
_LIBRARY = str(Path(traceback.__file__).parent)


def failure(error: BaseException) -> Error:
    """The failure that an exception is. One that the driver did not foresee is ``internal`` and
    says its type and its place in the driver's own file."""
    if isinstance(error, Error):
        return error
    if isinstance(error, OSError):
        return from_os(error)
    return Error("internal", describe(error))


def describe(error: BaseException) -> str:
    """An exception as one line: ``ZeroDivisionError: division by zero (my_driver.py:12)``."""
    said = str(error)
    text = type(error).__name__ + (f": {said}" if said else "")
    if isinstance(error, ModuleNotFoundError):
        text += "; a component has only what is imported while it is built, at the top of a module"
    place = _place(error)
    return f"{text} ({place})" if place else text


def _place(error: BaseException) -> str | None:
    frames = traceback.extract_tb(error.__traceback__)
    # Neither the SDK's lines nor those of Python's library tell an author anything.
    own = [frame for frame in frames if not frame.filename.startswith((_SDK, _LIBRARY, "<"))]
    if not own:
        return None
    name = own[-1].filename
    for root in sorted(sys.path, key=len, reverse=True):
        if root and name.startswith(root.rstrip("/") + "/"):
            name = name[len(root.rstrip("/")) + 1 :]
            break
    return f"{name}:{own[-1].lineno}"
