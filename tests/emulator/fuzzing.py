"""How long the tests that try things at random go on: a few examples, always the same, or for a time, always others."""

import os
import time
from collections.abc import Callable

from hypothesis import settings

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
"""How long each of these tests goes on (make fuzz); 0 for a few examples that are the same in each run."""


def explore(test: Callable[[], None], examples: int) -> None:
    """Run a test of Hypothesis with some examples, and anew until the time is over."""
    if not SECONDS:
        settings(max_examples=examples, derandomize=True, database=None, deadline=None)(test)()
        return
    others = settings(max_examples=max(examples, 100), derandomize=False, database=None, deadline=None)(test)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        others()
