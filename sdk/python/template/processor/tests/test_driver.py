"""The driver, run natively between tables in memory."""

import unittest

from osiris_sdk import Error, types
from osiris_sdk.testing import Table, run
from {{module}} import Processor

COLUMNS = {"id": types.int64, "name": types.utf8}
ROWS = [(1, "Zoë"), (2, "Al"), (3, None), (4, "Grace")]


def process(then=None, cancel_after=None, **config):
    people = Table(COLUMNS, ROWS, then=then)
    return run(Processor, config, inputs=[people], cancel_after=cancel_after)


class ProcessorTest(unittest.TestCase):
    def test_long_texts_stay_with_their_lengths(self):
        rows = process(column="name", minimum=3).tuples
        self.assertEqual(rows, [("Zoë", 3), ("Grace", 5)])
        rows = process(column="name").tuples
        self.assertEqual(rows, [("Zoë", 3), ("Al", 2), ("Grace", 5)])

    def test_a_column_that_is_missing_or_of_numbers_is_named(self):
        for column, message in [
            ("nmae", "there is no column `nmae`; there are: id, name"),
            ("id", "the column `id` is of type int64, not utf8"),
        ]:
            with self.assertRaises(Error) as caught:
                process(column=column)
            self.assertEqual((caught.exception.kind, str(caught.exception)), ("config", message))

    def test_a_failure_before_it_and_a_cancelled_run_end_it(self):
        with self.assertRaises(Error) as caught:
            process(column="name", then=Error("upstream", "the step before failed"))
        self.assertEqual(caught.exception.kind, "upstream")
        with self.assertRaises(Error) as caught:
            process(column="name", cancel_after=0)
        self.assertEqual(caught.exception.kind, "cancelled")


if __name__ == "__main__":
    unittest.main()
