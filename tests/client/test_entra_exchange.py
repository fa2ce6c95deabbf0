"""A user's Entra ID token is exchanged for an access token: for both families of scopes, no oftener than needed."""

import asyncio
import base64
import inspect
import json
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from azure.core.credentials import AccessToken as AzureAccessToken
from azure.core.credentials import AccessTokenInfo, AzureKeyCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ServiceRequestError,
)
from azure.core.pipeline.policies import AsyncRetryPolicy, RetryPolicy

from acs_identity import AccessToken, CommunicationIdentityClient
from acs_identity._entra import Exchanged
from acs_identity._entra_exchange import EntraTokenExchange
from acs_identity._versions import warn_of_preview
from acs_identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient
from acs_identity.aio._entra_exchange import EntraTokenExchange as AsyncEntraTokenExchange
from acs_identity_emulator import AsyncEmulatorTransport, Emulator, EmulatorTransport, Request, Response
from acs_identity_rest.v2025_03_02_preview import CommunicationIdentityRestClient
from acs_identity_rest.v2025_03_02_preview.models import (
    EntraAssignmentCreateOrUpdateRequest,
    TeamsExtensionAssignmentCreateOrUpdateRequest,
)

ENDPOINT = "https://contoso.communication.azure.com"
CLIENTS = "https://communication.azure.com/clients/"
TEAMS = "https://auth.msft.communication.azure.com/"
TEAMS_US = "https://auth.msft.communication.azure.us/"
ENTRA_TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJ0aWQiOiJ0ZW5hbnQifQ.c2lnbmF0dXJl"
IN_2099 = "2099-01-01T00:00:00.5000000+00:00"
IN_2020 = "2020-01-01T00:00:00.5000000+00:00"


def answer(status: int, body: Any = None, **headers: str) -> Response:
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, {"Content-Type": "application/json; charset=utf-8", **named}, content)


def granted(token: str = "access", expires_on: str = IN_2099) -> Response:
    return answer(200, {"identity": {"id": "8:acs:1_2"}, "accessToken": {"token": token, "expiresOn": expires_on}})


def refused(status: int, **headers: str) -> Response:
    return answer(status, {"error": {"code": "Refused", "message": "no"}}, **headers)


@dataclass
class Service:
    """Keeps what it is asked and answers from a list; then with an access token that names the Entra ID token."""

    answers: list[Response | Exception] = field(default_factory=list[Response | Exception])
    asked: list[Request] = field(default_factory=list[Request])
    slept: list[float] = field(default_factory=list[float])

    def handle(self, request: Request) -> Response:
        self.asked.append(request)
        if not self.answers:
            return granted(f"access for {request.header('Authorization')}")
        given = self.answers.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    @property
    def authorizations(self) -> list[str | None]:
        return [request.header("Authorization") for request in self.asked]


class Transport(EmulatorTransport):
    def __init__(self, service: Service) -> None:
        super().__init__(cast(Emulator, service))
        self._service = service

    def sleep(self, duration: float) -> None:
        self._service.slept.append(duration)


class AsyncTransport(AsyncEmulatorTransport):
    def __init__(self, service: Service) -> None:
        super().__init__(cast(Emulator, service))
        self._service = service

    async def sleep(self, duration: float) -> None:
        self._service.slept.append(duration)


class Credential:
    """Gives the tokens of a list in turn, the last one for ever."""

    def __init__(self, *tokens: Any) -> None:
        self.tokens = list(tokens) or [ENTRA_TOKEN]
        self.scopes: list[tuple[str, ...]] = []
        self.is_closed = False

    def get_token(self, *scopes: str, **kwargs: Any) -> AzureAccessToken:
        self.scopes.append(scopes)
        token = self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]
        return AzureAccessToken(token, 4_000_000_000)

    def close(self) -> None:
        self.is_closed = True


class AsyncCredential(Credential):
    async def get_token(self, *scopes: str, **kwargs: Any) -> AzureAccessToken:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return super().get_token(*scopes, **kwargs)


