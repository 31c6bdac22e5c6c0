"""skexctl top, on a terminal and without one."""

import json
import os
import signal
import subprocess

from tests.integration import cluster_case, screen, waiting
from tests.integration.cluster_case import BOB

_LEAVE = b"\x1b[?7h\x1b[?25h\x1b[?1049l"


class TopTest(cluster_case.ClusterCase):
    def pair(self, made):
        """Alice and bob with keys for each other, over two hubs."""
        pair = cluster_case.Pair(made, threshold=2)
        made.start_hubs()
        pair.start_ready()
        return pair

    def watch(self, node, *args, interval="100ms"):
        """The screen of `skexctl top` for a node."""
        argv = node.ctl_argv("top", "--interval", interval, *args)
        return screen.Screen(argv, node.folder)

    def left(self, shown):
        """Expects that the program ended well, and restored the terminal."""
        self.assertEqual(shown.await_end(), 0, shown.output())
        self.assertEqual(shown.current_modes(), shown.modes)
        self.assertTrue(shown.output().endswith(_LEAVE), shown.output()[-99:])

    def test_shows_keys_connections_and_pads(self):
        with self.cluster(hubs=2) as made:
            pair = self.pair(made)
            with self.watch(pair.alice) as shown:
                line = shown.await_line(BOB)
                self.assertRegex(line, BOB + r" +ready +\d+ +dske +comp ")
                shown.await_line("hub1@one.example  connected ")
                lines = shown.picture()
                self.assertTrue(lines[0].startswith("agent " + pair.alice.name))
                self.assertEqual(lines[1], "ready")
                self.assertLessEqual(max(map(len, lines)), 80)
                self.assertLessEqual(len(lines), 24)
                waiting.until(
                    "new connections per second",
                    lambda: pair.talks(pair.alice)
                    and shown.await_line("to-bob").split()[3] not in "0-",
                )
                self.assertNotEqual(shown.current_modes(), shown.modes)
                shown.press(b"h")
                shown.await_line("q quit")
                shown.press(b"p")
                shown.await_line("paused; ready")
                # A letter in the code of another key is no command.
                shown.press(b"\x1b[1;5q")
                shown.press(b"p")
                shown.await_line("ready")
                shown.press(b"q")
                self.left(shown)

    def test_every_way_out_restores_the_terminal(self):
        with self.cluster(hubs=2) as made:
            pair = self.pair(made)
            for way_out in [
                lambda shown: shown.press(b"\x03"),
                lambda shown: shown.send_signal(signal.SIGINT),
                lambda shown: shown.send_signal(signal.SIGTERM),
                lambda shown: shown.send_signal(signal.SIGHUP),
            ]:
                with self.watch(pair.alice) as shown:
                    shown.await_line(BOB)
                    way_out(shown)
                    self.left(shown)

    def test_a_stop_gives_the_terminal_back_for_a_while(self):
        with self.cluster(hubs=2) as made:
            pair = self.pair(made)
            with self.watch(pair.alice) as shown:
                shown.await_line(BOB)
                shown.press(b"\x1a")
                waiting.until(
                    "terminal as before",
                    lambda: shown.output().endswith(_LEAVE) and shown.stopped,
                )
                self.assertEqual(shown.current_modes(), shown.modes)
                before = len(shown.output())
                shown.send_signal(signal.SIGCONT)
                waiting.until(
                    "pictures", lambda: BOB.encode() in shown.output()[before:]
                )
                shown.press(b"q")
                self.left(shown)

    def test_fits_the_terminal_when_that_changes(self):
        with self.cluster(hubs=2) as made:
            pair = self.pair(made)
            # So that no picture is drawn for another reason.
            with self.watch(pair.alice, interval="1h") as shown:
                shown.await_line(BOB)
                for columns, rows in [(40, 8), (30, 5), (200, 50)]:
                    shown.resize(columns, rows)
                    lines = shown.await_picture(
                        f"{columns} by {rows}",
                        lambda lines, columns=columns: len(lines[0]) == columns,
                    )
                    self.assertLessEqual(max(map(len, lines)), columns)
                    self.assertLessEqual(len(lines), rows)
                    if rows < 10:
                        self.assertRegex(lines[-1], r"^\.\.\. \d+ more lines$")
                shown.press(b"q")
                self.left(shown)

    def test_an_agent_that_is_away_is_asked_again(self):
        with self.cluster(hubs=2) as made:
            pair = self.pair(made)
            with self.watch(pair.alice) as shown:
                shown.await_line(BOB)
                pair.alice.kill()
                line = shown.await_line("not reachable: no agent answers at ")
                self.assertLessEqual(len(line), 80)
                pair.alice.start()
                pair.alice.await_ready()
                shown.await_line("ready")
                pair.alice.kill()
                shown.await_line("not reachable: ")
                shown.press(b"q")
                self.left(shown)

    def test_quits_while_the_agent_does_not_answer(self):
        with self.cluster(hubs=2) as made:
            pair = self.pair(made)
            with self.watch(pair.alice, "--timeout", "24h") as shown:
                shown.await_line(BOB)
                os.kill(pair.alice.process.pid, signal.SIGSTOP)
                shown.press(b" q")
                self.left(shown)
                os.kill(pair.alice.process.pid, signal.SIGCONT)

    def test_an_agent_that_is_not_there_is_an_error_at_once(self):
        with self.cluster(hubs=2) as made:
            pair = cluster_case.Pair(made, threshold=2)
            pair.alice.write_config()
            with self.watch(pair.alice) as shown:
                self.assertEqual(shown.await_end(), 1)
                self.assertIn(b"is skexd running?", shown.output())
                self.assertNotIn(b"\x1b", shown.output())
                self.assertEqual(shown.current_modes(), shown.modes)

    def test_shows_a_hub(self):
        with self.cluster(hubs=2) as made:
            pair = self.pair(made)
            with self.watch(made.hubs[0]) as shown:
                shown.await_line("2 of 2 agents connected")
                line = shown.await_line(pair.alice.name)
                self.assertRegex(line, r" connected +1 +\d+% ")
                shown.press(b"q")
                self.left(shown)

    def test_without_a_terminal(self):
        with self.cluster(hubs=2) as made:
            pair = self.pair(made)
            quick = ["--interval", "100ms"]
            self.assertIn("top needs a terminal",
                          self.fails(pair.alice.ctl("top"), 2))
            done = pair.alice.ctl("top", "--once", *quick)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("\n" + BOB + "  ready ", done.stdout)
            self.assertNotIn("\x1b", done.stdout)
            for node, rows in [(pair.alice, "peers"), (made.hubs[0], "agents")]:
                found = node.ask("top", "--once", *quick)
                self.assertEqual(found["name"], node.name)
                self.assertGreater(found["interval"], 0)
                self.assertIsNotNone(found[rows][0]["rates"])

    def test_a_stream_of_json_goes_on_when_the_agent_is_back(self):
        with self.cluster(hubs=2) as made:
            pair = self.pair(made)
            with subprocess.Popen(
                pair.alice.ctl_argv("top", "--json", "--interval", "100ms"),
                cwd=made.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                universal_newlines=True,
            ) as top:
                made.on_exit(top.kill)
                for _ in range(2):
                    found = json.loads(top.stdout.readline())
                    self.assertEqual(found["name"], pair.alice.name)
                    self.assertGreater(found["interval"], 0)
                pair.alice.kill()
                error = json.loads(top.stderr.readline())
                self.assertEqual(error["status"], "UNAVAILABLE")
                pair.alice.start()
                # There is nothing to compare the first one with.
                waiting.until(
                    "a line of the new start",
                    lambda: json.loads(top.stdout.readline())["interval"]
                    is None,
                )
                top.kill()


if __name__ == "__main__":
    cluster_case.main()
