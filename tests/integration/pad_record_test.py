"""Shows that the check of pad records finds what it looks for."""

import unittest

from tests.integration import pad_record

A = "0" * 32
B = "0123456789abcdef" * 2


def uses(*lines):
    parsed, torn = pad_record.parse("\n".join(lines) + "\n")
    assert not torn, torn
    return parsed


class PadRecordTest(unittest.TestCase):
    def test_parses_what_daemons_write(self):
        self.assertEqual(
            uses(f"{B} hub receive mac 32 64"),
            [pad_record.Use(B, "hub", "receive", "mac", 32, 64)],
        )

    def test_sets_torn_lines_apart(self):
        good = f"{A} agent send otp 0 80"
        text = f"{good}\n{A} agent se\n\n{A} agent send otp 80 1\n"
        parsed, torn = pad_record.parse(text)
        self.assertEqual([use.begin for use in parsed], [0, 80])
        self.assertEqual(torn, [f"{A} agent se"])

    def test_adjacent_ranges_are_fine(self):
        self.assertEqual(
            pad_record.twice_used(
                uses(f"{A} agent send mac 32 64", f"{A} agent send mac 0 32")
            ),
            [],
        )

    def test_both_sides_may_use_a_range_once(self):
        self.assertEqual(
            pad_record.twice_used(
                uses(f"{A} agent send mac 0 32", f"{A} hub receive mac 0 32")
            ),
            [],
        )

    def test_other_tables_do_not_matter(self):
        self.assertEqual(
            pad_record.twice_used(
                uses(f"{A} agent send mac 0 32", f"{B} agent send mac 0 32")
            ),
            [],
        )

    def test_finds_a_repeated_range(self):
        self.assertEqual(
            len(
                pad_record.twice_used(
                    uses(f"{A} hub send otp 0 80", f"{A} hub send otp 0 80")
                )
            ),
            1,
        )

    def test_finds_every_kind_of_overlap(self):
        for other in ["0 81", "40 50", "0 1000", "79 80", "399 400"]:
            with self.subTest(other=other):
                found = pad_record.twice_used(
                    uses(
                        f"{A} agent send otp 40 80",
                        f"{A} agent send otp 300 400",
                        f"{A} agent send otp {other}",
                    )
                )
                self.assertTrue(found)

    def test_finds_an_overlap_behind_a_long_range(self):
        found = pad_record.twice_used(
            uses(
                f"{A} agent send otp 0 1000",
                f"{A} agent send otp 10 20",
                f"{A} agent send otp 30 40",
            )
        )
        self.assertEqual([use.begin for _, use in found], [10, 30])

    def test_finds_bytes_used_in_two_roles(self):
        for line in [f"{A} agent send mac 0 32", f"{A} agent receive otp 0 16"]:
            with self.subTest(line=line):
                found = pad_record.twice_used(
                    uses(f"{A} agent send otp 0 80", line)
                )
                self.assertEqual(len(found), 1)

    def test_what_was_sent_in_pieces_may_be_received_at_once(self):
        self.assertEqual(
            pad_record.never_sent(
                uses(
                    f"{A} agent send otp 0 16",
                    f"{A} agent send otp 16 48",
                    f"{A} hub receive otp 0 48",
                )
            ),
            [],
        )

    def test_finds_what_was_never_sent(self):
        for sent in ["agent send otp 0 32", "hub send otp 0 48",
                     "agent send mac 0 48", "agent receive otp 0 48"]:
            with self.subTest(sent=sent):
                found = pad_record.never_sent(
                    uses(f"{A} {sent}", f"{A} hub receive otp 0 48")
                )
                self.assertIn(
                    pad_record.Use(A, "hub", "receive", "otp", 0, 48), found
                )


if __name__ == "__main__":
    unittest.main()
