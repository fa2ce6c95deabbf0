"""When a token is refreshed, what a refresher may answer, what a token says: without threads and tasks."""

import math
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from azure.core.credentials import AccessToken as AzureAccessToken
from azure.core.credentials import AccessTokenInfo
from hypothesis import given
from hypothesis import strategies as st

from acs_identity import AccessToken
from acs_identity._refreshing import TokenInfo, TokenState, check_answer, clock_offset, pause_after

from .tokens import NOW

TOKEN = AccessToken("token", NOW + 3600)


def token_with(left: float) -> TokenState:
    return TokenState(AccessToken("token", NOW + int(left)))


@pytest.mark.parametrize(
    ("left", "window", "refreshed"),
    [(121, 120, False), (120, 120, False), (119, 120, True), (601, 600, False), (599, 600, True), (0, 120, True)],
)
def test_a_token_is_refreshed_when_less_than_the_window_is_left(left: int, window: float, refreshed: bool) -> None:
    assert token_with(left).is_refreshed_for_caller(NOW, window) is refreshed
    assert token_with(left).is_refreshed_unasked(NOW, window) is refreshed


def test_a_token_is_live_until_the_second_it_expires() -> None:
    assert token_with(1).live_token(NOW + 0.999) is not None
    assert token_with(1).live_token(NOW + 1) is None
    assert TokenState().live_token(NOW) is None


