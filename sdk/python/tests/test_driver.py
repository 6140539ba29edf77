"""A driver meets its host: tables, words, failures."""

import unittest
from dataclasses import dataclass
from pathlib import Path

from osiris_sdk import (
    Column, Dataset, DatasetColumn, Driver, Error, Field, Health, Partition, Schema, Summary,
    export, types,
)
from osiris_sdk.driver import exported
from osiris_sdk.failure import failure
from osiris_sdk.testing import Table, discover, doctor, run

NUMBERS = {"id": types.int64, "text": types.utf8}
ROWS = [(1, "a"), (2, None), (3, "c")]


def transform(act, rows=ROWS, columns=NUMBERS, **options):
    """Runs a function as a driver."""

    class Acts(Driver[dict]):
        def run(self, ctx, step, inputs, output):
            return act(ctx, step, inputs, output)

    return run(Acts, inputs=[Table(columns, rows, batch=2)], **options)


class Tables(unittest.TestCase):
    def test_batches_pass_in_every_way(self):
        def forward(ctx, step, inputs, output):
            output.open(inputs[0].schema)
            for batch in inputs[0]:
                output.forward(batch)

        def columns(ctx, step, inputs, output):
            output.open(inputs[0].schema)
            for batch in inputs[0]:
                output.send(batch.columns())

        def by_name(ctx, step, inputs, output):
            output.open(inputs[0].schema)
            for batch in inputs[0]:
                output.send({"text": list(batch["text"]), "id": batch["id"].values})

        def rows(ctx, step, inputs, output):
            output.open(inputs[0].schema)
            output.send_rows(inputs[0].rows())

        def tuples(ctx, step, inputs, output):
            output.open(inputs[0].schema)
            output.send_rows(inputs[0].tuples())

        for act in (forward, columns, by_name, rows, tuples):
            with self.subTest(act.__name__):
                report = transform(act)
                self.assertEqual(report.tuples, ROWS)
                self.assertEqual(report.rows[0], {"id": 1, "text": "a"})
                self.assertEqual(report.schema, Table(NUMBERS).schema)
                self.assertEqual(transform(act, rows=[]).tuples, [])

    def test_rows_without_columns_are_counted(self):
        def act(ctx, step, inputs, output):
            output.open(Schema([]))
            output.send_rows(() for _ in inputs[0].rows())

        self.assertEqual(transform(act).rows, [{}, {}, {}])

    def test_batches_of_rows_get_a_good_size(self):
        def act(ctx, step, inputs, output):
            output.open(Schema([Field("x", types.utf8)]))
            output.send_rows([text] for text in ["x" * 8] * 40_000 + ["x" * (1 << 20)] * 3)

        sizes = [len(batch) for batch in transform(act).batches]
        self.assertEqual(sum(sizes), 40_003)
        self.assertEqual(sizes[0], 256)
        self.assertGreater(max(sizes), 8_000)

    def test_what_is_sent_must_fit_the_columns(self):
        schema = Schema([Field("id", types.int64, False), Field("text", types.utf8)])
        for send, kind, message in [
            (lambda o: o.send({"id": [1]}), "internal", "the column 'text' is missing"),
            (lambda o: o.send({"id": [1], "text": [""], "x": []}), "internal",
             "the output has no column 'x'"),
            (lambda o: o.send([[1]]), "internal", "1 columns were sent, the output has 2"),
            (lambda o: o.send([[1], []]), "internal",
             "the columns differ in length: 'id' has 1, 'text' has 0"),
            (lambda o: o.send([[1, None], ["", ""]]), "data",
             "column 'id': row 1: a value is missing, and the column is not nullable"),
            (lambda o: o.send([["x"], [""]]), "data", "column 'id': row 0: 'x' is no int64: "),
            (lambda o: o.send([Column.of(types.int8, [1]), [""]]), "internal",
             "column 'id': a column of int8 is no column of int64"),
            (lambda o: o.send_rows([{"id": 1, "txt": 2}]), "internal",
             "row 0: there is no column 'txt'"),
            (lambda o: o.send_rows([(1,)]), "internal", "row 0: 1 values, 2 columns"),
            (lambda o: o.open(schema), "internal", "the output is open already"),
        ]:
            def act(ctx, step, inputs, output, send=send):
                output.open(schema)
                send(output)

            with self.subTest(message), self.assertRaises(Error) as caught:
                transform(act)
            self.assertEqual(caught.exception.kind, kind)
            self.assertTrue(str(caught.exception).startswith(message), str(caught.exception))

    def test_sends_before_open_and_outputs_of_writers_are_refused(self):
        with self.assertRaisesRegex(Error, "send before `output.open`"):
            transform(lambda ctx, step, inputs, output: output.send_rows([]))
        with self.assertRaisesRegex(Error, "this step has no output"):
            transform(lambda ctx, step, inputs, output: output.open(Schema([])), mode="write")

    def test_a_failure_before_and_a_cancel_come_through(self):
        class Reads(Driver[dict]):
            def run(self, ctx, step, inputs, output):
                return Summary(sum(len(batch) for batch in inputs[0]))

        self.assertEqual(
            run(Reads, inputs=[Table(NUMBERS, ROWS)], mode="write").summary.rows_written, 3
        )
        failing = Table(NUMBERS, ROWS, then=Error("upstream", "it failed"))
        for options, kind in [
            ({"inputs": [failing]}, "upstream"),
            ({"inputs": [Table(NUMBERS, ROWS, batch=1)], "cancel_after": 2}, "cancelled"),
        ]:
            with self.assertRaises(Error) as caught:
                run(Reads, mode="write", **options)
            self.assertEqual(caught.exception.kind, kind)


