"""No key and no byte of a pad is written anywhere but where it belongs."""

import base64
import json
import os
import re
import urllib.request

from tests.integration import cluster_case
from tests.integration.cluster_case import BOB

# Where the random bytes begin in a pad file.
_PAD_DATA = 16384
_BLOCK = 16


class Secrets:
    """Byte strings that nobody may see, and the search for them."""

    def __init__(self):
        self._blocks = set()
        self._texts = {}

    def add_pad(self, path):
        """All blocks of a pad, before they are used and erased."""
        with open(path, "rb") as pad:
            data = pad.read()[_PAD_DATA:]
        for at in range(0, len(data), _BLOCK):
            self._blocks.add(data[at : at + _BLOCK])

    def add_key(self, text):
        """A key, given in hexadecimal."""
        key = bytes.fromhex(text)
        for at in range(0, len(key), _BLOCK):
            self._blocks.add(key[at : at + _BLOCK])
        for start in range(3):
            code = base64.b64encode(key[start : start + 15]).decode("ascii")
            self._texts[code] = text

    def found_in(self, data):
        """What of them stands in `data`, as it is, in hexadecimal or base64."""
        found = []
        for at in range(len(data) - _BLOCK + 1):
            if data[at : at + _BLOCK] in self._blocks:
                found.append(("bytes", at))
        for run in re.finditer(rb"[0-9A-Fa-f]{32,}", data):
            digits = run.group()
            for at in range(len(digits) - 2 * _BLOCK + 1):
                block = digits[at : at + 2 * _BLOCK].decode("ascii")
                if bytes.fromhex(block) in self._blocks:
                    found.append(("hexadecimal", run.start() + at))
        for text in self._texts:
            if text.encode("ascii") in data:
                found.append(("base64", data.index(text.encode("ascii"))))
        return found


class SilenceTest(cluster_case.ClusterCase):
    def test_the_search_finds_what_is_there(self):
        secrets = Secrets()
        key = os.urandom(32)
        secrets.add_key(key.hex())
        for hidden in (
            key[:16],
            key.hex().upper().encode("ascii"),
            base64.b64encode(key),
        ):
            self.assertNotEqual(secrets.found_in(b"log: " + hidden + b"."), [])
        self.assertEqual(secrets.found_in(os.urandom(4096)), [])

    def test_logs_status_and_metrics_hold_no_secret(self):
        with self.cluster(hubs=3, pad_size="512KiB") as made:
            agents = cluster_case.add_delivery_agents(made, threshold=2)
            secrets = Secrets()
            for hub in made.hubs:
                for agent in agents:
                    secrets.add_pad(hub.pad(agent.name))
            for one in [*made.hubs, *agents]:
                one.config["log"]["level"] = "debug"
            made.start_hubs()
            for agent in agents:
                agent.start()
            alice, bob = agents
            for agent in agents:
                agent.await_ready()
            done = alice.ctl("--json", "take", BOB, "--count", "50", timeout=20)
            self.assertEqual(done.returncode, 0, done.stderr)
            ids = []
            for line in done.stdout.splitlines():
                key = json.loads(line)
                ids.append(key["id"])
                secrets.add_key(key["key"])
            # Failures have more to say than successes.
            bob.kill()
            made.hubs[0].kill()
            alice.ctl("establish", BOB, timeout=3)
            bob.start()
            made.hubs[0].start()
            bob.await_ready()

            self.assert_silent(secrets, made, agents)
            for agent in agents:
                agent.stop()
            self.assert_silent_files(secrets, made)
            # What is looked for would have been found: ids are public.
            self.assertIn(ids[0], alice.process.text())

    def assert_silent(self, secrets, made, agents):
        for one in [*made.hubs, *agents]:
            verbs = ["agents"] if one in made.hubs else ["peers", "keys"]
            for verb in ["status", *verbs]:
                done = one.ctl("--json", verb)
                self.assertEqual(done.returncode, 0, done.stderr)
                text = (done.stdout + done.stderr).encode("utf-8")
                self.assertEqual(secrets.found_in(text), [], (one.name, verb))
        for agent in agents:
            with urllib.request.urlopen(agent.metrics_url()) as answer:
                self.assertEqual(secrets.found_in(answer.read()), [])
        self.assert_silent_files(secrets, made)

    def assert_silent_files(self, secrets, made):
        """All files of the cluster but the pads themselves."""
        seen = 0
        for folder, _, names in os.walk(made.folder):
            for name in names:
                path = os.path.join(folder, name)
                if name == "pad" or name.endswith(".pad"):
                    continue
                if not os.path.isfile(path):
                    continue
                seen += 1
                with open(path, "rb") as file:
                    self.assertEqual(secrets.found_in(file.read()), [], path)
        # A log and a configuration of each, at least.
        self.assertGreaterEqual(seen, 10)


if __name__ == "__main__":
    cluster_case.main()
