"""An error carries what the service said, is azure-core's all the same, and shows no secret anywhere."""

import copy
import json
import logging
import pickle
import threading
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import requests
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ODataV4Format,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from hypothesis import given
from hypothesis import strategies as st

from acs_identity import (
    CommunicationIdentityClient,
    CommunicationIdentityError,
    ConflictError,
    NotFoundError,
    UnauthorizedError,
    UnreadableAnswerError,
)
from acs_identity._errors import service_errors
from acs_identity._redaction import redact, redact_errors
from acs_identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient
from acs_identity_emulator import AsyncEmulatorTransport, Emulator, EmulatorServer, EmulatorTransport

from .conftest import KEY, USER, Answers

MakeClient = Callable[..., CommunicationIdentityClient]
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJza3lwZWlkIjoiYWNzOjFfMiJ9.c2lnbmF0dXJl"
TENANT, OBJECT = "c0ffee00-7e4a-4000-8000-0000000000aa", "c0ffee00-0b1e-4000-8000-0000000000bb"
CUSTOM_ID = "alice@contoso.com"
OTHER_KEY = "b3RoZXI="
FACTS = {
    "MS-CV": "Gb165BIFFEW5tZHIvbnKXA.2.0",
    "X-Azure-Ref": "0Zm9vYmFy",
    "x-ms-client-request-id": "of-the-answer",
}


def refuse(answers: Answers, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
    body = {"error": {"code": "SomeCode", "message": "Some message.", "target": "scopes"}} if body is None else body
    answers.add(status, body, headers)


def shown(error: BaseException) -> str:
    """Return all that a program can easily print or log of an error and those behind it."""
    texts = [*traceback.format_exception(error)]
    waiting: list[Any] = [error]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        texts += [str(current), repr(current)]
        texts += [str(value) for value in vars(current).values() if isinstance(value, str | ODataV4Format)]
        texts += getattr(current, "__notes__", [])
        if isinstance(current, AzureError):
            texts.append(repr(current.args))
        waiting += [current.__cause__, current.__context__, *current.args, *vars(current).values()]
    return "\n".join(texts)


def error_of(call: Callable[[], object]) -> Any:
    with pytest.raises(AzureError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind", "of_azure_core"),
    [
        (400, CommunicationIdentityError, HttpResponseError),
        (401, UnauthorizedError, ClientAuthenticationError),
        (403, CommunicationIdentityError, HttpResponseError),
        (404, NotFoundError, ResourceNotFoundError),
        (409, ConflictError, ResourceExistsError),
        (418, CommunicationIdentityError, HttpResponseError),
    ],
)
def test_a_refusal_can_be_caught_as_this_package_s_error_and_as_azure_core_s(
    make_client: MakeClient,
    answers: Answers,
    status: int,
    kind: type[CommunicationIdentityError],
    of_azure_core: type[HttpResponseError],
) -> None:
    refuse(answers, status)
    error = error_of(make_client().create_user)
    assert type(error) is kind
    assert isinstance(error, of_azure_core)
    assert isinstance(error, CommunicationIdentityError)
    assert error.status_code == status


def test_a_refusal_carries_what_the_service_said(make_client: MakeClient, answers: Answers) -> None:
    refuse(answers, 400, headers=FACTS)
    error = error_of(lambda: make_client().create_user(headers={"x-ms-client-request-id": "mine"}))
    assert (error.code, error.service_message, error.target) == ("SomeCode", "Some message.", "scopes")
    assert error.request_id == "Gb165BIFFEW5tZHIvbnKXA.2.0"
    assert error.client_request_id == "mine"
    assert error.api_version == "2026-09-23"


@pytest.mark.parametrize(
    ("headers", "request_id"),
    [
        ({"X-Azure-Ref": "ref"}, "ref"),
        ({"X-Azure-Ref": "ref", "MS-CV": "cv"}, "cv"),
        ({"ms-cv": "cv", "x-ms-request-id": "own"}, "own"),
        ({}, None),
    ],
)
def test_the_request_id_is_the_best_that_the_answer_has(
    make_client: MakeClient, answers: Answers, headers: dict[str, str], request_id: str | None
) -> None:
    refuse(answers, 400, headers=headers)
    assert error_of(make_client().create_user).request_id == request_id


def test_what_azure_core_defines_is_as_azure_core_defines_it(make_client: MakeClient, answers: Answers) -> None:
    client = make_client()
    refuse(answers, 400)
    refuse(answers, 400)
    raw, error = error_of(client.raw.identity.create), error_of(client.create_user)
    assert type(raw) is HttpResponseError
    assert (error.message, error.args, str(error), error.reason) == (raw.message, raw.args, str(raw), raw.reason)
    assert isinstance(error.error, ODataV4Format)
    assert error.error.code == "SomeCode"
    assert error.model.error.code == "SomeCode"
    assert error.response.status_code == 400
    assert error.inner_exception is None


def test_a_refusal_is_one_error_in_a_traceback_that_names_what_people_import(
    make_client: MakeClient, answers: Answers
) -> None:
    refuse(answers, 404)
    error = error_of(make_client().create_user)
    text = "".join(traceback.format_exception(error))
    assert text.count("Traceback (most recent call last)") == 1
    assert "acs_identity.NotFoundError: (SomeCode) Some message." in text
    # From the call of the user down to where it was raised.
    assert [frame.name for frame in traceback.extract_tb(error.__traceback__)][-1] == "map_error"


def test_the_cause_and_the_notes_of_an_error_stay() -> None:
    cause = OSError("cause")
    raised = HttpResponseError("text")
    raised.add_note("a note")
    with pytest.raises(HttpResponseError) as caught, service_errors():
        raise raised from cause
    assert caught.value is raised
    assert caught.value.__cause__ is cause
    assert caught.value.__notes__ == ["a note"]


def test_a_401_ends_with_one_sentence_on_the_likely_cause(make_client: MakeClient, answers: Answers) -> None:
    refuse(answers, 401, {"error": {"code": "Denied", "message": "Denied by the resource provider."}})
    refuse(answers, 400, {"error": {"code": "Denied", "message": "Denied by the resource provider."}})
    client = make_client()
    head, _, tail = str(error_of(client.create_user)).rpartition("\nLikely cause: ")
    assert head.startswith("(Denied) Denied by the resource provider.")
    assert tail.count(".") == 1
    assert "The access key is not one of this resource's" in tail
    assert "Likely cause" not in str(error_of(client.create_user))


def test_an_error_can_be_made_by_hand_as_a_fake_service_in_a_test_does() -> None:
    error = NotFoundError("There is no such user.")
    assert str(error) == "There is no such user."
    assert (error.code, error.request_id, error.status_code, error.response) == (None, None, None, None)
    assert str(CommunicationIdentityError(f"no {USER}")) == "no 8:acs:REDACTED"


class Broken:
    """A response of which nothing can be read."""

    status_code = 401
    reason = None
    headers = None
    request = 5

    def text(self) -> str:
        raise ValueError("not read")


def test_an_error_can_be_made_of_a_response_that_tells_nothing() -> None:
    error = CommunicationIdentityError(response=Broken())
    assert (error.code, error.request_id, error.api_version, error.status_code) == (None, None, None, 401)
    assert "Operation returned an invalid status" in str(error)


def duplicate(error: Any) -> Any:
    return pickle.loads(pickle.dumps(error))


@pytest.mark.parametrize("again", [duplicate, copy.copy, copy.deepcopy])
def test_a_copy_and_a_pickle_keep_all_but_the_response(
    make_client: MakeClient, answers: Answers, again: Callable[[Any], Any]
) -> None:
    refuse(answers, 401, headers=FACTS)
    error = error_of(make_client().create_user)
    twin = again(error)
    assert type(twin).__name__ == "UnauthorizedError"
    assert (str(twin), repr(twin), twin.args) == (str(error), repr(error), error.args)
    for name in ("code", "service_message", "target", "request_id", "client_request_id", "api_version", "status_code"):
        assert getattr(twin, name) == getattr(error, name)
    assert (twin.response, twin.model) == (None, None)
    assert error.response is not None
    assert twin.error.code == "SomeCode"


def test_a_success_that_cannot_be_read_is_an_error_that_does_not_show_it(
    make_client: MakeClient, answers: Answers
) -> None:
    answers.add(200, b'{"token": "canary-opaque-token", "expiresOn": ', FACTS)
    error = error_of(lambda: make_client().get_token(USER, ["chat"]))
    assert type(error).__name__ == "UnreadableAnswerError"
    assert DecodeError in type(error).__mro__
    assert error.request_id == "Gb165BIFFEW5tZHIvbnKXA.2.0"
    assert "malformed JSON" in str(error)
    assert "canary" not in shown(error)
    assert "canary" in error.response.text()


def test_a_refusal_that_is_no_json_although_it_says_so_is_shown_redacted(
    make_client: MakeClient, answers: Answers
) -> None:
    refuse(answers, 404, f"nothing at /identities/{USER}".encode())
    error = error_of(lambda: make_client().delete_user(USER))
    assert type(error) is NotFoundError
    assert error.status_code == 404
    assert str(error).endswith("Content: nothing at /identities/REDACTED")
    assert USER not in shown(error)


def test_a_success_that_is_no_json_is_not_shown_at_all(make_client: MakeClient, answers: Answers) -> None:
    answers.add(201, b"canary")
    error = error_of(make_client().create_user)
    assert type(error) is UnreadableAnswerError
    assert str(error) == "The answer is malformed JSON: Expecting value: line 1 column 1 (char 0)"


@pytest.mark.parametrize(
    "body",
    [
        {"token": "canary-opaque-token", "expiresOn": "canary-opaque-token"},
        {"token": "canary-opaque-token", "expiresOn": {"canary": "canary-opaque-token"}},
        ["canary-opaque-token"],
        "canary-opaque-token",
        b'\xff\xfe{"token": "canary"}',
        {"token": ""},
    ],
)
def test_a_success_of_another_shape_is_an_error_that_does_not_show_it(
    make_client: MakeClient, answers: Answers, body: Any
) -> None:
    answers.add(200, body)
    error = error_of(lambda: make_client().get_token(USER, ["chat"]))
    assert type(error) is UnreadableAnswerError
    assert "canary-opaque-token" not in shown(error)


SECRETS = {
    "identity id": USER,
    "part of the identity id": USER.split("_")[1],
    "access token": TOKEN,
    "access key": KEY,
    "tenant id": TENANT,
    "object id": OBJECT,
    "custom id": CUSTOM_ID,
}
SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded in lower case": lambda text: quote(text, safe="").replace("%3A", "%3a"),
    "percent-encoded twice": lambda text: quote(quote(text, safe=""), safe=""),
    "in HTML": lambda text: text.replace(":", "&#58;").replace("@", "&#64;"),
    "in HTML, hexadecimal": lambda text: text.replace(":", "&#x3a;"),
    "in JSON": lambda text: text.replace(":", "\\u003a"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(
    "wrapping", ["the id {}, that is", "at /identities/{}/:issueAccessToken?x", "<b>{}</b>", "%20{}"]
)
def test_an_identity_id_is_redacted_however_it_is_spelled(spelling: str, wrapping: str) -> None:
    text = redact(wrapping.format(SPELLINGS[spelling](USER)))
    assert "2dee53b4" not in text
    assert "0d000081" not in text
    assert wrapping.split("{}", maxsplit=1)[0] in text


GATEWAY_PAGES = {
    "the URL": "<html><body>Bad gateway: POST {url} failed</body></html>",
    "the URL escaped for a redirect": "<a href='/login?return={quoted_url}'>sign in</a>",
    "the URL in JSON": '{{"detail": "upstream \\"{json_url}\\" timed out"}}',
    "the headers": "Authorization: {authorization}\nno route",
    "the body": "no route for {body}",
    "the body in HTML": "no route for {html_body}",
    "what it holds, bare": "no route for {custom_id} or {quoted_custom_id} or {token}",
}


@pytest.mark.parametrize("page", GATEWAY_PAGES)
@pytest.mark.parametrize("status", [400, 401, 404, 502])
def test_what_a_gateway_repeats_of_the_request_is_redacted(
    make_client: MakeClient, answers: Answers, page: str, status: int
) -> None:
    path = f"/access/teamsExtension/tenants/{TENANT}/assignments/{OBJECT}"
    body = {"customId": CUSTOM_ID, "token": "canary-opaque-token", "userId": OBJECT}
    client = make_client(retry_total=0)

    def answer(request: HttpRequest) -> bytes:
        url, sent = request.url, request.content.decode()
        return (
            GATEWAY_PAGES[page]
            .format(
                url=url,
                quoted_url=quote(url, safe=""),
                json_url=url.replace("/", "\\/"),
                authorization=request.headers["Authorization"],
                body=sent,
                html_body=sent.replace('"', "&quot;"),
                custom_id=CUSTOM_ID,
                quoted_custom_id=quote(CUSTOM_ID),
                token="canary-opaque-token",
            )
            .encode()
        )

    class Gateway(SansIOHTTPPolicy[Any, Any]):
        def on_request(self, request: Any) -> None:
            answers.waiting.clear()
            answers.add(status, answer(request.http_request), {"Content-Type": "text/html"})

    client = make_client(retry_total=0, custom_hook_policy=Gateway())
    identity = f"/identities/{quote(USER, safe='')}/:issueAccessToken"
    for below in (path, identity):
        request = HttpRequest("POST", f"{below}?api-version=2026-09-23", json=body)

        def call(request: HttpRequest = request) -> None:
            with service_errors():
                raise HttpResponseError(response=client.send_request(request))

        error = error_of(call)
        assert CommunicationIdentityError in type(error).__mro__
        signature = error.response.request.headers["Authorization"].partition("Signature=")[2]
        text = shown(error)
        assert [name for name, secret in SECRETS.items() if secret in text or quote(secret, safe="") in text] == []
        assert signature not in text
        assert "canary-opaque-token" not in text
        assert "Content: " in str(error)


def test_every_part_of_the_service_s_error_is_redacted(make_client: MakeClient, answers: Answers) -> None:
    said = {"code": USER, "message": f"no {USER}", "target": USER, "innererror": {USER: [USER]}}
    refuse(answers, 404, {"error": {**said, "details": [said]}})
    error = error_of(lambda: make_client().delete_user(USER))
    assert error.error.details[0].innererror == {"REDACTED": ["REDACTED"]}
    assert "2dee53b4" not in shown(error)


@pytest.mark.parametrize("before", range(270, 302))
def test_a_custom_id_at_the_end_of_what_is_shown_is_redacted_whole(
    make_client: MakeClient, answers: Answers, before: int
) -> None:
    client = make_client()
    answers.add(400, b"x" * before + b" alice@contoso.com", {"Content-Type": "text/plain"})
    url = "/identities?api-version=2026-09-23"
    response = client.send_request(HttpRequest("POST", url, json={"customId": CUSTOM_ID}))
    with pytest.raises(CommunicationIdentityError) as caught, service_errors():
        raise HttpResponseError(response=response)
    assert "alice" not in str(caught.value)


def test_an_opaque_bearer_token_that_is_repeated_is_redacted(make_client: MakeClient, answers: Answers) -> None:
    answers.add(401, b"what is canary-t supposed to be?", {"Content-Type": "text/plain"})
    error = error_of(lambda: make_client().create_user(entra_token="canary-t"))
    assert "what is REDACTED supposed to be?" in str(error)


def test_a_word_in_the_place_of_an_id_does_not_make_the_service_s_sentence_unreadable(
    make_client: MakeClient, answers: Answers
) -> None:
    message = "Provided UserId has invalid format."
    answers.add(400, {"error": {"code": "ValidationError", "message": message, "target": "userId"}})
    error = error_of(lambda: make_client().get_token_for_teams_user("token", "application", "invalid"))
    assert error.service_message == message


def test_a_long_page_is_shown_in_short(make_client: MakeClient, answers: Answers) -> None:
    answers.add(400, b"<html>" + b"x " * 5_000_000, {"Content-Type": "text/html"})
    text = str(error_of(make_client().create_user))
    assert text.startswith("Operation returned an invalid status")
    assert "Content: <html>x x x" in text
    assert text.endswith("...")
    assert len(text) < 500


def test_a_token_cut_off_at_the_end_of_a_page_is_redacted() -> None:
    for length in range(len("see eyJhbG12"), len(TOKEN) + 4):
        assert "eyJza3" not in redact(f"see {TOKEN}"[:length])
        assert "hbG12" not in redact(f"see {TOKEN}"[:length])


def errors_of_requests(url: str) -> list[Exception]:
    from urllib3.connectionpool import HTTPSConnectionPool
    from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

    pool = HTTPSConnectionPool("contoso.communication.azure.com")
    refused = NewConnectionError(pool, f"refused for {url}")  # type: ignore[arg-type]
    return [
        requests.ConnectionError(MaxRetryError(pool, url, refused)),
        requests.ConnectionError(ProtocolError("aborted", ConnectionResetError(f"reset at {url}"))),
        requests.ReadTimeout(f"{url} is slow", request=requests.Request("POST", url)),
        requests.exceptions.InvalidURL(f"no host in {url}".encode()),
        requests.exceptions.ChunkedEncodingError([f"partial {url}", {url: (url, 5)}]),
    ]


@pytest.mark.parametrize("position", range(5))
def test_no_error_of_the_network_and_none_behind_it_shows_an_id(
    make_client: MakeClient, answers: Answers, position: int, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"https://contoso.communication.azure.com/identities/{quote(USER, safe='')}/:issueAccessToken"
    failure = errors_of_requests(url)[position]
    answers.fail(failure)
    error = error_of(lambda: make_client(retry_total=0).get_token(USER, ["chat"]))
    assert isinstance(error, ServiceRequestError | ServiceResponseError | HttpResponseError)
    assert error.inner_exception is failure
    assert isinstance(failure, requests.RequestException)
    try:
        raise error
    except AzureError:
        logging.getLogger("app").exception("it failed")
    for text in (shown(error), caplog.text):
        assert "2dee53b4" not in text
        assert "0d000081" not in text
    assert "/identities/REDACTED/:issueAccessToken" in caplog.text


class ShowsItsUrl(Exception):  # noqa: N818 - named as what it is
    """Makes its text of what it holds, as some errors of aiohttp do."""

    def __init__(self, holder: Any) -> None:
        super().__init__()
        self.holder = holder

    def __str__(self) -> str:
        return f"failed at {self.holder.url}"


def test_an_error_that_makes_its_text_anew_is_redacted_each_time() -> None:
    inner = ShowsItsUrl(HttpRequest("GET", f"https://contoso.com/identities/{USER}"))
    with pytest.raises(ServiceRequestError) as caught, service_errors():
        raise ServiceRequestError("failed", error=inner) from inner
    assert caught.value.__cause__ is inner
    assert isinstance(inner, ShowsItsUrl)
    assert str(inner) == "failed at https://contoso.com/identities/REDACTED"
    assert f"{__name__}.ShowsItsUrl: failed" in "".join(traceback.format_exception(caught.value))
    assert USER not in shown(caught.value)


async def test_an_error_of_aiohttp_that_holds_the_url_is_redacted() -> None:
    import aiohttp
    from multidict import CIMultiDict, CIMultiDictProxy
    from yarl import URL

    url = URL(f"https://contoso.communication.azure.com/identities/{USER}")
    request_info = aiohttp.RequestInfo(url, "DELETE", CIMultiDictProxy(CIMultiDict[str]()), url)
    inner = aiohttp.ClientResponseError(request_info, (), status=400, message="bad status line")
    assert USER in str(inner)
    with pytest.raises(ServiceResponseError) as caught, service_errors():
        raise ServiceResponseError(inner, error=inner) from inner
    assert isinstance(caught.value.__cause__, aiohttp.ClientResponseError)
    assert caught.value.__cause__.status == 400
    assert USER not in shown(caught.value)


def test_errors_in_a_group_and_notes_are_redacted() -> None:
    group = ExceptionGroup("several", [ValueError(f"first {USER}"), OSError(5, f"second {USER}")])
    group.exceptions[0].add_note(f"while deleting {USER}")
    with pytest.raises(ServiceRequestError) as caught, service_errors():
        raise ServiceRequestError("failed") from group
    text = "".join(traceback.format_exception(caught.value))
    assert "first 8:acs:REDACTED" in text
    assert "while deleting 8:acs:REDACTED" in text


def test_errors_in_a_circle_come_to_an_end() -> None:
    one, other = ValueError(USER), ValueError(USER)
    one.__context__, other.__context__ = other, one
    one.args = (other,)
    redact_errors(one)
    assert str(other) == "8:acs:REDACTED"


def test_the_exception_that_the_caller_is_handling_is_left_to_the_caller(
    make_client: MakeClient, answers: Answers
) -> None:
    refuse(answers, 404)
    users: dict[str, str] = {}

    def look_up() -> None:
        try:
            users[USER]
        except KeyError:
            make_client().delete_user(USER)

    error = error_of(look_up)
    assert isinstance(error.__context__, KeyError)
    assert error.__context__.args == (USER,)
    assert USER not in str(error)


def test_an_error_of_another_kind_passes_as_it_is() -> None:
    with pytest.raises(KeyError, match=USER), service_errors():
        raise KeyError(USER)


@pytest.mark.parametrize("message", ["plain", f"login failed for {USER}"])
def test_an_error_of_the_credential_stays_what_it_is(make_client: MakeClient, message: str) -> None:
    class Credential:
        def get_token(self, *scopes: str, **kwargs: Any) -> Any:
            raise ClientAuthenticationError(message, response=self.answer())

        def answer(self) -> Any:
            session = requests.Session()
            login = Answers()
            session.mount("https://", login)
            login.add(400, {"error": "invalid_client", "error_description": f"about {USER}"})
            request = HttpRequest("POST", "https://login.microsoftonline.com/tenant/oauth2/v2.0/token")
            return RequestsTransport(session=session, session_owner=False).send(request)

    error = error_of(make_client(Credential()).create_user)
    assert isinstance(error, ClientAuthenticationError)
    assert not isinstance(error, CommunicationIdentityError)
    assert type(error).__name__ == "ClientAuthenticationError"
    assert "invalid_client" in str(error)
    assert USER not in shown(error)


def test_the_error_class_that_a_caller_asked_for_is_kept(make_client: MakeClient, answers: Answers) -> None:
    class MissingError(HttpResponseError):
        pass

    refuse(answers, 404, b"no such thing as " + USER.encode(), {"Content-Type": "text/plain"})
    error = error_of(lambda: make_client().delete_user(USER, error_map={404: MissingError}))
    assert isinstance(error, MissingError)
    assert USER not in shown(error)
    assert "no such thing as REDACTED" in str(error)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("bob is taken, bobsled is not", "REDACTED is taken, bobsled is not"),
        ("a&amp;b &lt;é&gt; is taken", "REDACTED is taken"),
        (r"a&b <\u00e9> is taken", "REDACTED is taken"),
        ("a%26b%20%3C%C3%A9%3E is taken", "REDACTED is taken"),
        ("a%2526b%2520%253C%25C3%25A9%253E is taken", "REDACTED is taken"),
        ("at?x=1&Signature=abc+/d=&y", "at?x=1&Signature=REDACTED&y"),
        ("endpoint=https://contoso.com/;AccessKey=c2VjcmV0", "endpoint=https://contoso.com/;AccessKey=REDACTED"),
    ],
)
def test_secrets_without_a_form_of_their_own_are_redacted_where_they_are_known(text: str, redacted: str) -> None:
    assert redact(text, ["bob", "a&b <é>"]) == redacted


@given(st.text(max_size=60), st.sampled_from([USER, f"/identities/{USER}", TOKEN, f'"customId": "{CUSTOM_ID}"', ""]))
def test_redacting_twice_is_redacting_once(text: str, secret: str) -> None:
    once = redact(f"{text}{secret}{text}", ["bob"])
    assert redact(once, ["bob"]) == once


@given(st.text(st.sampled_from("\\\"'&#;%3Aa8:c/.e yJ=42F5quot\n"), max_size=200))
def test_no_text_breaks_the_redaction(text: str) -> None:
    assert isinstance(redact(text * 20, ["a", "8:", "\\"]), str)


@pytest.mark.parametrize(
    "piece", ["\\", '"', "8:", "/identities/", "eyJ", "&#", '"id":"', "%25", "8:acs:", "4:", "Bearer "]
)
def test_a_huge_text_is_redacted_in_one_go(piece: str) -> None:
    done: list[str] = []
    worker = threading.Thread(target=lambda: done.append(redact(piece * (200_000 // len(piece)))), daemon=True)
    worker.start()
    worker.join(timeout=60)
    assert done


@pytest.mark.parametrize(
    "text",
    [
        "Bearer token authentication is not permitted for non-TLS protected (non-https) URLs.",
        "the signature was made with another key or over another string: sign the method",
        "ExpiresInMinutes value 1441 is invalid. Value must be within the [60, 1440] interval.",
        "Wed, 13 Apr 2022 18:09:12 GMT",
        '{"error": {"code": "Denied", "message": "Denied by the resource provider."}}',
    ],
)
def test_what_is_no_secret_stays_readable(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("over_http", [False, True])
async def test_both_colours_and_both_transports_give_the_same_error(over_http: bool) -> None:
    emulator = Emulator()

    async def refusals(endpoint: str, **transports: Any) -> list[Any]:
        caught: list[Any] = []
        sync_client = CommunicationIdentityClient(endpoint, OTHER_KEY, **transports.get("sync", {}))
        with sync_client, pytest.raises(UnauthorizedError) as refused:
            sync_client.get_token(USER, ["chat"])
        caught.append(refused.value)
        async_client = AsyncCommunicationIdentityClient(endpoint, OTHER_KEY, **transports.get("aio", {}))
        async with async_client:
            with pytest.raises(UnauthorizedError) as refused:
                await async_client.get_token(USER, ["chat"])
        return [*caught, refused.value]

    if over_http:
        with EmulatorServer(emulator) as server:
            errors = await refusals(server.endpoint)
    else:
        errors = await refusals(
            emulator.endpoint,
            sync={"transport": EmulatorTransport(emulator)},
            aio={"transport": AsyncEmulatorTransport(emulator)},
        )
    assert str(errors[0]) == str(errors[1])
    for error in errors:
        assert (error.code, error.api_version, error.status_code) == ("Denied", "2026-09-23", 401)
        assert error.request_id
        assert error.client_request_id == error.response.request.headers["x-ms-client-request-id"]
        assert "2dee53b4" not in shown(error)


def test_the_json_of_a_request_with_odd_texts_does_not_break_the_error(
    make_client: MakeClient, answers: Answers
) -> None:
    body = json.dumps({"customId": "\ud800 odd", "token": 5, "userId": None})
    client = make_client()
    for content in (body, b"[1, 2]", b"\xff", b"[" * 100_000):
        refuse(answers, 400)
        response = client.send_request(HttpRequest("POST", "/identities?api-version=2026-09-23", content=content))
        with pytest.raises(CommunicationIdentityError, match="Some message"), service_errors():
            raise HttpResponseError(response=response)
