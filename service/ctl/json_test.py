"""skexctl --json: one object for every answer and every failure."""

import json
import re

from service.ctl import ctl_case

ALICE = ctl_case.ALICE
BOB = ctl_case.BOB
HUB = ctl_case.HUB


class JsonTest(ctl_case.CtlCase):
    # How to call every verb, in an order in which all of them succeed.
    OFFLINE = {
        "init hub": ["--name", HUB],
        "init agent": ["--name", ALICE],
        "check hub": ["hub.toml"],
        "check agent": ["agent.toml"],
        # Long enough to show its progress, if it did.
        "enrol": ["--hub-config", "hub.toml", "--agent", ALICE, "--size",
                  "16MiB", "--out", "alice.pad"],
        "pad": ["alice.pad"],
        "revoke": ["--hub-config", "hub.toml", "--agent", ALICE, "--yes"],
        "pair make": ["--agents", ALICE + "," + BOB, "--out-a", "a.cred",
                      "--out-b", "b.cred"],
        "pair import": ["--config", "agent.toml", "--credential", "a.cred"],
        "pair show": ["--config", "agent.toml"],
        "pair revoke": ["--config", "agent.toml", "--peer", BOB, "--yes"],
    }
    # They ask a daemon, which is not there; see online/online_json_test.cc.
    ONLINE = {
        "status": [],
        "peers": [],
        "keys": [],
        "establish": [BOB],
        "rotate": [BOB],
        "allow-jump": [BOB],
        "take": [BOB],
        "top": [],
        "agents": ["--hub"],
        "reload": [],
        "add": ["agent.toml"],
        "remove-peer": [BOB],
        "remove-tunnel": ["web"],
    }

    def verbs(self, *group):
        """The verbs that the help names, with the words before them."""
        _, found, rest = self.ok(*group, "--help").partition("Subcommands:\n")
        if not found:
            return [" ".join(group)]
        names = re.findall(r"^  ([a-z][a-z-]*)", rest, re.MULTILINE)
        return [verb for name in names for verb in self.verbs(*group, name)]

    def call(self, verb, *more):
        return self.run_ctl(*verb.split(), *self.OFFLINE[verb], *more, "--json")

    def answer(self, verb, *more):
        """The one object that a verb prints."""
        done = self.call(verb, *more)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return self.parse(done.stdout)

    def parse(self, text):
        found = json.loads(text)
        self.assertIsInstance(found, dict)
        return found

    def error(self, done, exit_status):
        self.assertEqual(done.returncode, exit_status, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        error = self.parse(done.stderr)
        self.assertEqual(list(error), ["error", "status"])
        return error

    def test_every_verb_of_the_help_has_it(self):
        # A verb that is missing here has to be added above.
        self.assertEqual(sorted(self.verbs()),
                         sorted([*self.OFFLINE, *self.ONLINE]))
        for verb in self.OFFLINE:
            with self.subTest(verb=verb):
                self.answer(verb)
        for verb, args in self.ONLINE.items():
            with self.subTest(verb=verb):
                done = self.run_ctl(verb, *args, "--socket", "none.sock",
                                    "--json")
                self.assertEqual(done.stdout, "")
                error = self.error(done, 1)
                self.assertEqual(error["status"], "UNAVAILABLE")
                self.assertIn("none.sock", error["error"])

    def test_it_may_stand_before_the_verb(self):
        for file, args in [("one.toml", ["--json", "init", "hub"]),
                           ("two.toml", ["init", "--json", "hub"])]:
            with self.subTest(args=args):
                out = self.ok(*args, "--name", HUB, "--out", file)
                self.assertEqual(self.parse(out)["file"], file)

    def test_names_of_the_fields(self):
        self.assertEqual(
            self.answer("init hub"),
            {"file": "./hub.toml", "kind": "hub", "name": HUB},
        )
        self.answer("init agent")
        self.assertEqual(
            self.answer("check agent"),
            {"file": "agent.toml", "kind": "agent", "name": ALICE},
        )
        enrolled = self.answer("enrol", "--least-source", "generator")
        table = enrolled["table_id"]
        self.assertRegex(table, "^[0-9a-f]{32}$")
        self.assertEqual(
            enrolled,
            {
                "agent": ALICE,
                "hub": HUB,
                "out": "alice.pad",
                "table_id": table,
                "source": "generator",
                "total_bytes": 1 << 24,
                "pads": 1,
                "least_source": "generator",
            },
        )
        pad = self.answer("pad")
        self.assertEqual(pad["table_id"], table)
        self.assertEqual(pad["half"], "agent")
        self.assertFalse(pad["imported"])
        self.assertEqual(
            [(s["direction"], s["stream"]) for s in pad["streams"]],
            [("send", "mac"), ("send", "otp"),
             ("receive", "mac"), ("receive", "otp")],
        )
        self.assertEqual(sum(s["bytes"] for s in pad["streams"]), 1 << 24)
        second = self.parse(self.ok(
            *self.enrol_args(out="alice-2.pad"), "--replenish", "--json",
            "--quiet",
        ))
        self.assertEqual(second["pads"], 2)
        self.assertEqual(
            self.answer("revoke", "--table", table),
            {"agent": ALICE, "hub": HUB, "table_id": table,
             "pads": 1, "reload_needed": False},
        )
        self.assertEqual(
            self.answer("revoke"),
            {"agent": ALICE, "hub": HUB, "table_id": None, "pads": 0,
             "reload_needed": False},
        )

    def test_names_of_the_fields_of_pairs(self):
        self.answer("init agent")
        self.assertEqual(self.answer("pair show"),
                         {"pairs": [], "unfinished": []})
        made = self.answer("pair make")
        self.assertEqual(
            made["credentials"],
            [{"agent": ALICE, "out": "a.cred"},
             {"agent": BOB, "out": "b.cred"}],
        )
        imported = self.answer("pair import")
        self.assertEqual(
            imported,
            {
                "credential": "a.cred",
                "completed": False,
                "peer": BOB,
                "fingerprint": made["fingerprint"],
                "outgoing": imported["outgoing"],
                "incoming": imported["incoming"],
            },
        )
        pair, = self.answer("pair show")["pairs"]
        self.assertEqual(pair["peer"], BOB)
        for way in ["outgoing", "incoming"]:
            root, = pair[way]["roots"]
            self.assertEqual(root["lane_id"], imported[way])
            self.assertEqual(root["leaves_left"], 2**32 - 1)
            self.assertIsNone(pair[way]["error"])
        self.assertEqual(
            self.answer("pair revoke"),
            {"agent": ALICE, "peer": BOB, "completed": False},
        )

    def test_errors_are_objects_on_standard_error(self):
        self.answer("init hub")
        for args, exit_status, status in [
            (["init", "hub", "--name", HUB], 1, "ALREADY_EXISTS"),
            (["init", "hub", "--name", "Hub"], 2, "INVALID_ARGUMENT"),
            (["check", "agent", "hub.toml"], 2, "INVALID_ARGUMENT"),
            (["pad", "hub.toml"], 2, "INVALID_ARGUMENT"),
            (["pad"], 2, "INVALID_ARGUMENT"),
            (["frobnicate"], 2, "INVALID_ARGUMENT"),
            (["status"], 2, "INVALID_ARGUMENT"),
            (["top", "--interval", "0s"], 2, "INVALID_ARGUMENT"),
        ]:
            with self.subTest(args=args):
                done = self.run_ctl(*args, "--json")
                self.assertEqual(done.stdout, "")
                error = self.error(done, exit_status)
                self.assertEqual(error["status"], status)
                self.assertNotEqual(error["error"], "")

    def test_what_is_known_of_a_damaged_file_comes_with_the_error(self):
        for verb in ["init hub", "enrol"]:
            self.answer(verb)
        self.damage_marks("alice.pad")
        done = self.call("pad")
        self.assertEqual(self.error(done, 1)["status"], "DATA_LOSS")
        known = self.parse(done.stdout)
        self.assertEqual(known["damaged_slots"], 2)
        self.assertIsNone(known["generation"])
        self.assertEqual(known["streams"], [])


if __name__ == "__main__":
    ctl_case.main()
