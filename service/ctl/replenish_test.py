"""skexctl enrol --replenish: more pads for the same agent."""

import os

from service.ctl import ctl_case

ALICE = ctl_case.ALICE
ENROLMENT = ctl_case.ENROLMENT


class ReplenishTest(ctl_case.CtlCase):
    def setUp(self):
        super().setUp()
        self.make_hub()

    def replenish(self, number, **changes):
        return [
            *self.enrol_args(out=f"alice-{number}.pad", **changes),
            "--replenish",
        ]

    def table(self, pad):
        for line in self.ok("pad", pad).splitlines():
            if line.startswith("table "):
                return line.split()[1]
        raise AssertionError("no table")

    def test_makes_one_more_pad_and_says_what_to_do_with_it(self):
        self.ok(*self.enrol_args())
        out = self.ok(*self.replenish(2))
        self.assertEqual(
            sorted(os.listdir(self.path(ENROLMENT))),
            ["enrolment.toml", "pad", "pad-2"],
        )
        self.assertEqual(
            self.table("alice-2.pad"), self.table(ENROLMENT + "/pad-2")
        )
        for text in [
            self.table("alice-2.pad") + ", 2 pads now\n",
            'pad = ["the pads so far", "alice-2.pad"]\n',
            "skexctl --config FILE reload",
            "skexctl --hub --config hub.toml reload",
        ]:
            self.assertIn(text, out)
        self.assertEqual(self.mode("alice-2.pad"), 0o600)
        self.assertEqual(self.mode(ENROLMENT + "/pad-2"), 0o600)

    def test_an_agent_takes_both_pads(self):
        self.ok(*self.enrol_args())
        self.ok(*self.replenish(2))
        self.ok("init", "agent", "--name", ALICE)
        text = self.read("agent.toml") + (
            '[[hub]]\nname = "hub1@one.example"\n'
            'address = "127.0.0.1:7001"\n'
            'pad = ["alice.pad", "alice-2.pad"]\n'
        )
        self.write("agent.toml", text)
        self.ok("check", "agent", "agent.toml")
        self.write("agent.toml", text.replace("alice-2.pad", "./alice.pad"))
        self.assertIn(
            "pad ./alice.pad is listed twice; remove one",
            self.fails(2, "check", "agent", "agent.toml"),
        )

    def test_refuses_a_stranger(self):
        self.assertEqual(
            self.fails(1, *self.replenish(2)),
            "alice@north.example is not enrolled at hub1@one.example; enrol it "
            "first, without --replenish",
        )

    def test_a_lower_source_has_to_be_asked_for(self):
        self.write_bytes("noise", os.urandom(1 << 21))
        self.ok(*self.enrol_args(random_source="noise"))
        error = self.fails(1, *self.replenish(2))
        self.assertIn(
            "pad 2 of 2 has the source generator, which is below physical",
            error,
        )
        self.assertFalse(os.path.exists(self.path("alice-2.pad")))
        out = self.ok(*self.replenish(2, least_source="generator"))
        self.assertIn('least_source = "generator"\n', out)
        self.assertIn(
            '\nleast_source = "generator"\n',
            self.read(ENROLMENT + "/enrolment.toml"),
        )

    def test_refuses_one_source_file_for_two_pads(self):
        self.write_bytes("noise", os.urandom(1 << 21))
        self.ok(*self.enrol_args(random_source="noise"))
        error = self.fails(1, *self.replenish(2, random_source="noise"))
        self.assertIn("never read one file for two pads", error)
        self.assertFalse(os.path.exists(self.path("alice-2.pad")))

    def test_refuses_more_than_eight_pads(self):
        self.ok(*self.enrol_args())
        for number in range(2, 9):
            self.ok(*self.replenish(number, size="144KiB"))
        error = self.fails(1, *self.replenish(9))
        self.assertIn("revoke those that are used up", error)

    def test_revokes_one_pad(self):
        self.ok(*self.enrol_args())
        self.ok(*self.replenish(2))
        args = ["revoke", "--hub-config", "hub.toml", "--agent", ALICE,
                "--yes", "--table"]
        table = self.table("alice.pad")
        self.assertIn("names no table", self.fails(2, *args, table[:7]))
        out = self.ok(*args, table[:8])
        self.assertIn(f"erased the pad {table} of alice@north.example", out)
        self.assertIn("; 1 pad is left\n", out)
        self.assertEqual(
            sorted(os.listdir(self.path(ENROLMENT))),
            [".last-pad", "enrolment.toml", "pad-2"],
        )
        error = self.fails(1, *args, self.table("alice-2.pad"))
        self.assertIn("is the only pad of alice@north.example", error)


if __name__ == "__main__":
    ctl_case.main()
