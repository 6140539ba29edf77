"""The driver, run natively between tables in memory."""

import tempfile
import unittest
from pathlib import Path

from osiris_sdk import Error
from osiris_sdk.testing import run
from {{module}} import Extractor

COLUMNS = [
    {"name": "name"},
    {"name": "age", "type": "integer"},
    {"name": "height", "type": "number"},
    {"name": "member", "type": "boolean"},
]


class ExtractorTest(unittest.TestCase):
    def extract(self, content, **options):
        """Runs a step that reads a file with this content."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "in.jsonl"
            path.write_text(content, encoding="utf-8")
            return run(Extractor, {"path": str(path), "columns": COLUMNS}, **options)

    def refused(self, kind, call, *arguments, **options):
        with self.assertRaises(Error) as caught:
            call(*arguments, **options)
        self.assertEqual(caught.exception.kind, kind)
        return str(caught.exception)

    def test_lines_become_rows(self):
        report = self.extract(
            '{"name": "Ada", "age": 36, "height": 1.65, "member": true, "more": []}\n'
            '{"age": null}\n'
        )
        self.assertEqual(report.tuples, [("Ada", 36, 1.65, True), (None, None, None, None)])

    def test_an_empty_file_is_a_table_without_rows(self):
        self.assertEqual(self.extract("").rows, [])

    def test_what_does_not_fit_is_named_with_its_line(self):
        for content, message in [
            ('{}\n{"age": "old"}\n', 'line 2: `age` is "old", not an integer of 64 bits'),
            ('{"age": 9223372036854775808}', "not an integer of 64 bits"),
            ('{"height": NaN}', "line 1: this is no JSON object: NaN is no number"),
            ('{"height": 1e999}', "line 1: `height` is Infinity, not a number"),
            ("{}\n[]\n", "line 2: this is no JSON object"),
            ('{"name": 1}', "line 1: `name` is 1, not text"),
        ]:
            self.assertIn(message, self.refused("data", self.extract, content))

    def test_a_missing_file_is_not_found(self):
        config = {"path": "/nowhere/in.jsonl", "columns": COLUMNS}
        with self.assertRaises(FileNotFoundError):
            run(Extractor, config)

    def test_a_cancelled_run_stops(self):
        self.refused("cancelled", self.extract, '{"name": "Ada"}\n', cancel_after=0)


if __name__ == "__main__":
    unittest.main()