@dataclass
class Colour:
    """One colour of what is under test."""

    is_async: bool

    def credential(self, *tokens: Any) -> Credential:
        return AsyncCredential(*tokens) if self.is_async else Credential(*tokens)

    def exchange(
        self, service: Any, credential: Any = None, scopes: Any = None, endpoint: str = ENDPOINT, **options: Any
    ) -> Any:
        exchange_class: Any = AsyncEntraTokenExchange if self.is_async else EntraTokenExchange
        return exchange_class(
            endpoint, credential or self.credential(), scopes, **{"transport": self.transport(service), **options}
        )

    def client(self, service: Service, credential: Any) -> Any:
        client_class: Any = AsyncCommunicationIdentityClient if self.is_async else CommunicationIdentityClient
        return client_class(ENDPOINT, credential, transport=self.transport(service))

    def transport(self, service: Any) -> Any:
        if isinstance(service, Service):
            return AsyncTransport(service) if self.is_async else Transport(service)
        return AsyncEmulatorTransport(service) if self.is_async else EmulatorTransport(service)


async def settled(result: Any) -> Any:
    """Return the result of a call of either colour."""
    return await result if inspect.isawaitable(result) else result


@pytest.fixture(params=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> Colour:
    return Colour(request.param == "async")


@pytest.fixture
def service() -> Service:
    return Service()


# The exchange


@pytest.fixture
def assigned() -> Emulator:
    """An emulator to whose resource the user of its Entra ID tokens is assigned in both ways."""
    from acs_identity import HmacAuthenticationPolicy

    emulator = Emulator()
    credential = emulator.entra.credential()
    token = emulator.entra.verify(credential.get_token(f"{CLIENTS}.default").token, for_exchange=True)
    with CommunicationIdentityRestClient(
        emulator.endpoint,
        policies=[HmacAuthenticationPolicy(emulator.access_key)],
        transport=EmulatorTransport(emulator),
    ) as raw:
        raw.entra.upsert_assignment(
            token.object_id,
            EntraAssignmentCreateOrUpdateRequest(
                tenant_id=token.tenant_id, principal_type="user", client_ids=[token.client_id]
            ),
        )
        raw.teams_extension.upsert_assignment(
            token.tenant_id,
            token.object_id,
            TeamsExtensionAssignmentCreateOrUpdateRequest(principal_type="user", client_ids=[token.client_id]),
        )
    return emulator


@pytest.mark.parametrize(
    ("scopes", "granted"),
    [
        ([f"{CLIENTS}.default"], "chat,voip"),
        ([f"{CLIENTS}VoIP"], "voip"),
        ([f"{TEAMS}TeamsExtension.ManageCalls"], "chat,voip"),
    ],
)
async def test_an_assigned_user_gets_an_access_token_that_the_service_knows(
    colour: Colour, assigned: Emulator, scopes: list[str], granted: str
) -> None:
    entra = assigned.entra
    credential = entra.async_credential() if colour.is_async else entra.credential()
    exchange = colour.exchange(assigned, credential, scopes, endpoint=assigned.endpoint)
    token = await settled(exchange.exchange())
    assert type(token) is AccessToken
    claims = json.loads(base64.urlsafe_b64decode(token.token.split(".")[1] + "=="))
    assert (claims["acsScope"], claims["exp"]) == (granted, token.expires_on)
    assert assigned.introspect(token.token).state == "live"
    await settled(exchange.close())


async def test_a_user_without_an_assignment_is_refused_with_the_error_of_the_service(colour: Colour) -> None:
    emulator = Emulator()
    entra_token = emulator.entra.issue_token()
    exchange = colour.exchange(emulator, colour.credential(entra_token), endpoint=emulator.endpoint)
    with pytest.raises(HttpResponseError) as caught:
        await settled(exchange.exchange())
    assert caught.value.status_code == 403
    assert entra_token not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    ("scopes", "target"),
    [
        (None, "/access/entra/:exchangeAccessToken?api-version=2025-03-02-preview"),
        ([f"{CLIENTS}.default"], "/access/entra/:exchangeAccessToken?api-version=2025-03-02-preview"),
        ((f"{CLIENTS}VoIP", f"{CLIENTS}Chat"), "/access/entra/:exchangeAccessToken?api-version=2025-03-02-preview"),
        ([f"{TEAMS}TeamsExtension.ManageCalls"], "/access/teamsExtension/:exchangeAccessToken?api-version=2025-06-30"),
        ([f"{TEAMS_US}.default"], "/access/teamsExtension/:exchangeAccessToken?api-version=2025-06-30"),
    ],
)
async def test_the_family_of_the_scopes_decides_what_is_asked(
    colour: Colour, service: Service, scopes: Any, target: str
) -> None:
    credential = colour.credential()
    await settled(colour.exchange(service, credential, scopes, endpoint=f"{ENDPOINT}/").exchange())
    [request] = service.asked
    assert (request.scheme, request.header("Host")) == ("https", "contoso.communication.azure.com")
    assert (request.method, request.target, request.body) == ("POST", target, b"{}")
    assert request.header("Authorization") == f"Bearer {ENTRA_TOKEN}"
    assert (request.header("Content-Type"), request.header("Accept")) == ("application/json", "application/json")
    assert request.header("x-ms-date") is None
    assert request.header("x-ms-content-sha256") is None
    assert credential.scopes == [tuple(scopes or [f"{CLIENTS}.default"])]


