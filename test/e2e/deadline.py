"""Waiting without sleeping: everything that waits here waits for an event, until a moment."""

import time

# How long something may take that should happen at once. Generous, because a loaded machine is no
# defect of the server; what has a figure in the specification is measured with its own.
PATIENCE = 10.0


class TooLate(AssertionError):
    """What was waited for did not happen in time."""


class Deadline:
    """A moment in the future."""

    def __init__(self, seconds=PATIENCE):
        self._until = time.monotonic() + seconds

    def left(self, what="something"):
        """Seconds that remain; raises TooLate when there are none."""
        seconds = self._until - time.monotonic()
        if seconds <= 0:
            raise TooLate(f"{what} did not come in time")
        return seconds


def wait_for(question, value, within=PATIENCE):
    """Asks until the answer is `value`."""
    deadline = Deadline(within)
    while (now := question()) != value:
        deadline.left(f"{value}, not {now}")
