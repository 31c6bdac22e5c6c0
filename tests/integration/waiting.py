"""Waits for what other processes do, without guessing how long it takes."""

import time

# Long enough for a sanitizer on a busy machine; nothing usually takes as long.
DEADLINE = 60.0
_PAUSE = 0.05


class NotSeen(AssertionError):
    """Something did not happen in time."""


def until(what, probe, timeout=DEADLINE, explain=None):
    """Calls `probe` until it returns something true, and returns that.

    Raises NotSeen with `what`, and with what `explain` returns, if that does
    not happen within `timeout` seconds.
    """
    end = time.monotonic() + timeout
    while True:
        seen = probe()
        if seen:
            return seen
        if time.monotonic() >= end:
            detail = f": {explain()}" if explain else ""
            raise NotSeen(f"{what}: not within {timeout:.0f} s{detail}")
        time.sleep(_PAUSE)