class Words(unittest.TestCase):
    def test_the_host_hears_everything(self):
        def act(ctx, step, inputs, output):
            output.open(Schema([]))
            ctx.info("hello")
            ctx.metric("calls", 2, "calls", {"to": "x"})
            ctx.event("page.read", {"ok": True})
            ctx.progress(1, 2)
            (ctx.artifacts_dir / "a.txt").write_text("x")
            ctx.save_state({"seen": (ctx.load_state() or {}).get("seen", 0) + 1})
            ctx.check_cancelled()

        report = transform(act, state={"seen": 1}, partition=Partition(0, 2))
        self.assertEqual(report.host.logs, [("info", "hello")])
        self.assertEqual(report.host.metrics, [("calls", 2, "calls", {"to": "x"})])
        self.assertEqual(report.host.events, [("page.read", {"ok": True})])
        self.assertEqual(report.host.progressed, [(1, 2)])
        self.assertEqual(report.artifacts, {"a.txt": b"x"})
        self.assertEqual(report.state, {"seen": 2})

    def test_what_may_pass_is_tried_again(self):
        def attempts(error, tries):
            made = []

            def call():
                made.append(1)
                if len(made) < tries:
                    raise error
                return "done"

            def act(ctx, step, inputs, output):
                output.open(Schema([]))
                ctx.info(ctx.retry(call))

            try:
                return transform(act).host.logs[-1][1], len(made)
            except (Error, OSError) as caught:
                return type(caught), len(made)

        self.assertEqual(attempts(Error("network", "x"), 3), ("done", 3))
        self.assertEqual(attempts(ConnectionResetError("x"), 2), ("done", 2))
        self.assertEqual(attempts(Error("network", "x"), 9), (Error, 3))
        self.assertEqual(attempts(Error("auth", "x", retryable=True), 2), (Error, 1))
        self.assertEqual(attempts(FileNotFoundError("x"), 2), (FileNotFoundError, 1))

    def test_discover_and_doctor_answer(self):
        class Knows(Driver[dict]):
            def discover(self, ctx, config):
                return [Dataset(config["name"], "table", [DatasetColumn("id", types.int64)])]

            def doctor(self, ctx, connection, timeout):
                if "host" not in connection:
                    raise TimeoutError("too slow")
                return Health("ok", f"{timeout}")

        self.assertEqual(discover(Knows, {"name": "t"})[0].columns[0].type, types.int64)
        self.assertEqual(doctor(Knows, {"host": "x"}, 2.5), Health("ok", "2.5"))
        self.assertEqual(doctor(Knows).category, "timeout")
        self.assertEqual(doctor(Driver).category, "unknown")
        with self.assertRaisesRegex(Error, "cannot list"):
            discover(Driver)


class Failures(unittest.TestCase):
    def test_an_exception_says_its_type_and_its_line(self):
        def act(ctx, step, inputs, output):
            return {}["nope"]

        try:
            self.fail(transform(act))
        except KeyError as error:
            known = failure(error)
        self.assertEqual(known.kind, "internal")
        line = act.__code__.co_firstlineno + 1
        self.assertRegex(known.message, rf"^KeyError: 'nope' \(.*test_driver\.py:{line}\)$")

    def test_what_the_system_refuses_keeps_its_meaning(self):
        for error, kind, retryable in [
            (FileNotFoundError(2, "No such file", "a.csv"), "not-found", False),
            (PermissionError(13, "no"), "permission", False),
            (TimeoutError("slow"), "timeout", True),
            (ConnectionRefusedError("x"), "network", True),
            (OSError(28, "full"), "internal", False),
        ]:
            known = failure(error)
            self.assertEqual((known.kind, known.retryable), (kind, retryable), error)
        self.assertEqual(
            failure(FileNotFoundError(2, "No such file", "a.csv")).message, "a.csv: No such file"
        )

    def test_kinds_are_the_contracts(self):
        with self.assertRaisesRegex(ValueError, "'oops' is no kind"):
            Error("oops", "x")
        text = Error("data", "x").context("reading a")
        self.assertEqual((text.message, text.kind), ("reading a: x", "data"))

    def test_summaries_are_summaries(self):
        def act(ctx, step, inputs, output):
            output.open(Schema([]))
            return 3

        with self.assertRaisesRegex(Error, "returns a Summary or None, not int"):
            transform(act)


class Exports(unittest.TestCase):
    def test_one_driver_is_exported(self):
        with self.assertRaisesRegex(TypeError, "exports no driver"):
            exported()

        @dataclass
        class Config:
            path: Path

        class One(Driver[Config]):
            pass

        class Two(One):
            pass

        with self.assertRaisesRegex(TypeError, "takes a subclass"):
            export(One())
        export(One)
        export(One)
        self.assertIs(exported(), One)
        self.assertIs(Two.config_class, Config)
        with self.assertRaisesRegex(TypeError, "One is exported already"):
            export(Two)


if __name__ == "__main__":
    unittest.main()
