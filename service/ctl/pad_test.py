"""skexctl pad: what a pad file holds, but for its secrets."""

import os

from service.ctl import ctl_case


class PadTest(ctl_case.CtlCase):
    def setUp(self):
        super().setUp()
        self.make_hub()
        self.ok(*self.enrol_args())

    def test_shows_a_pad_without_its_secrets(self):
        out = self.ok("pad", "alice.pad")
        self.assertIn("agent    alice@north.example\n", out)
        self.assertIn("import   waiting for the first use\n", out)
        self.assertEqual(out.count("\nlane 0 "), 4)
        data = self.read_bytes("alice.pad")
        for at in range(0, len(data) - 4, 997):
            piece = data[at : at + 4]
            if set(piece) != {0}:
                self.assertNotIn(piece.hex() * 2, out)

    def test_refuses_what_is_no_pad(self):
        self.assertEqual(
            self.fails(2, "pad", "hub.toml"),
            "hub.toml: is not a pad file; give the path of a file that skexctl "
            "enrol made",
        )

    def test_reports_a_truncated_pad(self):
        os.truncate(self.path("alice.pad"), 100000)
        self.assertIn("is truncated: expected",
                      self.fails(1, "pad", "alice.pad"))

    def test_reports_damaged_marks(self):
        self.damage_marks("alice.pad")
        done = self.run_ctl("pad", "alice.pad")
        self.assertEqual(done.returncode, 1)
        self.assertIn("both of its mark slots are damaged", done.stderr)


if __name__ == "__main__":
    ctl_case.main()
