"""What the tunnel has to reach beside other proxies, and whether it does.

Works on samples: for each pair of proxies, by the name of a metric, one figure
for each round.
"""

import statistics
from typing import Callable, List, NamedTuple, Optional

# Pairs of skexd by the cipher of the others, and by its own default.
SKEX = "skex"
SKEX_DEFAULT = "skex-default"

START_MIB = "start_MiB_per_agent"


class Target(NamedTuple):
    what: str
    metric: str
    limit: float
    # Whether the limit is the least figure that is good enough, or the most.
    at_least: bool = False
    # The limit is of the ratio to this pair's figure; without one of the
    # figure itself.
    reference: Optional[str] = None
    pair: str = SKEX
    # One figure of all rounds.
    pick: Callable[[List[float]], float] = statistics.median


TARGETS = [
    Target(
        "new connections/s, 32 at a time",
        "conn_per_s_c32",
        2.5,
        at_least=True,
        reference="stunnel-psk",
    ),
    Target(
        "new connections/s, 32 at a time",
        "conn_per_s_c32",
        4.0,
        at_least=True,
        reference="haproxy-mtls",
    ),
    Target(
        "the same with the default suite",
        "conn_per_s_c32",
        2.2,
        at_least=True,
        reference="haproxy-mtls",
        pair=SKEX_DEFAULT,
    ),
    Target(
        "CPU of a connection, us",
        "conn_cpu_us_c32",
        0.30,
        reference="stunnel-psk",
    ),
    Target(
        "CPU of a GiB, 1 stream up, ms",
        "bulk_up1_cpu_ms_per_GiB",
        0.80,
        reference="stunnel-psk",
    ),
    Target(
        "CPU of a GiB, 1 stream down, ms",
        "bulk_down1_cpu_ms_per_GiB",
        0.80,
        reference="stunnel-psk",
    ),
    Target(
        "CPU of a GiB, 16 streams up, ms",
        "bulk_up16_cpu_ms_per_GiB",
        0.80,
        reference="stunnel-psk",
    ),
    # It depends on where the scheduler puts the processes, hence the best one.
    Target(
        "round trip of a byte, best round, us",
        "ping_p50_us",
        1.0,
        reference="haproxy-mtls",
        pick=min,
    ),
    Target("idle connection, both agents, KiB", "idle_KiB_per_conn", 16),
    Target("agent after its start, MiB", START_MIB, 24, pick=max),
]


def _figure(number):
    """Three digits, and none cut off before the point."""
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}" if number else "0"


def _row(cells):
    return "| " + " | ".join(cells) + " |"


def medians(samples):
    """A Markdown table of the medians: a line for each metric."""
    metrics = []
    for figures in samples.values():
        metrics += [metric for metric in figures if metric not in metrics]
    lines = [_row(["median", *samples]), "|---" * (len(samples) + 1) + "|"]
    for metric in metrics:
        cells = [
            _figure(statistics.median(figures[metric]))
            if figures.get(metric)
            else "-"
            for figures in samples.values()
        ]
        lines.append(_row([metric, *cells]))
    return "\n".join(lines)


def _picked(samples, pair, target):
    figures = samples.get(pair, {}).get(target.metric)
    return target.pick(figures) if figures else None


def _verdict(samples, target):
    """The cells of a target's line behind what it is about."""
    limit = f"{'>=' if target.at_least else '<='} {target.limit:g}"
    ours = value = _picked(samples, target.pair, target)
    theirs = None
    if target.reference is not None:
        theirs = _picked(samples, target.reference, target)
        value = ours / theirs if ours is not None and theirs else None
    if value is None:
        verdict = "not measured"
    elif value >= target.limit if target.at_least else value <= target.limit:
        verdict = "met"
    else:
        verdict = "missed"
    ratio = f"{value:.2f}" if value is not None and target.reference else "-"
    return [
        "-" if ours is None else _figure(ours),
        target.reference or "-",
        "-" if theirs is None else _figure(theirs),
        ratio,
        limit,
        verdict,
    ]


def verdicts(samples):
    """A Markdown table of the targets: each is met, missed or not measured."""
    lines = [
        _row(["what", "skex", "beside", "its figure", "ratio", "target", ""]),
        "|---" * 7 + "|",
    ]
    lines += [
        _row([target.what, *_verdict(samples, target)]) for target in TARGETS
    ]
    return "\n".join(lines)