def test_the_pause_after_failures_doubles_up_to_a_minute() -> None:
    assert [pause_after(failures) for failures in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert pause_after(10**9) == 60


def test_after_a_failure_a_caller_with_a_live_token_tries_again_only_after_the_pause() -> None:
    state = token_with(100).failed(NOW).failed(NOW)
    assert not state.is_refreshed_for_caller(NOW + 1.9, 120)
    assert state.is_refreshed_for_caller(NOW + 2, 120)


def test_no_pause_outlives_the_token() -> None:
    state = token_with(3)
    for _ in range(10):
        state = state.failed(NOW)
    assert state.is_refreshed_for_caller(NOW + 3, 120)
    assert state.is_refreshed_unasked(NOW + 3, 120)


def test_without_a_live_token_a_caller_tries_at_once_and_the_background_after_the_pause() -> None:
    state = TokenState().failed(NOW)
    assert state.is_refreshed_for_caller(NOW, 120)
    assert not state.is_refreshed_unasked(NOW, 120)
    assert state.is_refreshed_unasked(NOW + 1, 120)


def test_a_clock_set_back_ends_the_pause() -> None:
    assert TokenState().failed(NOW).is_refreshed_unasked(NOW - 3600, 120)


def test_a_success_ends_the_count_of_failures() -> None:
    state = token_with(100).failed(NOW).failed(NOW).failed(NOW).renewed(TOKEN, NOW, 120).failed(NOW + 3500)
    assert state.is_refreshed_for_caller(NOW + 3501, 120)


def test_a_new_token_that_is_due_at_once_is_kept_for_half_of_what_is_left_of_it() -> None:
    state = TokenState().renewed(AccessToken("short", NOW + 60), NOW, 120)
    assert not state.is_refreshed_for_caller(NOW + 29, 120)
    assert state.is_refreshed_for_caller(NOW + 30, 120)


def test_a_token_to_be_replaced_is_due_whatever_is_left_of_it() -> None:
    state = TokenState(TOKEN)
    assert state.is_refreshed_for_caller(NOW, 120, TOKEN)
    assert not state.is_refreshed_for_caller(NOW, 120, AccessToken(*TOKEN))


@pytest.mark.parametrize(
    ("state", "seconds"),
    [
        (token_with(3600), 60),
        (token_with(630), 30),
        (token_with(600), 1),
        (token_with(599), 1),
        (token_with(599).failed(NOW).failed(NOW).failed(NOW), 4),
        (TokenState(), 1),
    ],
)
def test_the_background_sleeps_until_the_token_is_due_but_a_minute_at_most(state: TokenState, seconds: float) -> None:
    assert state.seconds_to_sleep(NOW, 600) == seconds


@given(st.integers(0, 10**6), st.integers(0, 40), st.floats(0, 10**7), st.sampled_from([120.0, 600.0]))
def test_whatever_happened_the_background_neither_spins_nor_oversleeps(
    left: int, failures: int, later: float, window: float
) -> None:
    state = token_with(left)
    for _ in range(failures):
        state = state.failed(NOW)
    assert 1 <= state.seconds_to_sleep(NOW + later, window) <= 60


class Duck:
    def __init__(self, token: Any = "token", expires_on: Any = NOW + 3600) -> None:
        self.token = token
        self.expires_on = expires_on


@pytest.mark.parametrize(
    "answer",
    [
        TOKEN,
        AzureAccessToken("token", NOW + 3600),
        AccessTokenInfo("token", NOW + 3600),
        Duck(expires_on=NOW + 3600.9),
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_every_access_token_of_azure_core_is_a_good_answer(answer: object) -> None:
    checked = check_answer(answer, NOW)
    assert checked == ("token", NOW + 3600)
    assert type(checked) is AccessToken
    assert type(checked.expires_on) is int


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (None, "not NoneType"),
        ("a-secret", "not str"),
        (("a-secret", NOW + 3600), "not tuple"),
        ({"token": "a-secret", "expires_on": NOW}, "not dict"),
        (Duck(token=b"a-secret"), "its token is of type bytes"),
        (Duck(token=None), "its token is of type NoneType"),
        (Duck(expires_on="2026-11-22T17:32:27"), "its expires_on is of type str"),
        (Duck(expires_on=datetime(2026, 11, 22, tzinfo=UTC)), "its expires_on is of type datetime"),
        (Duck(expires_on=True), "its expires_on is of type bool"),
    ],
)
def test_an_answer_of_the_wrong_type_is_a_type_error_that_says_what_is_expected(answer: object, text: str) -> None:
    with pytest.raises(TypeError, match=text) as caught:
        check_answer(answer, NOW)
    assert "must return an AccessToken: token, a str, and expires_on, an int" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Duck(expires_on=NOW), "expired 0 s ago"),
        (Duck(expires_on=NOW - 60), "expired 60 s ago"),
        (Duck(expires_on=0), "expired"),
        (Duck(expires_on=-1), "no time in seconds since 1970"),
        (Duck(expires_on=(NOW + 3600) * 1000), "milliseconds"),
        (Duck(expires_on=10**400), "no time"),
        (Duck(expires_on=math.nan), "no time"),
        (Duck(expires_on=math.inf), "no time"),
        (Duck(token=""), "empty"),
        (Duck(token="a-secret\r\nX-Injected: 1"), "blanks"),
        (Duck(token="a-secret-ä"), "non-ASCII"),
    ],
)
def test_a_token_that_cannot_be_used_is_a_value_error(answer: object, text: str) -> None:
    with pytest.raises(ValueError, match=text) as caught:
        check_answer(answer, NOW)
    assert "secret" not in str(caught.value)


def test_the_repr_of_a_token_info_does_not_show_the_token() -> None:
    assert repr(TokenInfo("a-secret", NOW)) == f"AccessTokenInfo(token='***', expires_on={NOW}, token_type='Bearer')"
    assert "a-secret" not in str([TokenState(AccessToken("a-secret", NOW))])


def test_the_offset_is_what_the_service_is_ahead() -> None:
    assert clock_offset(format_datetime(datetime.fromtimestamp(NOW, UTC), usegmt=True), NOW - 600) == 600
    assert clock_offset(format_datetime(datetime.fromtimestamp(NOW, UTC)), NOW + 600) == -600
    assert clock_offset("Fri, 15 Jan 2027 08:00:00 -0000", NOW) == 0


@pytest.mark.parametrize(
    "date",
    [None, "", "yesterday", "Mon, 99 Foo 2024 99:99:99 GMT", "\0", "1" * 10000, f"1 Jan {10**20} 00:00:00 GMT"],
)
def test_a_date_that_is_none_says_nothing_about_the_offset(date: str | None) -> None:
    assert clock_offset(date, NOW) is None


@given(st.text())
def test_no_date_header_whatsoever_breaks_anything(date: str) -> None:
    offset = clock_offset(date, NOW)
    assert offset is None or math.isfinite(offset)
