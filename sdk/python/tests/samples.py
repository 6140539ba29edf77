"""A column of every type that the contract lets cross, with its most awkward values."""

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from math import inf

from osiris_sdk import DayTime, Field, MonthDayNano, types

UTC = timezone.utc


def integers(bits, signed=True):
    return (
        [-(1 << bits - 1), -1, 0, 1, None, (1 << bits - 1) - 1]
        if signed
        else [0, 1, None, (1 << bits) - 1]
    )


SAMPLES = [
    (types.null, [None, None]),
    (types.bool_, [True, False, None, True, True, False, False, True, None]),
    (types.int8, integers(8)),
    (types.int16, integers(16)),
    (types.int32, integers(32)),
    (types.int64, integers(64)),
    (types.uint8, integers(8, False)),
    (types.uint16, integers(16, False)),
    (types.uint32, integers(32, False)),
    (types.uint64, integers(64, False)),
    (types.float16, [0.0, -1.5, 65504.0, 2.0**-24, inf, None]),
    (types.float32, [0.5, -0.0, 3.4028234663852886e38, inf, -inf, None]),
    (types.float64, [0.1, -0.0, 5e-324, 1.7976931348623157e308, inf, None]),
    (types.utf8, ["", "001", "naïve 🦀", None, "a\0b"]),
    (types.large_utf8, ["plain", "", None]),
    (types.binary, [b"", b"\0\xff", None]),
    (types.large_binary, [b"\xf0", None, b""]),
    (types.fixed_size_binary(3), [b"abc", None, b"\0\0\xff"]),
    (types.decimal(10, 2), [Decimal("1.50"), Decimal("-99999999.99"), Decimal("0.00"), None]),
    (types.decimal(38, 0), [Decimal(10**38 - 1), Decimal(1 - 10**38), None]),
    (types.decimal(5, -3), [Decimal("12E+3"), None, Decimal("-99999E+3")]),
    (types.decimal(9, 9, 32), [Decimal("0.123456789"), None]),
    (types.decimal(18, 4, 64), [Decimal("-12345678901234.5678"), None]),
    (types.decimal(76, 30, 256), [Decimal("-" + "7" * 46 + "." + "3" * 30), None]),
    (types.date32, [date(1, 1, 1), date(1969, 12, 31), date(9999, 12, 31), None]),
    (types.date64, [date(1, 1, 1), date(2024, 2, 29), None]),
    (types.time("s"), [time(0), time(23, 59, 59), None]),
    (types.time("ms"), [time(12, 34, 56, 789_000), None]),
    (types.time("us"), [time(23, 59, 59, 999_999), None, time(0)]),
    (types.time("ns"), [86_399_999_999_999, 1, None]),
    (types.timestamp("s"), [datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59), None]),
    (types.timestamp("ms"), [datetime(1969, 12, 31, 23, 59, 59, 999_000), None]),
    (types.timestamp("us", "UTC"), [datetime(2024, 2, 29, 1, 2, 3, 456_789, UTC), None]),
    (types.timestamp("s", "Europe/Prague"), [datetime(2024, 3, 31, 1, tzinfo=UTC), None]),
    (types.timestamp("ms", "+01:00"), [datetime(2024, 3, 31, 1, tzinfo=UTC), None]),
    (types.timestamp("ns", "UTC"), [(1 << 63) - 1, -(1 << 63), None, 1]),
    (types.duration("s"), [timedelta(days=-3), timedelta(0), None]),
    (types.duration("ms"), [timedelta(milliseconds=1), None]),
    (types.duration("us"), [timedelta(days=999, microseconds=-1), None]),
    (types.duration("ns"), [-1, (1 << 63) - 1, None]),
    (types.interval_months, [-14, 0, None]),
    (types.interval_day_time, [DayTime(-1, 86_400_001), None]),
    (types.interval_month_day_nano, [MonthDayNano(1, -2, 1 << 40), None]),
    (types.list_(types.int32), [[1, None], [], None, [2]]),
    (types.large_list(types.utf8), [["á"], None, []]),
    (types.list_(types.list_(types.bool_)), [[[True], None, []], None, []]),
    (types.fixed_size_list(types.float64, 2), [[0.5, None], None, [1.0, 2.0]]),
    (types.fixed_size_list(types.int8, 0), [[], None]),
    (
        types.struct([Field("a", types.int64), Field("b", types.list_(types.utf8))]),
        [{"a": 1, "b": ["x"]}, None, {"a": None, "b": None}],
    ),
    (types.struct([Field("a", types.int64), Field("a", types.utf8)]), [(1, "x"), None]),
    (types.struct([]), [{}, None]),
]


def table():
    """All samples as columns of one length: their fields and their cells."""
    length = max(len(cells) for _, cells in SAMPLES)
    fields = [Field(f"c{index} {kind}", kind) for index, (kind, _) in enumerate(SAMPLES)]
    columns = [[cells[row % len(cells)] for row in range(length)] for _, cells in SAMPLES]
    return fields, columns
