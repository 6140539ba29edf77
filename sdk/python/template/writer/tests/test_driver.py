"""The driver, run natively between tables in memory."""

import tempfile
import unittest
from math import inf
from pathlib import Path

from osiris_sdk import Error, types
from osiris_sdk.testing import Table, run
from {{module}} import Writer

COLUMNS = {"name": types.utf8, "age": types.int64, "height": types.float64}
ROWS = [("Ada", 36, 1.65), (None, None, None)]


class WriterTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "out/people.jsonl"

    def write(self, table, **options):
        return run(Writer, {"path": str(self.path)}, inputs=[table], mode="write", **options)

    def refused(self, kind, table, **options):
        with self.assertRaises(Error) as caught:
            self.write(table, **options)
        self.assertEqual(caught.exception.kind, kind)
        return str(caught.exception)

    def test_rows_become_lines(self):
        report = self.write(Table(COLUMNS, ROWS))
        self.assertEqual(report.summary.rows_written, 2)
        self.assertEqual(
            self.path.read_text(),
            '{"name": "Ada", "age": 36, "height": 1.65}\n'
            '{"name": null, "age": null, "height": null}\n',
        )

    def test_nothing_is_left_when_the_step_before_fails_or_the_run_is_cancelled(self):
        failure = Error("upstream", "the step before failed")
        self.refused("upstream", Table(COLUMNS, ROWS, then=failure))
        self.refused("cancelled", Table(COLUMNS, ROWS), cancel_after=1)
        self.assertEqual(list(self.path.parent.iterdir()), [])

    def test_a_column_without_a_place_in_json_is_named(self):
        said = self.refused("unsupported", Table({"raw": types.binary}))
        self.assertIn("the column `raw`", said)

    def test_a_number_that_json_lacks_is_an_error(self):
        said = self.refused("data", Table({"x": types.float64}, [[inf]]))
        self.assertIn("row 0", said)


if __name__ == "__main__":
    unittest.main()
