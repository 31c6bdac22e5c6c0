"""Runs BoringSSL's protocol tests: a peer in Go, made to misbehave in thousands
of ways, against the library.

usage: protocol_test.py RUNNER SHIM HANDSHAKER RESOURCE...
"""

import json
import os
import subprocess
import sys

# How many tests the packaged revision has. Fewer would mean that some did not
# run.
EXPECTED = 7943


def main(runner, shim, handshaker, resources):
    folder = os.path.dirname(os.path.abspath(
        next(path for path in resources if path.endswith("/cert.pem"))))
    report = os.path.join(os.environ["TEST_TMPDIR"], "report.json")
    command = [
        os.path.abspath(runner), "-test.timeout", "14m",
        "-shim-path", os.path.abspath(shim),
        "-handshaker-path", os.path.abspath(handshaker),
        "-resource-dir", folder, "-json-output", report,
        "-num-workers", str(max(2, os.cpu_count() or 1)), "-pipe",
    ]
    status = subprocess.call(command, cwd=folder)
    with open(report) as file:
        counts = json.load(file)["num_failures_by_type"]
    print("%s of %d passed" % (counts, EXPECTED))
    if status != 0 or set(counts) != {"PASS"} or counts["PASS"] < EXPECTED:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
