"""What Microsoft documents about rate limits ("Service limits for Azure Communication Services"), one test a fact."""

import json
from typing import Any

import pytest

from acs_identity_emulator import Emulator, Response

LATEST = "2026-09-23"
APP = "2c3e1e83-8fd7-4615-ad2b-b8c1229845ac"


@pytest.fixture
def emulator(clock: Any) -> Emulator:
    return Emulator(clock=clock, limits=True)


def create(call: Any) -> Response:
    response: Response = call("POST", "/identities")
    return response


def create_with_token(call: Any) -> Response:
    # Refused for its lifetime, and counted: signing a thousand tokens would prove no more.
    response: Response = call("POST", "/identities", {"createTokenWithScopes": ["chat"], "expiresInMinutes": 1})
    return response


def delete(call: Any) -> Response:
    response: Response = call("DELETE", "/identities/none")
    return response


def issue(call: Any) -> Response:
    response: Response = call("POST", "/identities/none/:issueAccessToken", {"scopes": ["chat"]})
    return response


def revoke(call: Any) -> Response:
    response: Response = call("POST", "/identities/none/:revokeAccessTokens")
    return response


def exchange(call: Any) -> Response:
    response: Response = call("POST", "/teamsUser/:exchangeAccessToken", {"token": "", "appId": APP, "userId": APP})
    return response


def accepted(call: Any, operation: Any) -> int:
    """How many requests pass before one is too many."""
    count = 0
    while operation(call).status != 429:
        count += 1
        assert count <= 2000, "there is no limit"
    return count


def test_an_identity_can_be_created_1000_times_in_30_seconds(call: Any) -> None:
    assert accepted(call, create) == 1000


def test_an_identity_can_be_deleted_500_times_in_30_seconds(call: Any) -> None:
    assert accepted(call, delete) == 500


def test_an_access_token_can_be_issued_1000_times_in_30_seconds(call: Any) -> None:
    assert accepted(call, issue) == 1000


def test_access_tokens_can_be_revoked_500_times_in_30_seconds(call: Any) -> None:
    assert accepted(call, revoke) == 500


def test_an_identity_can_be_created_with_its_token_1000_times_in_30_seconds(call: Any) -> None:
    assert accepted(call, create_with_token) == 1000


def test_teams_tokens_can_be_exchanged_500_times_in_30_seconds(call: Any) -> None:
    assert accepted(call, exchange) == 500


def test_the_limit_is_one_of_each_operation(call: Any) -> None:
    assert accepted(call, delete) == 500
    assert accepted(call, revoke) == 500


def test_the_window_is_30_seconds(call: Any, clock: Any) -> None:
    accepted(call, delete)
    clock.advance(seconds=29.9)
    assert delete(call).status == 429
    clock.advance(seconds=0.1)
    assert accepted(call, delete) == 500


def test_the_status_of_too_many_requests_is_429(call: Any) -> None:
    accepted(call, delete)
    response = delete(call)
    assert response.status == 429
    assert set(json.loads(response.body)["error"]) == {"code", "message"}