@pytest.mark.parametrize(
    "endpoint", ["CONTOSO.communication.azure.com", " HTTPS://Contoso.Communication.Azure.Com:443/ "]
)
async def test_the_endpoint_is_taken_as_the_portal_or_a_person_writes_it(
    colour: Colour, service: Service, endpoint: str
) -> None:
    await settled(colour.exchange(service, endpoint=endpoint).exchange())
    assert (service.asked[0].scheme, service.asked[0].header("Host")) == ("https", "contoso.communication.azure.com")


@pytest.mark.parametrize(
    ("endpoint", "error"),
    [
        ("", ValueError),
        ("ftp://contoso.com", ValueError),
        ("endpoint=https://contoso.com/", ValueError),
        (5, TypeError),
    ],
)
def test_a_malformed_endpoint_is_refused_when_the_exchange_is_made(
    colour: Colour, service: Service, endpoint: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"[Tt]he endpoint"):
        colour.exchange(service, endpoint=endpoint)


async def test_who_did_not_choose_a_preview_is_not_warned_of_one(colour: Colour, service: Service) -> None:
    warn_of_preview.cache_clear()
    await settled(colour.exchange(service).exchange())
    assert "2025-03-02-preview" in service.asked[0].target


@pytest.mark.parametrize(
    ("scopes", "error"),
    [
        ([], ValueError),
        ((), ValueError),
        ([""], ValueError),
        (["chat"], ValueError),
        (["https://communication.azure.com//.default"], ValueError),
        (["https://communication.azure.com/clients"], ValueError),
        (["HTTPS://COMMUNICATION.AZURE.COM/CLIENTS/Chat"], ValueError),
        (["https://communication.azure.com.contoso.com/clients/Chat"], ValueError),
        ([f" {CLIENTS}Chat"], ValueError),
        ([f"{CLIENTS}Chat", f"{TEAMS}TeamsExtension.ManageCalls"], ValueError),
        ([f"{TEAMS}.default", f"{TEAMS_US}.default"], ValueError),
        ([f"{CLIENTS}Chat", "chat"], ValueError),
        (f"{CLIENTS}Chat", TypeError),
        (f"{CLIENTS}Chat".encode(), TypeError),
        (5, TypeError),
        ([f"{CLIENTS}Chat", None], TypeError),
        ([f"{CLIENTS}Chat".encode()], TypeError),
    ],
)
def test_scopes_that_name_no_one_family_are_refused_before_anything_is_asked(
    colour: Colour, service: Service, scopes: Any, error: type[Exception]
) -> None:
    credential = colour.credential()
    with pytest.raises(error) as caught:
        colour.exchange(service, credential, scopes)
    assert CLIENTS in str(caught.value) or "A scope must be a str" in str(caught.value)
    if error is ValueError:
        assert TEAMS in str(caught.value)
        assert TEAMS_US in str(caught.value)
    assert (credential.scopes, service.asked) == ([], [])


# The credential


