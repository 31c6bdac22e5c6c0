"""The tables of bench/macro/side_by_side.py, from figures that are made up."""

import unittest

from bench.macro import targets


def _samples():
    """Every target is reached exactly."""
    samples = {targets.SKEX: {}, targets.SKEX_DEFAULT: {}}
    for target in targets.TARGETS:
        ours = target.limit
        if target.reference is not None:
            theirs = samples.setdefault(target.reference, {})
            theirs[target.metric] = [100.0]
            ours *= 100
        figures = samples[target.pair].setdefault(target.metric, [ours])
        # A metric that is in two targets has to be good enough for both.
        figures[0] = (max if target.at_least else min)(figures[0], ours)
    return samples


class VerdictsTest(unittest.TestCase):
    def verdicts(self, samples):
        """The last cell of each line, and the one of the ratio."""
        lines = targets.verdicts(samples).splitlines()
        cells = [[cell.strip() for cell in line.split("|")] for line in lines]
        self.assertEqual({len(line) for line in cells}, {9}, lines)
        return [(line[7], line[5]) for line in cells[2:]]

    def test_all_met(self):
        found = self.verdicts(_samples())
        self.assertEqual({verdict for verdict, _ in found}, {"met"})
        self.assertEqual(len(found), len(targets.TARGETS))

    def test_each_can_be_missed(self):
        for at, target in enumerate(targets.TARGETS):
            samples = _samples()
            figures = samples[target.pair][target.metric]
            figures[0] *= 0.1 if target.at_least else 1.1
            with self.subTest(target=target):
                self.assertEqual(self.verdicts(samples)[at][0], "missed")

    def test_what_is_missing_is_not_measured(self):
        samples = _samples()
        del samples["haproxy-mtls"]
        del samples[targets.SKEX][targets.START_MIB]
        for target, (verdict, ratio) in zip(
            targets.TARGETS, self.verdicts(samples)
        ):
            gone = "haproxy-mtls" == target.reference
            gone = gone or target.metric == targets.START_MIB
            with self.subTest(target=target):
                self.assertEqual(verdict == "not measured", gone)
                if gone:
                    self.assertEqual(ratio, "-")

    def test_ratio_is_of_medians_or_of_the_best(self):
        samples = _samples()
        samples[targets.SKEX]["conn_per_s_c32"] = [9000, 6000, 1]
        samples["stunnel-psk"]["conn_per_s_c32"] = [1, 3000, 2000]
        samples[targets.SKEX]["ping_p50_us"] = [30, 60, 70]
        samples["haproxy-mtls"]["ping_p50_us"] = [80, 60, 90]
        found = self.verdicts(samples)
        self.assertEqual(found[0], ("met", "3.00"))
        best = [target.metric for target in targets.TARGETS]
        self.assertEqual(found[best.index("ping_p50_us")], ("met", "0.50"))


class MediansTest(unittest.TestCase):
    def test_every_metric_of_every_pair(self):
        table = targets.medians(
            {"a": {"x": [1, 2, 1000], "y": [12345.6]}, "b": {"z": [0.25]}}
        )
        self.assertEqual(
            table.splitlines(),
            [
                "| median | a | b |",
                "|---|---|---|",
                "| x | 2 | - |",
                "| y | 12,346 | - |",
                "| z | - | 0.25 |",
            ],
        )


if __name__ == "__main__":
    unittest.main()
