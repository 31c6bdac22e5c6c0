"""Tests that the count cannot hide a failure."""

import json
import unittest

import count_cases

PASSING = '<testsuites><testcase name="a" status="run"/></testsuites>'
FAILING = (
    '<testsuites><testsuite><testcase name="a" status="run"/>'
    '<testcase name="b" status="run"><failure message="x"/></testcase>'
    "</testsuite></testsuites>"
)
SKIPPED = '<testsuites><testcase name="a" status="notrun"/></testsuites>'


class CountTargetTest(unittest.TestCase):

    def test_counts_cases_that_pass_and_fail(self):
        self.assertEqual(count_cases.CountTarget("PASSED", [PASSING]), (1, 0))
        self.assertEqual(count_cases.CountTarget("FAILED", [FAILING]), (1, 1))

    def test_adds_up_shards(self):
        self.assertEqual(
            count_cases.CountTarget("PASSED", [PASSING, PASSING]), (2, 0)
        )

    def test_a_target_that_was_not_built_is_a_failure(self):
        self.assertEqual(count_cases.CountTarget("NOT BUILT", []), (0, 1))

    def test_a_crash_or_timeout_is_a_failure_even_if_each_case_passed(self):
        for status in ["FAILED", "TIMEOUT", "INCOMPLETE", "NO_STATUS"]:
            with self.subTest(status):
                self.assertEqual(
                    count_cases.CountTarget(status, [PASSING]), (1, 1)
                )

    def test_a_target_that_ran_no_case_is_a_failure(self):
        self.assertEqual(count_cases.CountTarget("PASSED", [SKIPPED]), (0, 1))


class ReadEventsTest(unittest.TestCase):

    def test_finds_status_and_result_of_a_target(self):
        events = [
            {"id": {"pattern": {}}},
            {
                "id": {"testResult": {"label": "//a:b"}},
                "testResult": {
                    "testActionOutput": [
                        {"name": "test.log", "uri": "file:///x/test.log"},
                        {"name": "test.xml", "uri": "file:///x/a%20b/test.xml"},
                    ]
                },
            },
            {
                "id": {"testSummary": {"label": "//a:b"}},
                "testSummary": {"overallStatus": "PASSED"},
            },
            {"id": {"testSummary": {"label": "//a:c"}}, "aborted": {}},
        ]
        statuses, results = count_cases.ReadEvents(map(json.dumps, events))
        self.assertEqual(statuses, {"//a:b": "PASSED"})
        self.assertEqual(results, {"//a:b": ["/x/a b/test.xml"]})


if __name__ == "__main__":
    unittest.main()