async def test_a_credential_that_knows_get_token_info_only_is_asked_by_it(colour: Colour, service: Service) -> None:
    class Info:
        def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
            return AccessTokenInfo(f"info-{scopes[0].rpartition('/')[2]}", 4_000_000_000)

    class AsyncInfo:
        async def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
            return Info().get_token_info(*scopes)

    await settled(colour.exchange(service, AsyncInfo() if colour.is_async else Info()).exchange())
    assert service.authorizations == ["Bearer info-.default"]


def test_a_credential_of_the_other_colour_is_refused_when_the_exchange_is_made(service: Service) -> None:
    with pytest.raises(TypeError, match="needs a sync token credential"):
        Colour(is_async=False).exchange(service, AsyncCredential())
    with pytest.raises(TypeError, match="needs an async token credential"):
        Colour(is_async=True).exchange(service, Credential())


@pytest.mark.parametrize(
    "credential",
    [5, "c2VjcmV0", AzureKeyCredential("c2VjcmV0"), object()],
    ids=lambda value: type(value).__name__,
)
def test_an_access_key_cannot_be_exchanged(colour: Colour, service: Service, credential: Any) -> None:
    with pytest.raises(TypeError, match="must be a token credential") as caught:
        colour.exchange(service, credential)
    assert "c2VjcmV0" not in str(caught.value)


@pytest.mark.parametrize("token", ["", " ", "to ken", "token\r\nX-Other: 1", "tökén", None, 5, b"token"])
async def test_a_token_that_cannot_be_sent_is_refused_without_showing_it(
    colour: Colour, service: Service, token: Any
) -> None:
    exchange = colour.exchange(service, colour.credential(token))
    with pytest.raises((TypeError, ValueError), match="The token credential gave") as caught:
        await settled(exchange.exchange())
    assert not isinstance(token, str) or not token.strip() or token not in str(caught.value)
    assert service.asked == []


async def test_what_the_credential_raises_passes_through_and_the_next_call_asks_again(
    colour: Colour, service: Service
) -> None:
    credential = colour.credential()
    exchange = colour.exchange(service, credential)
    error = ClientAuthenticationError("no browser")
    get_token: Any = credential.get_token

    def fail_once(*scopes: str, **kwargs: Any) -> Any:
        exchange._get_token = get_token
        raise error

    exchange._get_token = fail_once
    with pytest.raises(ClientAuthenticationError) as caught:
        await settled(exchange.exchange())
    assert caught.value is error
    assert (await settled(exchange.exchange())).token == f"access for Bearer {ENTRA_TOKEN}"


# The guard


async def test_the_same_entra_token_is_exchanged_once(colour: Colour, service: Service) -> None:
    credential = colour.credential()
    exchange = colour.exchange(service, credential)
    tokens = [await settled(exchange.exchange()) for _ in range(3)]
    assert tokens == [AccessToken(f"access for Bearer {ENTRA_TOKEN}", 4070908800)] * 3
    assert (len(service.asked), len(credential.scopes)) == (1, 3)


async def test_another_entra_token_is_exchanged_anew(colour: Colour, service: Service) -> None:
    exchange = colour.exchange(service, colour.credential("one", "two", "two", "one"))
    tokens = [(await settled(exchange.exchange())).token for _ in range(4)]
    assert tokens == [f"access for Bearer {name}" for name in ("one", "two", "two", "one")]
    assert service.authorizations == ["Bearer one", "Bearer two", "Bearer one"]


async def test_an_expired_access_token_is_not_given_out_again(colour: Colour, service: Service) -> None:
    service.answers = [granted("old", IN_2020), granted("new")]
    exchange = colour.exchange(service)
    assert [(await settled(exchange.exchange())).token for _ in range(3)] == ["old", "new", "new"]


def test_an_access_token_expires_at_its_second() -> None:
    last = Exchanged("of-the-user", AccessToken("access", 1000))
    assert [last.serves("of-the-user", now) for now in (999.9, 1000, 1000.1)] == [True, False, False]
    assert not last.serves("of-the-User", 0)
    assert "of-the-user" not in repr(last)


