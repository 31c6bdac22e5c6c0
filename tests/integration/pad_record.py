"""Checks the records of every use of pad bytes ([audit] pad_log).

A line is `TABLE agent|hub send|receive mac|otp FROM TO`. The offsets are those
of the whole pad, in which each direction and stream has a place of its own: so
within one table and side no two ranges may overlap, whatever they are.
"""

import collections
import re

_LINE = re.compile(
    r"([0-9a-f]{32}) (agent|hub) (send|receive) (mac|otp) (\d+) (\d+)"
)

Use = collections.namedtuple(
    "Use", ["table", "side", "direction", "stream", "begin", "end"]
)


def parse(text):
    """Returns the uses in `text`, and the lines that are none.

    A process that was killed while it wrote a line leaves a part of it; it has
    not used these bytes, because it records them before.
    """
    uses, torn = [], []
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            if line:
                torn.append(line)
            continue
        table, side, direction, stream, begin, end = match.groups()
        uses.append(Use(table, side, direction, stream, int(begin), int(end)))
    return uses, torn


def twice_used(uses):
    """Pairs of uses of the same bytes by the same side of the same pad."""
    by_half = collections.defaultdict(list)
    for use in uses:
        if use.begin < use.end:
            by_half[use.table, use.side].append(use)
    found = []
    for half in by_half.values():
        half.sort(key=lambda use: use.begin)
        furthest = half[0]
        for use in half[1:]:
            if use.begin < furthest.end:
                found.append((furthest, use))
            if use.end > furthest.end:
                furthest = use
    return found


def never_sent(uses):
    """Uses as receiver of bytes that the other side never used as sender."""
    sent = collections.defaultdict(list)
    for use in uses:
        if use.direction == "send":
            sent[use.table, use.side, use.stream].append((use.begin, use.end))
    merged = {key: _merge(ranges) for key, ranges in sent.items()}
    other = {"agent": "hub", "hub": "agent"}
    return [
        use
        for use in uses
        if use.direction == "receive"
        and not any(
            begin <= use.begin and use.end <= end
            for begin, end in merged.get(
                (use.table, other[use.side], use.stream), []
            )
        )
    ]


def _merge(ranges):
    merged = []
    for begin, end in sorted(ranges):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged
