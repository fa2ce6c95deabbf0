"""explain() finds the cause that was planted, whoever sent the request; string_to_sign() gives what was signed."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from azure.communication.identity import CommunicationIdentityClient as OfficialClient
from azure.communication.identity import CommunicationUserIdentifier as OfficialUser
from azure.communication.identity.aio import CommunicationIdentityClient as AsyncOfficialClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.pipeline.transport import HttpRequest as LegacyHttpRequest
from azure.core.rest import HttpRequest
from hypothesis import given
from hypothesis import strategies as st

from acs_identity import CommunicationIdentityClient, HmacAuthenticationPolicy
from acs_identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient
from acs_identity.diagnostics import Cause, Explanation, explain, string_to_sign
from acs_identity_emulator import AsyncEmulatorTransport, Emulator, EmulatorServer, EmulatorTransport

from .conftest import KEY, USER, Answers

MakeClient = Callable[..., CommunicationIdentityClient]
OTHER_KEY = "b3RoZXI="
DENIED = {"error": {"code": "Denied", "message": "Denied by the resource provider."}}
SIGNED_AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def refused(call: Callable[[], object]) -> HttpResponseError:
    with pytest.raises(HttpResponseError) as caught:
        call()
    return caught.value


def jwt(**claims: Any) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims)]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in [*parts, b"signature"])


class Change(SansIOHTTPPolicy[Any, Any]):
    """Changes a request after it was signed."""

    def __init__(self, change: Callable[[Any], None]) -> None:
        super().__init__()
        self.change = change

    def on_request(self, request: Any) -> None:
        self.change(request.http_request)


# With the emulator: what it refuses for a known reason


def at_emulator(
    change: Callable[[Any], None] | None = None,
    *,
    key: str | None = None,
    ahead: timedelta = timedelta(0),
    with_key: bool = False,
) -> Explanation:
    emulator = Emulator(clock=lambda: datetime.now(UTC) + ahead)
    with CommunicationIdentityClient(
        emulator.endpoint,
        key or emulator.access_key,
        transport=EmulatorTransport(emulator),
        custom_hook_policy=Change(change) if change else None,
    ) as client:
        error = refused(lambda: client.get_token(USER, ["chat"]))
    return explain(error, access_key=emulator.access_key if with_key else None)


def set_header(name: str, value: str) -> Callable[[Any], None]:
    def change(request: Any) -> None:
        request.headers[name] = value

    return change


def drop_header(name: str) -> Callable[[Any], None]:
    def change(request: Any) -> None:
        del request.headers[name]

    return change


def change_body(request: Any) -> None:
    request.data = request.data + b" "
    request.headers["Content-Length"] = str(len(request.data))


def change_url(old: str, new: str) -> Callable[[Any], None]:
    def change(request: Any) -> None:
        request.url = request.url.replace(old, new)

    return change


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (drop_header("Authorization"), Cause.NO_CREDENTIAL),
        (set_header("Authorization", "SharedKey x"), Cause.SIGNATURE_FORMAT),
        (set_header("Authorization", ""), Cause.SIGNATURE_FORMAT),
        (set_header("Authorization", "HMAC-SHA256 SignedHeaders=host&Signature=eA=="), Cause.SIGNATURE_FORMAT),
        (drop_header("x-ms-date"), Cause.SIGNATURE_FORMAT),
        (drop_header("x-ms-content-sha256"), Cause.SIGNATURE_FORMAT),
        (set_header("x-ms-date", "2026-11-22T12:00:00Z"), Cause.SIGNATURE_FORMAT),
        (change_body, Cause.CONTENT_HASH),
        (set_header("x-ms-content-sha256", "garbage"), Cause.CONTENT_HASH),
        (set_header("Host", "gateway.contoso.com"), Cause.HOST),
        (change_url("chat", "voip"), None),
        (change_url("api-version=2026-09-23", "api-version=2023-10-01"), Cause.SIGNATURE),
    ],
)
def test_what_was_done_to_a_request_after_signing_is_found(change: Callable[[Any], None], cause: Cause | None) -> None:
    if cause is None:
        # Nothing was changed: the signature is right, and the identity is one of another resource.
        assert at_emulator(change).cause is Cause.NOT_OWNED
        return
    explanation = at_emulator(change)
    assert (explanation.status, explanation.cause) == (401, cause)
    assert explanation.likely.startswith("The emulator says: ")
    assert explanation.remedy.endswith(".")


@pytest.mark.parametrize(("minutes", "side"), [(12, "behind"), (-12, "ahead of"), (60 * 24 * 400, "behind")])
def test_a_clock_that_is_off_is_measured(make_client: MakeClient, answers: Answers, minutes: int, side: str) -> None:
    assert at_emulator(ahead=timedelta(minutes=minutes)).cause is Cause.CLOCK
    ahead = timedelta(minutes=minutes)
    answers.add(401, DENIED, {"Date": format_datetime(datetime.now(UTC) + ahead, usegmt=True)})
    explanation = explain(refused(make_client().create_user))
    assert explanation.cause is Cause.CLOCK
    assert explanation.clock_offset is not None
    assert abs(explanation.clock_offset - ahead) < timedelta(seconds=60)
    assert f"{side} the service's, which is probably more than it allows" in explanation.likely
    assert ("12 minutes" if abs(minutes) == 12 else "400 days") in explanation.likely


def test_a_wrong_key_and_a_changed_request_are_told_apart_with_the_key() -> None:
    assert at_emulator(key=OTHER_KEY).cause is Cause.SIGNATURE
    assert at_emulator(key=OTHER_KEY, with_key=True).cause is Cause.ACCESS_KEY
    query = at_emulator(change_url("?api-version", "?x=%2F&api-version"), with_key=True)
    assert query.cause is Cause.ACCESS_KEY
    host = at_emulator(set_header("Host", "gateway.contoso.com"), with_key=True)
    assert host.cause is Cause.HOST
    assert "another one is sent in the Host header" in host.likely


# What was signed in the place of the right text, made by hand


def signed(
    *, url: str, target: str | None = None, host: str | None = None, headers: dict[str, str] | None = None
) -> Any:
    """Return a request of which another text was signed."""
    parts = urlsplit(url)
    own_target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    date, content = format_datetime(SIGNED_AT, usegmt=True), b'{"scopes": ["chat"]}'
    hashed = base64.b64encode(hashlib.sha256(content).digest()).decode()
    text = f"POST\n{target or own_target}\n{date};{host or parts.netloc};{hashed}"
    signature = base64.b64encode(hmac.new(b"secret", text.encode(), hashlib.sha256).digest()).decode()
    return HttpRequest(
        "POST",
        url,
        content=content,
        headers={
            "x-ms-date": date,
            "x-ms-content-sha256": hashed,
            "Authorization": f"HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}",
            **(headers or {}),
        },
    )


def error_for(request: Any, status: int = 401, body: Any = DENIED, **headers: str) -> HttpResponseError:
    """Return the error of an answer to a request."""
    text = body if isinstance(body, str) else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response: Any = SimpleNamespace(status_code=status, reason="?", headers=named, request=request, text=lambda: text)
    return HttpResponseError(response=response)


URL = f"https://contoso.communication.azure.com/identities/{USER.replace(':', '%3A')}/:issueAccessToken?api-version=1"
HOST = "contoso.communication.azure.com"
PATH = urlsplit(URL).path


@pytest.mark.parametrize(
    ("signed_instead", "cause", "text"),
    [
        ({}, Cause.ACCESS_KEY, "so the key is not, or no longer, one of this resource's"),
        ({"target": f"{PATH.replace('%3A', ':')}?api-version=1"}, Cause.ACCESS_KEY, "no longer"),
        ({"host": f"{HOST}/"}, Cause.HOST, "a slash at its end"),
        ({"host": f"{HOST}:443"}, Cause.HOST, "default port"),
        ({"host": f"https://{HOST}"}, Cause.HOST, "scheme"),
        ({"host": "contoso.com"}, Cause.ACCESS_KEY, "another key"),
        ({"target": PATH}, Cause.URL, "path without its query"),
        ({"target": f"/{PATH}?api-version=1"}, Cause.URL, "another slash"),
        ({"target": f"{PATH.replace('%3A', '%253A')}?api-version=1"}, Cause.URL, "once more"),
        ({"url": URL.replace("%3A", ":"), "target": f"{PATH}?api-version=1"}, Cause.URL, "percent-encoded"),
        ({"url": f"{URL}&a=b%20c", "target": f"{PATH}?api-version=1&a=b+c"}, Cause.URL, "query in another"),
        ({"url": URL.replace("%3A", "%3a%40"), "target": None}, Cause.ACCESS_KEY, "no longer"),
        ({"url": f"{URL}&a=b%20c", "target": f"{PATH.replace('%3A', ':')}?api-version=1&a=b c"}, Cause.URL, "query"),
    ],
)
def test_with_the_key_the_part_that_was_signed_in_another_spelling_is_named(
    signed_instead: dict[str, Any], cause: Cause, text: str
) -> None:
    arguments: dict[str, Any] = {"url": URL, **signed_instead}
    request = signed(**arguments)
    explanation = explain(error_for(request), access_key=KEY)
    assert (explanation.cause, text in explanation.likely) == (cause, True), explanation.likely
    assert explain(error_for(request)).cause is Cause.SIGNATURE
    assert explain(error_for(request), access_key=OTHER_KEY).likely == (
        "The request was signed with another key than the one given here."
    )


def test_a_port_that_was_left_out_or_an_upper_case_host_is_named() -> None:
    local = signed(url="http://localhost:8080/identities", host="localhost")
    assert explain(error_for(local), access_key=KEY).likely == "The signature is for the host without the port."
    upper = signed(url="https://Contoso.Communication.Azure.com/identities")
    assert "in the spelling of the endpoint" in explain(error_for(upper), access_key=KEY).likely


def test_the_trailing_slash_of_the_official_client_is_named() -> None:
    emulator = Emulator()
    transport = EmulatorTransport(emulator)
    credential = AzureKeyCredential(emulator.access_key)
    client = OfficialClient(f"{emulator.endpoint}/", credential, transport=transport)
    explanation = explain(refused(client.create_user), access_key=emulator.access_key)
    assert explanation.cause is Cause.HOST
    assert "azure-communication-identity signs it when the endpoint ends in one" in explanation.likely


# Bearer tokens

EXCHANGE = "https://contoso.communication.azure.com/access/entra/:exchangeAccessToken?api-version=2026-09-23"
AUDIENCE = "https://communication.azure.com/"
NOW = int(SIGNED_AT.timestamp())


@pytest.mark.parametrize(
    ("token", "url", "cause", "text"),
    [
        (jwt(aud=AUDIENCE, exp=NOW + 60), URL, Cause.ROLE, "no role"),
        (jwt(aud="https://communication.azure.com", exp=NOW + 60), URL, Cause.ROLE, "no role"),
        (jwt(aud="1fd5118e-2576-4263-8130-9503064c837a", exp=NOW + 60), URL, Cause.ROLE, "no role"),
        (jwt(aud=["https://a", "https://b"], exp="soon"), URL, Cause.ROLE, "no role"),
        (jwt(aud=AUDIENCE, exp=NOW), URL, Cause.ENTRA_TOKEN, "has expired"),
        (jwt(aud=AUDIENCE, exp=NOW + 60, nbf=NOW + 30), URL, Cause.ENTRA_TOKEN, "not valid yet"),
        (jwt(aud="https://graph.microsoft.com", exp=NOW + 60), URL, Cause.ENTRA_TOKEN, "for another service"),
        (jwt(aud=AUDIENCE, exp=NOW + 60), EXCHANGE, Cause.ENTRA_TOKEN, "Entra ID token of the user"),
        ("opaque", URL, Cause.ENTRA_TOKEN, "cannot be read"),
        ("", URL, Cause.ENTRA_TOKEN, "cannot be read"),
        ("a.b.c", URL, Cause.ENTRA_TOKEN, "cannot be read"),
        ("é.é.é", URL, Cause.ENTRA_TOKEN, "cannot be read"),
        ("e30." + base64.urlsafe_b64encode(b"[1]").decode() + ".x", URL, Cause.ENTRA_TOKEN, "cannot be read"),
        ("e30." + base64.urlsafe_b64encode(b"[" * 30_000).decode() + ".x", URL, Cause.ENTRA_TOKEN, "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_bearer_token_is_found_without_showing_it(
    token: str, url: str, cause: Cause, text: str
) -> None:
    request = HttpRequest("POST", url, headers={"Authorization": f"Bearer {token}"})
    explanation = explain(error_for(request, Date=format_datetime(SIGNED_AT, usegmt=True)))
    assert explanation.cause is cause
    assert text in explanation.likely
    assert len(token) < 5 or token not in str(explanation) + repr(explanation)
    scope = "communication.azure.com/clients/.default" if url is EXCHANGE else "communication.azure.com//.default"
    if "role" not in text and "yet" not in text:
        assert scope in explanation.remedy


def test_without_the_date_of_the_answer_no_token_is_called_expired() -> None:
    request = HttpRequest("POST", URL, headers={"Authorization": f"Bearer {jwt(aud=AUDIENCE, exp=5)}"})
    assert explain(error_for(request)).cause is Cause.ROLE
    assert explain(error_for(request, Date="yesterday")).cause is Cause.ROLE


def test_the_emulator_s_own_tokens_are_judged_right() -> None:
    emulator = Emulator()
    options: dict[str, Any] = {"transport": EmulatorTransport(emulator)}
    elsewhere = Emulator().entra.credential()
    client = CommunicationIdentityClient(emulator.endpoint, elsewhere, **options)
    explanation = explain(refused(client.create_user))
    assert explanation.likely.startswith("The emulator says: ")
    assert explanation.cause is Cause.ROLE
    expired = emulator.entra.credential(expires_in=timedelta(hours=-1))
    client = CommunicationIdentityClient(emulator.endpoint, expired, **options)
    assert explain(refused(client.create_user)).cause is Cause.ENTRA_TOKEN


# The body and its hash


def test_a_body_that_was_changed_is_found_in_the_request_itself() -> None:
    request = signed(url=URL)
    request.headers["x-ms-content-sha256"] = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    assert explain(error_for(request)).cause is Cause.CONTENT_HASH


def test_a_body_that_was_changed_on_the_way_is_found_in_the_answer() -> None:
    answer = body("Denied", "Request 'x-ms-content-sha256' differs from generated content hash.")
    assert explain(error_for(signed(url=URL), 401, answer)).cause is Cause.CONTENT_HASH


@pytest.mark.parametrize(
    "date",
    ["Fri, 31 Dec 9999 23:59:59 -0100", "", "Mon, 99 Foo 2026 99:99:99 GMT", "-", 5],
)
def test_a_date_that_is_none_gives_no_offset(date: Any) -> None:
    assert explain(error_for(signed(url=URL), Date=date)).clock_offset is None


def test_json_nested_too_deep_is_no_error_of_the_service() -> None:
    assert explain(error_for(signed(url=URL), 400, "[" * 60_000)).code is None


# Other refusals


def body(code: str, message: str = "Text.", target: str | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "target": target}}


@pytest.mark.parametrize(
    ("status", "answer", "headers", "cause", "text"),
    [
        (400, body("ValidationError", target="scopes"), {}, Cause.INVALID_REQUEST, "the value of scopes."),
        (400, body("ValidationError", target=f"x {USER}"), {}, Cause.INVALID_REQUEST, "a value in the request"),
        (
            400,
            body("UnsupportedApiVersion"),
            {"api-supported-versions": "2021-03-07"},
            Cause.API_VERSION,
            "2021-03-07.",
        ),
        (400, body("ApiVersionUnspecified"), {}, Cause.API_VERSION, "another API version"),
        (400, body("X", "Provided identity doesn't exist."), {}, Cause.NOT_FOUND, "no more"),
        (401, body("IdentityNotOwned"), {}, Cause.NOT_OWNED, "another resource"),
        (401, body("InvalidAccessToken"), {}, Cause.TEAMS_TOKEN, "Teams.ManageCalls"),
        (403, body("SubscriptionNotAllowed"), {}, Cause.SUBSCRIPTION, "preview"),
        (403, body("Forbidden"), {}, Cause.ROLE, "Contributor"),
        (404, body("NotFound"), {}, Cause.NOT_FOUND, "no such identity"),
        (404, "", {}, Cause.NOT_FOUND, "no such identity"),
        (409, body("Conflict"), {}, Cause.INVALID_REQUEST, "value"),
        (429, body("TooManyRequests"), {"Retry-After": "17"}, Cause.THROTTLED, "Wait 17 seconds"),
        (429, "", {"Retry-After": "Wed, 13 Apr 2022 18:09:12 GMT"}, Cause.THROTTLED, "Wait a while"),
        (500, "Internal server error.", {}, Cause.SERVICE_FAULT, "Try again"),
        (503, body("ServiceUnavailable"), {}, Cause.SERVICE_FAULT, "Try again"),
        (502, "<html>bad gateway</html>", {}, Cause.NOT_THE_SERVICE, "proxy"),
        (401, "\n <!DOCTYPE html>", {}, Cause.NOT_THE_SERVICE, "proxy"),
        (403, "blocked", {"Content-Type": "text/html"}, Cause.NOT_THE_SERVICE, "proxy"),
        (407, "", {}, Cause.NOT_THE_SERVICE, "proxy"),
        (404, body("NotFound"), {"Content-Type": "text/html"}, Cause.NOT_FOUND, "no such identity"),
        (200, "{", {}, Cause.UNREADABLE_ANSWER, "contract"),
    ],
)
def test_each_refusal_has_its_cause(status: int, answer: Any, headers: dict[str, str], cause: Cause, text: str) -> None:
    explanation = explain(error_for(signed(url=URL), status, answer, **headers))
    assert explanation.cause is cause
    assert text in f"{explanation.likely} {explanation.remedy}"
    assert explanation.status == status


def test_a_user_who_is_not_assigned_is_told_from_a_missing_role() -> None:
    request = HttpRequest("POST", EXCHANGE, headers={"Authorization": f"Bearer {jwt(aud=AUDIENCE)}"})
    assert explain(error_for(request, 403, body("Forbidden"))).cause is Cause.NOT_ASSIGNED


def test_an_error_without_a_response_is_explained_as_far_as_that_goes() -> None:
    explanation = explain(HttpResponseError("nothing came"))
    assert (explanation.status, explanation.cause, explanation.clock_offset) == (None, Cause.UNKNOWN, None)
    assert str(explanation).startswith("no answer\nLikely cause (unknown): There is no answer")


def test_an_explanation_can_be_read_and_holds_what_the_service_said(make_client: MakeClient, answers: Answers) -> None:
    answers.add(401, DENIED, {"MS-CV": "Gb165BIFFEW5tZHIvbnKXA.2.0"})
    error = refused(lambda: make_client().get_token(USER, ["chat"], headers={"x-ms-client-request-id": "mine"}))
    explanation = explain(error)
    assert (explanation.code, explanation.message, explanation.target) == (*DENIED["error"].values(), None)
    assert (explanation.request_id, explanation.client_request_id) == ("Gb165BIFFEW5tZHIvbnKXA.2.0", "mine")
    lines = str(explanation).splitlines()
    assert lines[0] == "401 Denied: Denied by the resource provider."
    assert lines[1] == f"Likely cause (signature): {explanation.likely}"
    assert lines[2] == f"What to do: {explanation.remedy}"
    assert lines[3:] == [
        "API version: 2026-09-23",
        "request id: Gb165BIFFEW5tZHIvbnKXA.2.0",
        "client request id: mine",
    ]
    with pytest.raises(AttributeError):
        explanation.status = 5  # type: ignore[misc]


def test_an_explanation_shows_no_secret() -> None:
    request = signed(url=URL, headers={"x-ms-client-request-id": USER})
    answer = body(USER, f"at {URL} with {KEY} for {USER}", USER)
    explanation = explain(error_for(request, 401, answer, x_emulator_reason=f"no {USER}", MS_CV=USER), access_key=KEY)
    without_key = explain(error_for(request, 401, answer, x_emulator_reason=f"no {USER}"))
    assert without_key.likely == "The emulator says: no REDACTED."
    for text in (str(explanation), repr(explanation), str(without_key)):
        assert "2dee53b4" not in text
        assert "Signature=" not in text


@pytest.mark.parametrize("given", [None, "401", ValueError("x"), object()])
def test_only_an_error_of_azure_core_can_be_explained(given: Any) -> None:
    with pytest.raises(
        TypeError, match=f"HttpResponseError of azure-core can be explained, not {type(given).__name__}"
    ):
        explain(given)


@pytest.mark.parametrize("key", ["", " ", "no base64!"])
def test_a_key_that_is_none_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ValueError, match="access key is") as caught:
        explain(HttpResponseError(), access_key=key)
    assert key.strip() == "" or key not in str(caught.value)


odd = st.one_of(st.none(), st.integers(), st.binary(max_size=20), st.text(max_size=30))
name = st.sampled_from(
    ["Date", "date", "x-ms-date", "Authorization", "Host", "host", "Retry-After", "x-ms-content-sha256", "MS-CV"]
)
value = st.one_of(
    odd,
    st.sampled_from(
        [
            "Mon, 99 Foo 2026 99:99:99 GMT",
            "Sun, 22 Nov 9999 12:00:00 -9999",
            "Sun, 22 Nov 2026 12:00:00 -0000",
            "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=eA==",
            "HMAC-SHA256 SignedHeaders=date;host;x-ms-content-sha256&Signature=eA==",
            "Bearer a.b.c",
        ]
    ),
)
headers_ = st.one_of(odd, st.dictionaries(st.one_of(name, odd), value))


@given(
    status=st.one_of(st.sampled_from([200, 400, 401, 403, 404, 429, 500, 599]), odd),
    text=st.one_of(odd, st.sampled_from(['{"error": []}', '{"error": {"code": 5}}', "[" * 50_000, "null", "<"])),
    answered=headers_,
    sent=headers_,
    url=st.one_of(odd, st.sampled_from(["http://[", "http://x:99999/", URL, "//", "/identities"])),
    data=odd,
)
def test_no_answer_and_no_request_breaks_the_explanation(
    status: Any, text: Any, answered: Any, sent: Any, url: Any, data: Any
) -> None:
    request = SimpleNamespace(method="POST", url=url, headers=sent, data=data, files=None)
    response: Any = SimpleNamespace(
        status_code=status, reason=None, headers=answered, request=request, text=lambda: text
    )
    for key in (None, KEY):
        explanation = explain(HttpResponseError(response=response), access_key=key)
        assert str(explanation)
        assert explanation.likely.endswith(".")


# Whoever sent it


@pytest.mark.parametrize("over_http", [False, True])
async def test_every_client_s_refusal_is_explained_over_every_transport(over_http: bool) -> None:
    emulator = Emulator()
    errors: list[HttpResponseError] = []

    async def collect(endpoint: str) -> None:
        def options() -> Any:
            return {} if over_http else {"transport": EmulatorTransport(emulator)}

        def async_options() -> Any:
            return {} if over_http else {"transport": AsyncEmulatorTransport(emulator)}

        with CommunicationIdentityClient(endpoint, OTHER_KEY, **options()) as client:
            errors.append(refused(lambda: client.get_token(USER, ["chat"])))
            errors.append(refused(lambda: client.raw.identity.issue_access_token(USER, {"scopes": ["chat"]})))  # type: ignore[call-overload]
        official: Any = OfficialClient(endpoint, AzureKeyCredential(OTHER_KEY), **options())
        errors.append(refused(lambda: official.get_token(OfficialUser(USER), ["chat"])))
        async with AsyncCommunicationIdentityClient(endpoint, OTHER_KEY, **async_options()) as async_client:
            with pytest.raises(HttpResponseError) as caught:
                await async_client.get_token(USER, ["chat"])
            errors.append(caught.value)
        async with AsyncOfficialClient(endpoint, AzureKeyCredential(OTHER_KEY), **async_options()) as async_official:
            with pytest.raises(HttpResponseError) as caught:
                await async_official.get_token(OfficialUser(USER), ["chat"])  # pyright: ignore[reportUnknownMemberType]
            errors.append(caught.value)

    if over_http:
        with EmulatorServer(emulator) as server:
            await collect(server.endpoint)
    else:
        await collect(emulator.endpoint)
    assert len(errors) == 5
    for error in errors:
        assert explain(error).cause is Cause.SIGNATURE
        assert explain(error, access_key=emulator.access_key).likely == (
            "The request was signed with another key than the one given here."
        )
        # With the key that did sign, the signature is found to be right: nothing on the way to the error was lost.
        right = explain(error, access_key=OTHER_KEY)
        assert (right.cause, right.status, right.code) == (Cause.ACCESS_KEY, 401, "Denied")
        assert "The given key signed the request as it was sent" in right.likely
        assert right.clock_offset is not None
        assert right.client_request_id


def test_the_text_to_sign_is_the_one_the_signature_was_made_of() -> None:
    for kind in (HttpRequest, LegacyHttpRequest):
        request: Any = kind("POST", URL)
        request.data = b"{}"
        wrapped: Any = SimpleNamespace(http_request=request)
        HmacAuthenticationPolicy(KEY).on_request(wrapped)
        made = hmac.new(b"secret", string_to_sign(request).encode(), hashlib.sha256).digest()
        assert request.headers["Authorization"].endswith(f"Signature={base64.b64encode(made).decode()}")


def test_a_signature_of_the_text_to_sign_is_accepted_by_the_emulator() -> None:
    emulator = Emulator()
    transport = EmulatorTransport(emulator)
    client = CommunicationIdentityClient(emulator.endpoint, OTHER_KEY, transport=transport)
    official = OfficialClient(f"{emulator.endpoint}/", AzureKeyCredential(OTHER_KEY), transport=transport)
    for call in (client.create_user, official.create_user):
        response: Any = refused(call).response
        request = response.request
        key = base64.b64decode(emulator.access_key)
        made = base64.b64encode(hmac.new(key, string_to_sign(request).encode(), hashlib.sha256).digest()).decode()
        head = request.headers["Authorization"].partition("Signature=")[0]
        request.headers["Authorization"] = f"{head}Signature={made}"
        assert transport.send(request).status_code == 201


def test_the_golden_request_gives_the_documented_text() -> None:
    request = HttpRequest(
        "GET",
        "https://contoso.communicationservices.azure.com/testPath?testQuery=yes",
        headers={
            "X-MS-Date": "Wed, 13 Apr 2022 18:09:12 GMT",
            "x-ms-content-sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "authorization": "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256"
            "&Signature=il99+rd6V5O136roX/zVePCNle78HmvC4B7tu9zRH3I=",
        },
    )
    assert string_to_sign(request) == (
        "GET\n/testPath?testQuery=yes\nWed, 13 Apr 2022 18:09:12 GMT;contoso.communicationservices.azure.com;"
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    )
    request.headers["Host"] = "tunnel:8080"
    assert string_to_sign(request).splitlines()[2].split(";")[1] == "tunnel:8080"


def test_the_older_signed_headers_take_the_date_header() -> None:
    request = signed(url=URL, headers={"Date": "Sun, 22 Nov 2026 13:00:00 GMT"})
    request.headers["Authorization"] = request.headers["Authorization"].replace("x-ms-date;", "date;")
    assert "Sun, 22 Nov 2026 13:00:00 GMT;" in string_to_sign(request)


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({}, "no signature: it has no Authorization header"),
        ({"Authorization": "Bearer x"}, "no signature: it is authenticated with a bearer token"),
        ({"Authorization": "Basic x"}, "neither the form of a signature"),
        ({"Authorization": "HMAC-SHA256 SignedHeaders=host&Signature=eA=="}, "signed headers must be"),
        (
            {"Authorization": "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=eA=="},
            "x-ms-date is signed but not in the request",
        ),
    ],
)
def test_a_request_without_a_signature_has_no_text_to_sign(headers: dict[str, str], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        string_to_sign(HttpRequest("GET", URL, headers=headers))


@pytest.mark.parametrize("given", [None, "GET /", requests.Request("GET", "http://x")])
def test_what_is_no_request_has_no_text_to_sign(given: Any) -> None:
    with pytest.raises(ValueError, match="no Authorization header"):
        string_to_sign(given)
