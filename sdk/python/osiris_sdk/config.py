"""Makes an author's dataclass of a configuration."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from .errors import Error

_T = TypeVar("_T")

_NAMES = {"str": "text", "int": "an integer", "float": "a number", "bool": "true or false"}


def make(wanted: type[_T], given: Any, where: str = "config") -> _T:
    """A value of the wanted class, of what JSON held.

    A dataclass takes the fields that it has and leaves others alone; a field's
    ``metadata={"name": "from"}`` says what it is called in the configuration.
    Raises :class:`Error` of kind ``config`` that names the field.
    """
    made: _T = _make(wanted, given, where)
    return made


def _make(wanted: Any, given: Any, where: str) -> Any:
    if wanted is Any or wanted is object:
        return given
    if dataclasses.is_dataclass(wanted):
        return _dataclass(wanted, given, where)
    kind, parts = get_origin(wanted) or wanted, get_args(wanted)
    if kind is Literal:
        # To Python, 1 is True.
        if not any(type(part) is type(given) and part == given for part in parts):
            raise Error("config", f"{where} is one of {', '.join(map(repr, parts))}, not {given!r}")
        return given
    if kind in (Union, types.UnionType):
        return _union(parts, given, where)
    if kind in (list, tuple, Sequence) and isinstance(given, list):
        item = parts[0] if parts else Any
        values = [_make(item, value, f"{where}[{index}]") for index, value in enumerate(given)]
        return tuple(values) if kind is tuple else values
    if kind in (dict, Mapping) and isinstance(given, dict):
        item = parts[1] if parts else Any
        return {key: _make(item, value, f"{where}.{key}") for key, value in given.items()}
    if kind is float and type(given) is int:
        return float(given)
    if kind is int and type(given) is float and given.is_integer():
        # JSON Schema takes 1.0 for an integer.
        return int(given)
    if kind is type(None) and given is None or type(given) is kind:
        return given
    raise Error("config", f"{where} is to be {_name(kind)}, not {_name(type(given))}")


def _dataclass(wanted: Any, given: Any, where: str) -> Any:
    if not isinstance(given, dict):
        raise Error("config", f"{where} is to be a mapping, not {_name(type(given))}")
    hints, values = get_type_hints(wanted), {}
    for field in dataclasses.fields(wanted):
        if not field.init:
            continue
        name = field.metadata.get("name", field.name)
        if name in given:
            values[field.name] = _make(hints[field.name], given[name], f"{where}.{name}")
        elif field.default is dataclasses.MISSING and (
            field.default_factory is dataclasses.MISSING
        ):
            raise Error("config", f"{where}.{name} is missing")
    return wanted(**values)


def _union(parts: Sequence[Any], given: Any, where: str) -> Any:
    failure: Error | None = None
    for part in parts:
        try:
            return _make(part, given, where)
        except Error as error:
            # Of `int | None`, what is wrong with the integer is worth saying.
            failure = failure or error
    raise failure or Error("config", f"{where} has no type")


def _name(kind: Any) -> str:
    if kind is type(None):
        return "nothing"
    if kind in (list, tuple, Sequence):
        return "a list"
    if kind in (dict, Mapping):
        return "a mapping"
    name = getattr(kind, "__name__", str(kind))
    return _NAMES.get(name, name)
