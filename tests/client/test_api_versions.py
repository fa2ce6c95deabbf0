"""One client for every API version: what a version has works, what it lacks is refused with where to find it."""

import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

import acs_identity_rest
from acs_identity import CommunicationIdentityClient
from acs_identity import _versions as versions
from acs_identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient

from .conftest import USER, Answers

MakeClient = Callable[..., CommunicationIdentityClient]
FRIENDLY = [version for version in acs_identity_rest.API_VERSIONS if version >= "2021-03-07"]
LIFETIME_SINCE = "2022-10-01"
EXCHANGE_SINCE = "2021-10-31-preview"


@pytest.fixture(autouse=True)
def previews_are_expected(request: pytest.FixtureRequest) -> Iterator[None]:
    if "warn" in request.node.name:
        versions.warn_of_preview.cache_clear()
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".* is a preview", category=UserWarning)
        yield


@pytest.mark.parametrize("api_version", FRIENDLY)
def test_every_version_creates_issues_revokes_and_deletes(
    make_client: MakeClient,
    answers: Answers,
    user_answer: dict[str, Any],
    token_answer: dict[str, Any],
    api_version: str,
) -> None:
    client = make_client(api_version=api_version)
    answers.add(201, {**user_answer, "accessToken": token_answer})
    user, _ = client.create_user_and_token(["chat"])
    answers.add(200, token_answer)
    client.get_token(user, ["chat"])
    answers.add(204)
    client.revoke_tokens(user)
    answers.add(204)
    client.delete_user(user)
    assert [sent.url.partition("?")[2] for sent in answers.sent] == [f"api-version={api_version}"] * 4
    assert [sent.body for sent in answers.sent[:2]] == [b'{"createTokenWithScopes": ["chat"]}', b'{"scopes": ["chat"]}']


@pytest.mark.parametrize("api_version", [version for version in FRIENDLY if version >= LIFETIME_SINCE])
def test_a_lifetime_is_sent_where_the_version_has_one(
    make_client: MakeClient, answers: Answers, token_answer: dict[str, Any], api_version: str
) -> None:
    answers.add(200, token_answer)
    make_client(api_version=api_version).get_token(USER, ["chat"], token_expires_in=timedelta(hours=1))
    assert answers.sent[0].body == b'{"scopes": ["chat"], "expiresInMinutes": 60}'


@pytest.mark.parametrize("api_version", [version for version in FRIENDLY if version < LIFETIME_SINCE])
def test_a_lifetime_is_refused_where_the_version_has_none_and_those_that_have_it_are_named(
    make_client: MakeClient, answers: Answers, api_version: str
) -> None:
    having = ", ".join(version for version in FRIENDLY if version >= LIFETIME_SINCE)
    client = make_client(api_version=api_version)
    message = f"token_expires_in is not in API version {api_version}. It is in: {having}."
    with pytest.raises(ValueError, match=message):
        client.get_token(USER, ["chat"], token_expires_in=timedelta(hours=1))
    with pytest.raises(ValueError, match=message):
        client.create_user_and_token(["chat"], token_expires_in=timedelta(hours=1))
    assert answers.sent == []


@pytest.mark.parametrize("api_version", [version for version in FRIENDLY if version >= EXCHANGE_SINCE])
def test_the_exchange_for_a_teams_user_sends_what_the_version_takes(
    make_client: MakeClient, answers: Answers, token_answer: dict[str, Any], api_version: str
) -> None:
    answers.add(200, token_answer)
    make_client(api_version=api_version).get_token_for_teams_user("entra-token", "application", "user")
    whole = b'{"token": "entra-token", "appId": "application", "userId": "user"}'
    assert answers.sent[0].body == (b'{"token": "entra-token"}' if api_version == EXCHANGE_SINCE else whole)


def test_the_exchange_is_refused_where_the_version_has_none(make_client: MakeClient, answers: Answers) -> None:
    having = ", ".join(version for version in FRIENDLY if version >= EXCHANGE_SINCE)
    with pytest.raises(ValueError, match=f"Teams user is not in API version 2021-03-07. It is in: {having}."):
        make_client(api_version="2021-03-07").get_token_for_teams_user("entra-token", "application", "user")
    assert answers.sent == []


CLIENTS = [CommunicationIdentityClient, AsyncCommunicationIdentityClient]


@pytest.mark.parametrize("client_class", CLIENTS)
def test_the_first_preview_is_for_raw_operations_only_and_says_so(client_class: Any) -> None:
    with pytest.raises(ValueError, match=r"raw operations only: .* acs_identity_rest\.v2020_07_20_preview2"):
        client_class("https://contoso.communication.azure.com", "c2VjcmV0", api_version="2020-07-20-preview2")


@pytest.mark.parametrize("client_class", CLIENTS)
def test_an_unknown_version_is_refused_with_those_there_are(client_class: Any) -> None:
    known = ", ".join(FRIENDLY)
    for unknown in ("2022-09-01", "", "latest", "2026-09-23 "):
        with pytest.raises(ValueError, match=f"There is no API version '{unknown}'. Known are: {known}."):
            client_class("https://contoso.communication.azure.com", "c2VjcmV0", api_version=unknown)
    with pytest.raises(TypeError, match="The API version must be a str"):
        client_class("https://contoso.communication.azure.com", "c2VjcmV0", api_version=20260923)


def test_a_preview_warns_once_and_points_at_the_line_that_asked_for_it() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            CommunicationIdentityClient("https://contoso.com", "c2VjcmV0", api_version="2025-03-02-preview").close()
    assert len(caught) == 1
    assert "API version 2025-03-02-preview is a preview" in str(caught[0].message)
    assert "The stable default is 2026-09-23" in str(caught[0].message)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("api_version", [version for version in FRIENDLY if "preview" not in version])
def test_a_stable_version_does_not_warn(api_version: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        CommunicationIdentityClient("https://contoso.com", "c2VjcmV0", api_version=api_version).close()
    assert caught == []


@pytest.mark.parametrize("api_version", FRIENDLY)
def test_only_the_version_that_is_used_is_imported(api_version: str) -> None:
    code = (
        "import sys, acs_identity;"
        f"acs_identity.CommunicationIdentityClient('https://contoso.com', 'pw==', api_version='{api_version}');"
        "print(*{name.split('.')[1] for name in sys.modules if name.startswith('acs_identity_rest.v')})"
    )
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert process.stdout.split() == [f"v{api_version.replace('-', '_')}"]
