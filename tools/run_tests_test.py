#!/usr/bin/python3
"""Proves that tools/run_tests.py counts what each kind of runner says, and loses no failure."""

import importlib.util
import sys
import unittest
from pathlib import Path

spec = importlib.util.spec_from_file_location("run_tests", Path(__file__).with_name("run_tests.py"))
run_tests = importlib.util.module_from_spec(spec)
sys.modules["run_tests"] = run_tests  # its dataclasses look themselves up there
spec.loader.exec_module(run_tests)


class Counting(unittest.TestCase):
    def expect(self, output, succeeded, passed, failed, skipped=0):
        count = run_tests.count_cases(output, succeeded)
        self.assertEqual((count.passed, count.failed, count.skipped), (passed, failed, skipped))

    def test_googletest(self):
        self.expect("[==========] 3 tests ran.\n[  PASSED  ] 3 tests.\n", True, 3, 0)
        self.expect("[  PASSED  ] 1 test.\n", True, 1, 0)
        self.expect(
            "[  FAILED  ] Room.closes (0 ms)\n"
            "[  PASSED  ] 40 tests.\n"
            "[  SKIPPED ] 2 tests, listed below:\n[  SKIPPED ] Room.waits\n"
            "[  FAILED  ] 1 test, listed below:\n[  FAILED  ] Room.closes\n\n 1 FAILED TEST\n",
            False, 40, 1, 2,
        )

    def test_unittest(self):
        self.expect("...\nRan 21 tests in 0.1s\n\nOK\n", True, 21, 0)
        self.expect("Ran 1 test in 0.1s\n\nOK (skipped=1)\n", True, 0, 0, 1)
        self.expect(
            "Ran 9 tests in 0.1s\n\nFAILED (failures=1, errors=2, skipped=1)\n", False, 5, 3, 1
        )

    def test_node_in_both_of_its_styles(self):
        self.expect("# tests 5\n# pass 4\n# fail 0\n# cancelled 0\n# skipped 1\n", True, 4, 0, 1)
        self.expect("ℹ tests 5\nℹ pass 3\nℹ fail 1\nℹ cancelled 1\nℹ skipped 0\n", False, 3, 2)

    def test_the_plain_line(self):
        self.expect("some words\n7 passed, 0 failed\n", True, 7, 0)
        self.expect("total: 7 passed, 2 failed, 1 skipped\n", False, 7, 2, 1)

    def test_a_runner_that_does_not_count_is_one_case(self):
        self.expect("The floors hold.\n", True, 1, 0)
        self.expect("", False, 0, 1)

    def test_a_crash_after_passed_cases_is_a_failure(self):
        self.expect("[  PASSED  ] 3 tests.\nSegmentation fault\n", False, 3, 1)

    def test_what_only_looks_like_a_count_is_none(self):
        self.expect("we passed, 3 failed\n  5 passed, 1 failed\n", True, 1, 0)


if __name__ == "__main__":
    unittest.main()