async def test_after_a_failure_the_token_exchanged_before_it_is_exchanged_anew(
    colour: Colour, service: Service
) -> None:
    service.answers = [granted("first"), refused(403), granted("second")]
    exchange = colour.exchange(service, colour.credential("one", "two", "one"))
    assert (await settled(exchange.exchange())).token == "first"
    with pytest.raises(HttpResponseError):
        await settled(exchange.exchange())
    assert (await settled(exchange.exchange())).token == "second"


# Failures


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_service_that_is_busy_or_broken_is_asked_again_with_the_same_token(
    colour: Colour, service: Service, status: int
) -> None:
    service.answers = [refused(status), refused(status), granted()]
    assert (await settled(colour.exchange(service).exchange())).token == "access"
    assert service.authorizations == [f"Bearer {ENTRA_TOKEN}"] * 3
    assert len({request.body for request in service.asked}) == 1


async def test_the_wait_that_the_service_asks_for_is_kept(colour: Colour, service: Service) -> None:
    service.answers = [refused(429, Retry_After="7"), refused(503, Retry_After="11"), granted()]
    await settled(colour.exchange(service).exchange())
    assert service.slept == [7, 11]


async def test_a_service_that_cannot_be_reached_is_tried_again(colour: Colour, service: Service) -> None:
    service.answers = [ServiceRequestError("no route"), granted()]
    assert (await settled(colour.exchange(service).exchange())).token == "access"


async def test_a_service_that_stays_busy_is_an_error_in_the_end(colour: Colour, service: Service) -> None:
    service.answers = [refused(429)] * 3
    with pytest.raises(HttpResponseError) as caught:
        await settled(colour.exchange(service, retry_total=2).exchange())
    assert caught.value.status_code == 429
    assert service.answers == []


@pytest.mark.parametrize(
    ("status", "error"), [(400, HttpResponseError), (401, ClientAuthenticationError), (403, HttpResponseError)]
)
async def test_a_refusal_is_final(colour: Colour, service: Service, status: int, error: type[Exception]) -> None:
    service.answers = [refused(status)]
    with pytest.raises(error):
        await settled(colour.exchange(service).exchange())
    assert (len(service.asked), service.slept) == (1, [])


@pytest.mark.parametrize("status", [201, 202, 204])
async def test_only_200_is_a_success(colour: Colour, service: Service, status: int) -> None:
    service.answers = [answer(status, json.loads(granted().body))]
    with pytest.raises(HttpResponseError):
        await settled(colour.exchange(service).exchange())


async def test_a_retry_policy_of_the_caller_decides_alone(colour: Colour, service: Service) -> None:
    policy: Any = AsyncRetryPolicy if colour.is_async else RetryPolicy
    service.answers = [refused(429)]
    with pytest.raises(HttpResponseError):
        await settled(colour.exchange(service, retry_policy=policy(retry_backoff_factor=0)).exchange())
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"[1]",
        b'"text"',
        b"5",
        b"{",
        granted().body[:-20],
        b"\xff\xfe",
        b"<html>sign in</html>",
        {},
        {"accessToken": None},
        {"accessToken": {}},
        {"accessToken": {"token": "access"}},
        {"accessToken": {"expiresOn": IN_2099}},
        {"accessToken": {"token": "", "expiresOn": IN_2099}},
        {"accessToken": {"token": "access", "expiresOn": ""}},
        {"accessToken": {"token": "access", "expiresOn": "tomorrow"}},
        {"accessToken": "access"},
        {"accessToken": ["access"]},
        {"token": "access", "expiresOn": IN_2099},
    ],
    ids=str,
)
@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
async def test_an_answer_without_an_access_token_is_an_error_of_decoding(
    colour: Colour, service: Service, body: Any, content_type: str
) -> None:
    service.answers = [answer(200, body, Content_Type=content_type), granted("next")]
    exchange = colour.exchange(service)
    with pytest.raises(DecodeError):
        await settled(exchange.exchange())
    assert (await settled(exchange.exchange())).token == "next", "nothing of it is kept"


