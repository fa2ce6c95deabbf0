"""Whatever is asked for and when, no 30 seconds see more requests than the limit, and nearly all of it can be used."""

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs_identity import RateBudget

METHOD = "create_user"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(st.integers(1, 20), st.lists(st.floats(0, 40), min_size=1, max_size=120))
def test_no_thirty_seconds_see_more_requests_than_the_limit(limit: int, gaps: list[float]) -> None:
    clock = Clock()
    budget = RateBudget({METHOD: limit}, clock=clock)
    sent: list[float] = []
    for gap in gaps:
        clock.now += gap
        sent.append(budget.reserve(METHOD))
    assert sent == sorted(sent)
    for first in sent:
        assert sum(first <= moment < first + 30 for moment in sent) <= limit


@pytest.mark.parametrize(("limit", "share"), [(1000, 1.0), (500, 1.0), (1000, 0.25), (500, 0.5)])
def test_nearly_all_that_is_allowed_can_be_used(limit: int, share: float) -> None:
    budget = RateBudget({METHOD: limit}, share=share, clock=Clock())
    sent = [budget.reserve(METHOD) for _ in range(int(limit * share) * 20)]
    # The first ones go out at once; the rate of those after them is that of a long run.
    allowed = (sent[-1] - sent[0]) / 30 * limit * share
    assert 0.95 * allowed <= len(sent) - int(limit * share) <= allowed


def test_the_first_requests_do_not_wait() -> None:
    budget = RateBudget({METHOD: 3}, clock=Clock())
    assert [budget.seconds_until(METHOD, budget.reserve(METHOD)) for _ in range(4)] == [0, 0, 0, 31]


def test_a_pause_holds_for_all_and_a_longer_one_goes_on() -> None:
    clock = Clock()
    budget = RateBudget({METHOD: 10, "delete_user": 10}, clock=clock)
    waiting = budget.reserve(METHOD)
    budget.pause(METHOD, 20)
    budget.pause(METHOD, 5)
    assert budget.seconds_until(METHOD, waiting) == 20
    assert budget.reserve(METHOD) == clock.now + 20
    assert budget.reserve("delete_user") == clock.now
    clock.now += 20
    assert budget.seconds_until(METHOD, waiting) == 0


def test_a_method_without_a_limit_is_not_held_back() -> None:
    clock = Clock()
    budget = RateBudget({}, clock=clock)
    assert [budget.reserve(METHOD) for _ in range(3)] == [clock.now] * 3


def test_many_threads_get_as_many_places_as_there_are() -> None:
    clock = Clock()
    budget = RateBudget({METHOD: 50}, clock=clock)
    moments: list[float] = []
    threads = [
        threading.Thread(target=lambda: moments.extend(budget.reserve(METHOD) for _ in range(20))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(moments) == sorted([1000.0] * 50 + [1031.0] * 50 + [1062.0] * 50 + [1093.0] * 10)


def test_of_four_processes_each_takes_a_quarter() -> None:
    budget = RateBudget(share=0.25, clock=Clock())
    assert [budget.reserve("delete_user") for _ in range(126)].count(1000.0) == 125


@pytest.mark.parametrize(
    ("limits", "share", "kind"),
    [
        ({METHOD: 0}, 1.0, ValueError),
        ({METHOD: "10"}, 1.0, TypeError),
        ({METHOD: True}, 1.0, TypeError),
        ({METHOD: 1}, 0, ValueError),
        ({METHOD: 1}, 1.5, ValueError),
        ({METHOD: 1}, "all", TypeError),
        ({METHOD: 1}, True, TypeError),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(limits: Any, share: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        RateBudget(limits, share=share)
