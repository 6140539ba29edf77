"""The driver, run natively between tables in memory."""

import unittest

from osiris_sdk import Error, types
from osiris_sdk.testing import Table, doctor, run
from word_count import WordCount

COLUMNS = {"id": types.int64, "text": types.utf8}


def count(rows, **config):
    return run(WordCount, config, inputs=[Table(COLUMNS, rows, batch=3)])


class WordCountTest(unittest.TestCase):
    def test_words_are_counted_most_frequent_first(self):
        rows = [(1, "b a\tb"), (2, None), (3, ""), (4, "c b\n a")]
        self.assertEqual(count(rows).tuples, [("b", 3), ("a", 2), ("c", 1)])
        self.assertEqual(count(rows, minimum=2).tuples, [("b", 3), ("a", 2)])

    def test_words_that_are_as_frequent_come_by_code_points(self):
        words = count([(1, "\U0001f600 \uff5e z Z é\xa0é")]).rows
        self.assertEqual(
            [row["word"] for row in words], ["Z", "z", "é\xa0é", "\uff5e", "\U0001f600"]
        )

    def test_a_column_that_cannot_be_used_is_named(self):
        for column, message in [
            ("txt", "there is no column `txt`; there are: id, text"),
            ("id", "the column `id` is of type int64, not utf8"),
        ]:
            with self.assertRaises(Error) as caught:
                count([], column=column)
            self.assertEqual((caught.exception.kind, str(caught.exception)), ("config", message))

    def test_there_is_nothing_to_connect_to(self):
        self.assertEqual(doctor(WordCount).category, "ok")


if __name__ == "__main__":
    unittest.main()
