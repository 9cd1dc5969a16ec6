"""The conformance suites count what they should."""

import contextlib
import io
import unittest

from conformance_suite import Case, Failure, Outcome, Report
from transport import only_over


def holds(_):
    pass


def breaks(_):
    raise Failure("it broke")


def stumbles(_):
    raise ValueError("no number")


@only_over("websocket", "it needs no session")
class Counting(unittest.TestCase):
    def report(self, function, **marks):
        """(passed, failed, skipped) of one case, what was said of it, and the exit code."""
        case = Case("group", "name", function, **marks)
        report = Report({case: "  1 group: name"})
        with contextlib.redirect_stdout(io.StringIO()) as said:
            report.add(Outcome(case, None))
            code = report.finish()
        return (report.passed, report.failed, report.skipped), said.getvalue().splitlines(), code

    def test_what_holds_is_counted_and_not_told(self):
        self.assertEqual(self.report(holds), ((1, 0, 0), ["1 passed, 0 failed"], 0))

    def test_a_failure_is_told_in_its_own_words(self):
        self.assertEqual(self.report(breaks), (
            (0, 1, 0), ["FAILED   1 group: name: it broke", "0 passed, 1 failed"], 1))

    def test_an_error_of_any_kind_is_a_failure(self):
        self.assertEqual(self.report(stumbles), (
            (0, 1, 0), ["FAILED   1 group: name: ValueError: no number", "0 passed, 1 failed"], 1))

    def test_a_known_limit_that_holds_us_back_is_told_and_skipped(self):
        counts, said, _ = self.report(breaks, known_limit="the library")
        self.assertEqual(counts, (0, 0, 1))
        self.assertEqual(said, ["known limit: group: name: the library",
                                "0 passed, 0 failed, 1 skipped"])

    def test_a_known_limit_that_is_gone_is_a_failure(self):
        counts, said, code = self.report(holds, known_limit="the library")
        self.assertEqual((counts, code), ((0, 1, 0), 1))
        self.assertIn("its known limit can be removed", said[0])
