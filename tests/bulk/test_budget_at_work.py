"""The budget of requests, by a clock that the tests move."""

import heapq
import random
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs_identity._rate_budget import RateBudget

WINDOW = 30.0
LIMIT = 100


class Simulation:
    """Workers that send requests whenever the budget lets them; `arrivals` are the times at which they arrived."""

    def __init__(self, workers: int, latency: Callable[[], float], share: float = 1.0, budgets: int = 1) -> None:
        self.now = 1000.0
        self.arrivals: list[float] = []
        self._latency = latency
        self._budgets = [
            RateBudget({"create_user": LIMIT}, share=share, clock=lambda: self.now) for _ in range(budgets)
        ]
        self._serial = 0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        for number in range(workers):
            self._at(self.now, self._reserve(self._budgets[number % budgets]))

    def _at(self, moment: float, event: Callable[[], None]) -> None:
        self._serial += 1
        heapq.heappush(self._events, (moment, self._serial, event))

    def _reserve(self, budget: RateBudget) -> Callable[[], None]:
        def reserve() -> None:
            self._wait(budget, budget.reserve("create_user"))

        return reserve

    def _wait(self, budget: RateBudget, moment: float) -> None:
        seconds = budget.seconds_until("create_user", moment)
        if seconds > 0:
            self._at(self.now + seconds, lambda: self._wait(budget, moment))
            return
        latency = self._latency()
        self.arrivals.append(self.now + latency / 2)
        self._at(self.now + latency, self._reserve(budget))

    def pause(self, at: float, seconds: float) -> None:
        for budget in self._budgets:
            self._at(1000.0 + at, partial(budget.pause, "create_user", seconds))

    def run(self, seconds: float) -> None:
        while self._events and self._events[0][0] <= 1000.0 + seconds:
            self.now, _, event = heapq.heappop(self._events)
            event()
        self.arrivals = sorted(arrival for arrival in self.arrivals if arrival <= 1000.0 + seconds)

    @property
    def most_in_a_sliding_window(self) -> int:
        most = begin = 0
        for end, arrival in enumerate(self.arrivals):
            while arrival - self.arrivals[begin] >= WINDOW:
                begin += 1
            most = max(most, end - begin + 1)
        return most

    @property
    def refused_by_fixed_windows(self) -> int:
        """Count as the emulator does: a window begins with the first request that finds none."""
        refused, begin, count = 0, float("-inf"), 0
        for arrival in self.arrivals:
            if arrival - begin >= WINDOW:
                begin, count = arrival, 0
            count += 1
            refused += count > LIMIT
        return refused


seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(1, 64), st.sampled_from([0.01, 0.2, 1.0]))
def test_no_thirty_seconds_see_more_requests_than_the_limit(seed: int, workers: int, slowest: float) -> None:
    chance = random.Random(seed)
    simulation = Simulation(workers, lambda: chance.uniform(0.001, slowest))
    simulation.run(200)
    assert simulation.most_in_a_sliding_window <= LIMIT
    assert simulation.refused_by_fixed_windows == 0


@given(seeds, st.integers(8, 64))
def test_where_there_is_demand_at_least_95_percent_of_the_limit_are_used(seed: int, workers: int) -> None:
    chance = random.Random(seed)
    simulation = Simulation(workers, lambda: chance.uniform(0.001, 0.1))
    simulation.run(20 * WINDOW)
    assert len(simulation.arrivals) >= 0.95 * 20 * LIMIT


@given(seeds, st.floats(1, 60), st.floats(0.1, 40))
def test_a_pause_sends_nothing_and_does_not_make_up_for_it_later(seed: int, at: float, seconds: float) -> None:
    chance = random.Random(seed)
    simulation = Simulation(64, lambda: chance.uniform(0.001, 0.05))
    simulation.pause(at, seconds)
    simulation.run(200)
    # Those that were sent when it began arrive a little later.
    assert [arrival for arrival in simulation.arrivals if 1000 + at + 0.1 < arrival < 1000 + at + seconds] == []
    assert simulation.most_in_a_sliding_window <= LIMIT


@given(seeds, st.sampled_from([2, 4]))
def test_several_processes_with_shares_keep_the_limit_together(seed: int, processes: int) -> None:
    chance = random.Random(seed)
    simulation = Simulation(32, lambda: chance.uniform(0.001, 0.1), share=1 / processes, budgets=processes)
    simulation.run(200)
    assert simulation.most_in_a_sliding_window <= LIMIT
    assert len(simulation.arrivals) >= 0.95 * LIMIT * 200 / WINDOW


def test_threads_that_share_a_budget_get_no_request_twice() -> None:
    budget = RateBudget({"create_user": LIMIT}, clock=lambda: 5.0)
    moments: list[float] = []

    def reserve() -> None:
        moments.extend([budget.reserve("create_user") for _ in range(LIMIT)])

    threads = [threading.Thread(target=reserve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(moments) == 4 * LIMIT
    assert sum(moment == 5.0 for moment in moments) == LIMIT


@pytest.mark.parametrize("share", [0, -0.5, 1.5, float("nan"), float("inf")])
def test_a_share_is_above_0_and_at_most_1(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        RateBudget(share=share)


def test_shares_too_small_for_one_request_are_refused() -> None:
    # A thousandth of 500 is none; one each would make 1,000 of them.
    with pytest.raises(ValueError, match="share"):
        RateBudget(share=0.001)


@pytest.mark.parametrize("wrong", [True, "1", None])
def test_a_share_is_a_number(wrong: Any) -> None:
    with pytest.raises(TypeError, match="share"):
        RateBudget(share=wrong)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0])
def test_a_pause_that_is_no_length_of_time_stops_nothing_for_ever(seconds: float) -> None:
    now = [0.0]
    budget = RateBudget(clock=lambda: now[0])
    budget.pause("create_user", seconds)
    now[0] = 24 * 3600.0
    assert budget.seconds_until("create_user", budget.reserve("create_user")) == 0
