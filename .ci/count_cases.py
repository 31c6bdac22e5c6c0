"""Counts the test cases of one `bazel test`.

usage: count_cases.py EVENTS LABELS

EVENTS is what --build_event_json_file wrote, LABELS names the targets that had
to run, one a line. Prints `N passed, N failed`; a target that did not build,
crashed or ran out of time counts as a failure, and so does one whose cases
were all skipped.
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree

_PASSED = ("PASSED", "FLAKY")


def ReadEvents(lines):
    """Returns ({label: status}, {label: [path of a result's XML]})."""
    statuses, results = {}, {}
    for line in lines:
        event = json.loads(line)
        if "testSummary" in event.get("id", {}) and "testSummary" in event:
            label = event["id"]["testSummary"]["label"]
            statuses[label] = event["testSummary"].get("overallStatus", "")
        elif "testResult" in event.get("id", {}) and "testResult" in event:
            label = event["id"]["testResult"]["label"]
            for output in event["testResult"].get("testActionOutput", []):
                if output["name"] == "test.xml":
                    uri = urllib.parse.urlparse(output["uri"])
                    path = urllib.parse.unquote(uri.path)
                    results.setdefault(label, []).append(path)
    return statuses, results


def CountXml(text):
    """Returns (passed, failed) of the cases in one test.xml."""
    passed = failed = 0
    for case in xml.etree.ElementTree.fromstring(text).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is None and case.get("status") != "notrun":
            passed += 1
    return passed, failed


def CountTarget(status, xml_texts):
    """Returns (passed, failed) of a target that ended with this status."""
    counts = [CountXml(text) for text in xml_texts]
    passed = sum(count[0] for count in counts)
    failed = sum(count[1] for count in counts)
    if status in _PASSED:
        # A flaky target failed once and then passed; its last word counts.
        return (passed, 0) if passed else (0, 1)
    return passed, max(failed, 1)


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    with open(arguments[0], encoding="utf-8") as file:
        statuses, results = ReadEvents(file)
    with open(arguments[1], encoding="utf-8") as file:
        labels = file.read().split()
    passed = failed = 0
    for label in labels:
        status = statuses.get(label, "NOT BUILT")
        texts = []
        for path in results.get(label, []):
            with open(path, encoding="utf-8", errors="replace") as file:
                texts.append(file.read())
        counts = CountTarget(status, texts)
        passed += counts[0]
        failed += counts[1]
        if counts[1]:
            print(f"{label}: {status}", file=sys.stderr)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