@pytest.mark.parametrize("status", [400, 401, 403, 500])
async def test_no_refusal_shows_the_entra_token_even_where_the_service_repeats_it(
    colour: Colour, service: Service, status: int
) -> None:
    service.answers = [answer(status, {"error": {"code": "Refused", "message": f"bad token {ENTRA_TOKEN}"}})]
    with pytest.raises(AzureError) as caught:
        await settled(colour.exchange(service, retry_total=0).exchange())
    assert "bad token" in str(caught.value)
    assert ENTRA_TOKEN not in str(caught.value) + repr(caught.value) + caught.value.message


# Where the token goes


@pytest.mark.parametrize("endpoint", ["http://contoso.communication.azure.com", "http://10.0.0.1:8080"])
def test_an_endpoint_over_plain_http_is_refused_when_the_exchange_is_made(
    colour: Colour, service: Service, endpoint: str
) -> None:
    with pytest.raises(ValueError, match="must start with https://"):
        colour.exchange(service, endpoint=endpoint)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"])
async def test_plain_http_is_good_enough_on_this_machine(colour: Colour, service: Service, endpoint: str) -> None:
    await settled(colour.exchange(service, endpoint=endpoint).exchange())
    assert service.authorizations == [f"Bearer {ENTRA_TOKEN}"]


async def test_a_redirect_is_not_followed_unless_that_is_asked_for(colour: Colour, service: Service) -> None:
    service.answers = [answer(307, Location="https://contoso.communication.azure.com/x")]
    with pytest.raises(HttpResponseError) as caught:
        await settled(colour.exchange(service).exchange())
    assert (caught.value.status_code, len(service.asked)) == (307, 1)


@pytest.mark.parametrize(
    "location", ["https://evil.example.com/x", "https://contoso.communication.azure.com:8443/x", "http://127.0.0.1/x"]
)
async def test_a_redirect_to_another_host_does_not_take_the_token_along(
    colour: Colour, service: Service, location: str
) -> None:
    service.answers = [answer(307, Location=location), refused(503), refused(401)]
    with pytest.raises(ClientAuthenticationError):
        await settled(colour.exchange(service, permit_redirects=True).exchange())
    assert service.authorizations == [f"Bearer {ENTRA_TOKEN}", None, None]


async def test_a_redirect_on_the_same_host_takes_it_along(colour: Colour, service: Service) -> None:
    service.answers = [answer(308, Location="/elsewhere"), refused(503), granted()]
    await settled(colour.exchange(service, permit_redirects=True).exchange())
    assert [request.path for request in service.asked][1:] == ["/elsewhere"] * 2
    assert service.authorizations == [f"Bearer {ENTRA_TOKEN}"] * 3


async def test_a_redirect_to_plain_http_is_refused_at_once(colour: Colour, service: Service) -> None:
    service.answers = [answer(307, Location=f"{ENDPOINT}/x".replace("https", "http"))]
    with pytest.raises(ClientAuthenticationError, match="over https only") as caught:
        await settled(colour.exchange(service, permit_redirects=True).exchange())
    assert (len(service.asked), service.slept) == (1, [])
    assert ENTRA_TOKEN not in str(caught.value)


@pytest.mark.parametrize("is_key", [True, False], ids=["a key", "a token credential"])
async def test_a_call_with_an_entra_token_is_authenticated_by_it_and_the_next_by_the_client(
    colour: Colour, service: Service, is_key: bool
) -> None:
    client = colour.client(service, "c2VjcmV0" if is_key else colour.credential("own"))
    operation = client.raw.teams_extension.exchange_access_token
    service.answers = [refused(500), refused(503), granted()]
    await settled(operation({}, entra_token=ENTRA_TOKEN))
    assert service.authorizations == [f"Bearer {ENTRA_TOKEN}"] * 3
    assert [request.header("x-ms-date") or request.header("x-ms-content-sha256") for request in service.asked] == [
        None
    ] * 3
    await settled(operation({}))
    own = service.asked[-1]
    if is_key:
        assert (own.header("Authorization") or "").startswith("HMAC-SHA256 ")
        assert own.header("x-ms-date")
    else:
        assert own.header("Authorization") == "Bearer own"


# At once


