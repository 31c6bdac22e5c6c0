"""Runs Process with programs of the system."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from tests.integration import process, waiting

# Starts a process as a test would, prints its pid, and waits for its own end.
_STARTER = """
import sys, time
from tests.integration import process
child = process.Process(["sleep", "1000"], sys.argv[1], "log")
child.start()
print(child.pid, flush=True)
time.sleep(1000)
"""


def _command(pid):
    with open(f"/proc/{pid}/comm", encoding="ascii") as comm:
        return comm.read().strip()


def _is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class ProcessTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def make(self, script):
        made = process.Process(["sh", "-c", script], self.folder, "log")
        self.addCleanup(made.kill)
        return made

    def test_reads_events_since_the_latest_start(self):
        program = self.make(
            """echo 'no event'; echo '{"event":"up","pid":'$$'}'; exec sleep 1000"""
        )
        pids = []
        for _ in range(2):
            program.start()
            event = waiting.until("up", lambda: program.events("up"))
            self.assertEqual(event, [{"event": "up", "pid": program.pid}])
            pids.append(program.pid)
            program.kill()
            self.assertEqual(program.status, -signal.SIGKILL)
        everything = program.events(everything=True)
        self.assertEqual([event["pid"] for event in everything], pids)

    def test_selects_events_by_field(self):
        program = self.make(
            """echo '{"event":"up","n":1}'; echo '{"event":"up","n":2}'
            echo '{"event":"down","n":1}'; echo '{"event":"up",'"""
        )
        program.start()
        waiting.until("end", lambda: not program.running)
        self.assertEqual(program.events("up", n=2), [{"event": "up", "n": 2}])
        self.assertEqual(len(program.events(n=1)), 2)
        self.assertEqual(program.events("up", n=3), [])

    def test_stop_returns_the_exit_status(self):
        program = self.make(
            """trap 'exit 7' TERM; echo '{"event":"up"}'
            while :; do sleep 0.05; done"""
        )
        program.start()
        waiting.until("up", lambda: program.events("up"))
        self.assertEqual(program.stop(), 7)
        self.assertFalse(program.running)

    def test_ends_with_its_starter(self):
        starter = subprocess.Popen(
            [sys.executable, "-c", _STARTER, self.folder],
            stdout=subprocess.PIPE,
            universal_newlines=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        pid = int(starter.stdout.readline())
        # Before that it is not tied yet.
        waiting.until("the program", lambda: _command(pid) == "sleep")
        starter.kill()
        starter.communicate()
        waiting.until("the end", lambda: not _is_running(pid))

    def test_waiting_gives_up(self):
        with self.assertRaisesRegex(waiting.NotSeen, "a miracle.*: no sign"):
            waiting.until(
                "a miracle", lambda: None, timeout=0.2, explain=lambda: "no sign"
            )


if __name__ == "__main__":
    unittest.main()
