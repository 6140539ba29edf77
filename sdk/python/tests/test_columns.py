"""Every value of every type survives, and what does not fit is said."""

import struct
import unittest
from array import array
from datetime import date, datetime, timezone
from decimal import Decimal
from math import inf, nan

from osiris_sdk import Column, DataType, Error, Field, Schema, types
from osiris_sdk.layouts import layout
from osiris_sdk.memory import MemoryBatch
from osiris_sdk.tables import Batch
from osiris_sdk.wire import flatten, unflatten
from tests.samples import SAMPLES, table


class RoundTrip(unittest.TestCase):
    def test_cells_come_back_as_they_went(self):
        for data_type, cells in SAMPLES:
            with self.subTest(str(data_type)):
                column = Column.of(data_type, cells)
                self.assertEqual(column.to_list(), cells)
                self.assertEqual(list(map(type, column)), list(map(type, cells)))
                self.assertEqual(column.null_count, cells.count(None))
                self.assertEqual(Column.of(data_type, column.to_list(raw=True)).to_list(), cells)
                self.assertEqual([column.is_null(i) for i in range(len(cells))],
                                 [cell is None for cell in cells])
                self.assertEqual(Column.of(data_type, []).to_list(), [])

    def test_all_of_them_cross_in_one_batch(self):
        fields, columns = table()
        schema = Schema(fields)
        self.assertEqual(unflatten(flatten(schema)), schema)
        rows = list(zip(*columns))
        batch = Batch(schema, MemoryBatch.of(schema, rows))
        self.assertEqual(list(batch.tuples()), rows)
        self.assertEqual([column.to_list() for column in batch.columns()], columns)

    def test_minus_zero_and_nan_stay(self):
        for data_type in (types.float16, types.float32, types.float64):
            zero, strange = Column.of(data_type, [-0.0, nan]).to_list()
            self.assertEqual(struct.pack("d", zero), struct.pack("d", -0.0))
            self.assertNotEqual(strange, strange)

    def test_numbers_need_no_objects(self):
        column = Column.of(types.int64, array("q", [1, 2, 3]))
        self.assertEqual(sum(column.values), 6)
        self.assertEqual(column.values.format, "q")
        with self.assertRaisesRegex(TypeError, "utf8 has no values of a fixed width"):
            _ = Column.of(types.utf8, ["a"]).values

    def test_arrow_may_leave_more_than_is_needed(self):
        column = Column(types.int32, 1, 1, b"\0\xff", [b"\1\0\0\0\2\0\0\0"])
        self.assertEqual(column.to_list(), [None])
        column = Column(types.utf8, 1, 0, b"", [b"\1\0\0\0\3\0\0\0", b"abcd"])
        self.assertEqual(column.to_list(), ["bc"])


class Misfits(unittest.TestCase):
    def refused(self, data_type, cell, words):
        with self.assertRaises(Error) as caught:
            Column.of(data_type, [None, cell])
        self.assertEqual(caught.exception.kind, "data")
        self.assertIn(words, caught.exception.message)
        self.assertTrue(caught.exception.message.startswith("row 1: "), caught.exception.message)

    def test_nothing_is_changed_silently(self):
        for data_type, cell, words in [
            (types.null, 1, "1 is no null: only None is"),
            (types.bool_, 1, "1 is no bool: a bool is wanted"),
            (types.int8, 128, "128 is no int8"),
            (types.uint64, -1, "-1 is no uint64"),
            (types.int64, 1.0, "1.0 is no int64"),
            (types.int64, True, "a bool is no integer here"),
            (types.int64, "1", "'1' is no int64"),
            (types.float64, 2**53 + 1, "no float is exactly this integer"),
            (types.float32, 1e39, "is no float32"),
            (types.float16, 1e5, "is no float16"),
            (types.utf8, b"a", "is no utf8"),
            (types.utf8, "\ud800", "is no utf8"),
            (types.binary, "a", "bytes are wanted"),
            (types.fixed_size_binary(2), b"a", "it has 1 bytes"),
            (types.decimal(4, 2), Decimal("100"), "it has too many digits"),
            (types.decimal(4, 2), Decimal("1.005"), "it has more than 2 digits after the point"),
            (types.decimal(4, 2), Decimal("1E-400"), "more than 2 digits"),
            (types.decimal(4, 2), Decimal("1E+400"), "too many digits"),
            (types.decimal(4, 2), Decimal("NaN"), "it is no number"),
            (types.decimal(4, 2), 1.5, "a decimal.Decimal or an int is wanted"),
            (types.date32, datetime(2024, 1, 1), "a date or an int is wanted"),
            (types.date32, "2024-01-01", "a date or an int is wanted"),
            (types.timestamp("s"), datetime(2024, 1, 1, 0, 0, 0, 1), "too coarse"),
            (types.timestamp("s"), datetime(2024, 1, 1, tzinfo=timezone.utc), "has no zone"),
            (types.timestamp("s", "UTC"), datetime(2024, 1, 1), "it has no zone, the type has"),
            (types.time("us"), 1.5, "a time or an int is wanted"),
            (types.list_(types.int8), "abc", "a list is wanted"),
            (types.list_(types.int8), [1, 300], "300 is no int8"),
            (types.fixed_size_list(types.int8, 2), [1], "it has 1 values"),
            (types.struct([Field("a", types.int8)]), {"b": 1}, "it has no 'b'"),
            (types.struct([Field("a", types.int8)]), [1], "a dict or a tuple is wanted"),
        ]:
            with self.subTest(f"{data_type} {cell!r}"):
                self.refused(data_type, cell, words)

    def test_what_datetime_cannot_hold_is_there_raw(self):
        column = Column.of(types.date32, [3_000_000, None])
        with self.assertRaisesRegex(ValueError, "beyond what Python's date holds.*raw=True"):
            column.to_list()
        self.assertEqual(column.to_list(raw=True), [3_000_000, None])
        with self.assertRaisesRegex(ValueError, "it is no whole day"):
            Column.of(types.date64, [1]).to_list()
        with self.assertRaisesRegex(ValueError, "it is not within a day"):
            Column.of(types.time("s"), [86_400]).to_list()

    def test_a_zone_is_kept_by_name(self):
        prague = types.timestamp("us", "Europe/Prague")
        self.assertEqual((prague.zone, types.timestamp("us").zone), ("Europe/Prague", None))
        self.assertEqual(types.duration("s").zone, None)
        self.assertEqual(
            Column.of(prague, [datetime(2024, 1, 1, tzinfo=timezone.utc)])[0].tzinfo, timezone.utc
        )

    def test_unknown_types_are_refused(self):
        for format in ["vu", "+m", "d:1", "w:x", "l:", "tsx:", ""]:
            with self.subTest(format), self.assertRaises(Error) as caught:
                layout(DataType(format))
            self.assertIn(caught.exception.kind, ("unsupported", "internal"))

    def test_types_have_names(self):
        for data_type, name in [
            (types.timestamp("us", "UTC"), "timestamp[us, UTC]"),
            (types.decimal(10, 2), "decimal(10, 2)"),
            (types.list_(types.fixed_size_list(types.int8, 3)), "list<fixed_size_list[3]<int8>>"),
            (types.struct([Field("a", types.time("ms"))]), "struct<a: time[ms]>"),
            (types.fixed_size_binary(16), "fixed_size_binary[16]"),
            (DataType("?"), "'?'"),
        ]:
            self.assertEqual(str(data_type), name)

    def test_floats_may_be_infinite(self):
        self.assertEqual(Column.of(types.float32, [inf, 1.0]).to_list(), [inf, 1.0])


if __name__ == "__main__":
    unittest.main()