@pytest.fixture
def often_switching() -> Iterator[None]:
    """Threads take turns after every few instructions, so that a race shows."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("often_switching")
def test_threads_that_exchange_at_once_each_get_the_token_of_their_own_user(service: Service) -> None:
    def user() -> str:
        # Two users, so that exchanges are skipped as well as made.
        return "alice" if threading.get_ident() in of_alice else "bob"

    class OfThread(Credential):
        def get_token(self, *scopes: str, **kwargs: Any) -> AzureAccessToken:
            return AzureAccessToken(user(), 4_000_000_000)

    exchange = EntraTokenExchange(ENDPOINT, OfThread(), transport=Transport(service))
    of_alice: set[int] = set()
    start = threading.Barrier(6, timeout=30)

    def work(is_alice: bool) -> list[tuple[str, str]]:
        if is_alice:
            of_alice.add(threading.get_ident())
        start.wait()
        return [(exchange.exchange().token, f"access for Bearer {user()}") for _ in range(100)]

    with ThreadPoolExecutor(6) as pool:
        futures = [pool.submit(work, number % 2 == 0) for number in range(6)]
        results = [pair for future in futures for pair in future.result(30)]
    assert [(given, wanted) for given, wanted in results if given != wanted] == []
    assert len(results) == 600


def test_an_exchange_for_another_user_in_between_does_not_change_the_answer(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = EntraTokenExchange(ENDPOINT, Credential("alice", "alice", "bob"), transport=Transport(service))
    serves = Exchanged.serves
    in_between = [exchange.exchange]

    def interrupted(last: Exchanged, entra_token: str, now: float) -> bool:
        result = serves(last, entra_token, now)
        if in_between:
            assert in_between.pop()().token == "access for Bearer bob"
        return result

    assert exchange.exchange().token == "access for Bearer alice"
    monkeypatch.setattr(Exchanged, "serves", interrupted)
    assert exchange.exchange().token == "access for Bearer alice"
    assert len(service.asked) == 2


class Gates(AsyncTransport):
    """Lets a request go when the gate of its token opens."""

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self.gates = {f"Bearer {name}": asyncio.Event() for name in ("slow", "quick")}
        self.waiting = asyncio.Event()

    async def send(self, request: Any, **options: Any) -> Any:
        self.waiting.set()
        await asyncio.wait_for(self.gates[request.headers["Authorization"]].wait(), 30)
        return await super().send(request, **options)


async def test_answers_that_come_in_another_order_are_not_mixed_up(service: Service) -> None:
    gates = Gates(service)
    exchange = AsyncEntraTokenExchange(
        ENDPOINT, cast(Any, AsyncCredential("slow", "quick", "quick", "slow")), transport=gates
    )
    slow = asyncio.create_task(exchange.exchange())
    await asyncio.wait_for(gates.waiting.wait(), 30)
    gates.gates["Bearer quick"].set()
    assert (await exchange.exchange()).token == "access for Bearer quick"
    gates.gates["Bearer slow"].set()
    assert (await slow).token == "access for Bearer slow"
    assert (await exchange.exchange()).token == "access for Bearer quick"
    assert (await exchange.exchange()).token == "access for Bearer slow"
    await exchange.close()


async def test_an_exchange_that_is_cancelled_leaves_nothing_behind(service: Service) -> None:
    gates = Gates(service)
    exchange = AsyncEntraTokenExchange(ENDPOINT, cast(Any, AsyncCredential("slow")), transport=gates)
    task = asyncio.create_task(exchange.exchange())
    await asyncio.wait_for(gates.waiting.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gates.gates["Bearer slow"].set()
    assert (await exchange.exchange()).token == "access for Bearer slow"
    assert len(service.asked) == 1
    await exchange.close()


async def test_closing_closes_the_connections_and_not_the_credential(colour: Colour, service: Service) -> None:
    credential = colour.credential()
    exchange = colour.exchange(service, credential)
    await settled(exchange.exchange())
    await settled(exchange.close())
    await settled(exchange.close())
    credential.tokens = ["another"]
    with pytest.raises(ValueError, match="transport is closed"):
        await settled(exchange.exchange())
    assert not credential.is_closed
