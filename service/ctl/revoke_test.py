"""skexctl revoke: an enrolment and its pad are gone."""

import os

from service.ctl import ctl_case

ALICE = ctl_case.ALICE
BOB = ctl_case.BOB
ENROLMENT = ctl_case.ENROLMENT


class RevokeTest(ctl_case.CtlCase):
    ARGS = ["revoke", "--hub-config", "hub.toml", "--agent"]

    def setUp(self):
        super().setUp()
        self.make_hub()
        self.ok(*self.enrol_args())

    def test_removes_the_enrolment_and_allows_a_new_one(self):
        out = self.ok(*self.ARGS, ALICE, "--yes")
        self.assertIn("revoked alice@north.example at hub1@one.example", out)
        self.assertEqual(os.listdir(self.path("hub1-state/agents")), [])
        os.unlink(self.path("alice.pad"))
        self.ok(*self.enrol_args())

    def test_overwrites_the_pad(self):
        pad = self.path(ENROLMENT + "/pad")
        with open(pad, "rb") as held:
            self.ok(*self.ARGS, ALICE, "--yes")
            self.assertEqual(set(held.read()), {0})

    def test_asks_without_yes(self):
        error = self.fails(2, *self.ARGS, ALICE)
        self.assertIn("confirm with --yes", error)
        self.assertEqual(os.listdir(self.path("hub1-state/agents")), [ALICE])

    def test_refuses_a_stranger(self):
        error = self.fails(1, *self.ARGS, BOB, "--yes")
        self.assertIn("bob@south.example is not enrolled in hub1-state", error)


if __name__ == "__main__":
    ctl_case.main()
