"""Write osiris drivers in Python.

A driver is a subclass of :class:`Driver` in a module that ends with
:func:`export`. ``osiris drivers build`` makes a component of it;
:mod:`osiris_sdk.testing` runs it natively.
"""

from . import types
from .column import Column
from .context import Context
from .driver import (
    Dataset,
    DatasetColumn,
    Driver,
    Health,
    Mode,
    Partition,
    Step,
    Summary,
    export,
)
from .errors import Error, Kind
from .schema import DataType, Field, Schema
from .tables import Batch, Input, Output
from .types import DayTime, MonthDayNano

__all__ = [
    "Batch",
    "Column",
    "Context",
    "DataType",
    "Dataset",
    "DatasetColumn",
    "DayTime",
    "Driver",
    "Error",
    "Field",
    "Health",
    "Input",
    "Kind",
    "Mode",
    "MonthDayNano",
    "Output",
    "Partition",
    "Schema",
    "Step",
    "Summary",
    "export",
    "types",
]
