"""What a user sees of the client at work, and how it is set: spans, logs, headers, hooks, timeouts, policies."""

import asyncio
import inspect
import logging
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy, HTTPPolicy, SansIOHTTPPolicy
from azure.core.settings import settings
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

import acs_identity
import acs_identity.aio
from acs_identity_emulator import EmulatorServer, Response

from .canned import COLOURS, CREATED, ISSUED, PREVIEW, USER, Service, answer, client_of

Spans = Callable[[], list[ReadableSpan]]

both = pytest.mark.parametrize("colour", COLOURS)
WITH_TOKEN = {"identity": {"id": USER}, "accessToken": ISSUED}
ASSIGNMENT = {"objectId": "o", "tenantId": "t", "principalType": "user", "clientIds": ["c"]}
OPTIONS: dict[str, dict[str, Any]] = {
    "upsert_entra_assignment": {"tenant_id": "t", "client_ids": ["c"]},
    "update_entra_assignments": {"delete": ["o"]},
}
# Each method that is an operation, with arguments and what the service answers.
OPERATIONS: dict[str, tuple[tuple[Any, ...], Response]] = {
    "create_user": ((), CREATED),
    "create_user_and_token": ((["chat"],), answer(201, WITH_TOKEN)),
    "get_token": ((USER, ["chat"]), answer(200, ISSUED)),
    "issue_token": ((USER, ["chat"]), answer(200, ISSUED)),
    "revoke_tokens": ((USER,), answer(204)),
    "delete_user": ((USER,), answer(204)),
    "get_user": ((USER,), answer(200, {"id": USER})),
    "get_token_for_teams_extension_user": (("an-entra-token",), answer(200, WITH_TOKEN)),
    "get_token_for_entra_user": (("an-entra-token",), answer(200, WITH_TOKEN)),
    "get_teams_extension_assignment": (("t", "o"), answer(200, ASSIGNMENT)),
    "upsert_teams_extension_assignment": (("t", "o", "user"), answer(200, ASSIGNMENT)),
    "delete_teams_extension_assignment": (("t", "o"), answer(204)),
    "list_entra_assignments": ((), answer(200, {"value": [ASSIGNMENT]})),
    "get_entra_assignment": (("o",), answer(200, ASSIGNMENT)),
    "upsert_entra_assignment": (("o", "user"), answer(200, ASSIGNMENT)),
    "delete_entra_assignment": (("o",), answer(204)),
    "update_entra_assignments": ((), answer(200, {"value": []})),
    "get_token_for_teams_user": (("an-entra-token", "a-client-id", "an-object-id"), answer(200, ISSUED)),
}
NO_OPERATION = {"close", "from_connection_string", "send_request"}


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@both
def test_every_operation_is_traced_in_the_next_test(colour: str) -> None:
    client: type = (acs_identity if colour == "sync" else acs_identity.aio).CommunicationIdentityClient
    public = {name for name in dir(client) if not name.startswith("_") and callable(getattr(client, name))}
    assert public - NO_OPERATION == OPERATIONS.keys()


@both
@pytest.mark.filterwarnings("ignore:API version .* is a preview")
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_an_operation_is_one_span_with_one_for_its_attempt_below(
    colour: str, operation: str, spans: Spans
) -> None:
    arguments, given = OPERATIONS[operation]
    service = Service(given)
    async with client_of(colour, service, api_version=PREVIEW) as client:
        await client.call(operation, *arguments, **OPTIONS.get(operation, {}))
    attempt, span = spans()
    assert span.name == f"CommunicationIdentityClient.{operation}"
    assert (span.parent, span.kind) == (None, SpanKind.INTERNAL)
    assert attempt.parent == span.context
    assert (attempt.name, attempt.kind) == (service.requests[0].method, SpanKind.CLIENT)


@both
async def test_spans_name_the_package_and_the_resource_provider(colour: str, spans: Spans) -> None:
    async with client_of(colour, Service()) as client:
        await client.call("create_user")
    scopes = [span.instrumentation_scope for span in spans()]
    assert [(scope.name, scope.version, dict(scope.attributes or {})) for scope in scopes if scope] == [
        ("acs-identity", acs_identity.__version__, {"az.namespace": "Microsoft.Communication"})
    ] * 2


@both
async def test_the_span_of_an_attempt_says_what_was_asked_and_answered_without_the_id(
    colour: str, spans: Spans
) -> None:
    service = Service(answer(204, None, x_ms_request_id="of-the-service"))
    async with client_of(colour, service) as client:
        await client.call("delete_user", USER, headers={"x-ms-client-request-id": "my-own"})
    shown = attributes(spans()[0])
    assert shown.pop("user_agent.original").startswith("acs-identity/")
    assert shown == {
        "http.request.method": "DELETE",
        "url.full": "https://contoso.communication.azure.com/identities/REDACTED?api-version=2026-09-23",
        "server.address": "contoso.communication.azure.com",
        "http.response.status_code": 204,
        "az.client_request_id": "my-own",
        "az.service_request_id": "of-the-service",
    }


@both
async def test_each_retry_is_a_span_of_its_own(colour: str, spans: Spans) -> None:
    service = Service(answer(503), answer(429, Retry_After="0"), CREATED)
    async with client_of(colour, service, retry_backoff_factor=0) as client:
        await client.call("create_user")
    *attempts, operation = spans()
    assert [attributes(span)["http.response.status_code"] for span in attempts] == [503, 429, 201]
    assert [attributes(span).get("http.request.resend_count") for span in attempts] == [None, 1, 2]
    assert [span.parent for span in attempts] == [operation.context] * 3


@both
async def test_the_trace_goes_on_in_the_service(colour: str, spans: Spans) -> None:
    service = Service()
    async with client_of(colour, service) as client:
        with trace.get_tracer("application").start_as_current_span("order"):
            await client.call("create_user")
    attempt, operation, order = spans()
    assert order.context
    assert attempt.context
    assert operation.parent == order.context
    parent = f"00-{order.context.trace_id:032x}-{attempt.context.span_id:016x}-{int(attempt.context.trace_flags):02x}"
    assert service.requests[0].header("traceparent") == parent


@both
async def test_a_refusal_marks_both_spans_without_the_id(colour: str, spans: Spans) -> None:
    refusal = {"error": {"code": "IdentityNotOwned", "message": f"{USER} doesn't belong to the resource."}}
    async with client_of(colour, Service(answer(404, refusal))) as client:
        with pytest.raises(HttpResponseError):
            await client.call("get_token", USER, ["chat"])
    attempt, operation = spans()
    assert attributes(attempt)["error.type"] == "404"
    assert operation.status.status_code is StatusCode.ERROR
    assert "IdentityNotOwned" in (operation.status.description or "")
    assert USER not in (operation.status.description or "")


@both
async def test_a_network_error_marks_both_spans_without_the_id(colour: str, spans: Spans) -> None:
    failure = ServiceRequestError(f"cannot connect for /identities/{USER.replace(':', '%3A')}/:issueAccessToken")
    async with client_of(colour, Service(failure), retry_total=0) as client:
        with pytest.raises(AzureError):
            await client.call("get_token", USER, ["chat"])
    for span in spans():
        assert attributes(span)["error.type"] == "azure.core.exceptions.ServiceRequestError"
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description == (
            "ServiceRequestError: cannot connect for /identities/REDACTED/:issueAccessToken"
        )


@both
async def test_bad_input_is_an_operation_that_failed_before_anything_was_sent(colour: str, spans: Spans) -> None:
    async with client_of(colour, Service()) as client:
        with pytest.raises(ValueError, match="At least one scope"):
            await client.call("get_token", USER, [])
    (operation,) = spans()
    assert attributes(operation)["error.type"] == "ValueError"


@both
async def test_without_tracing_there_is_no_span(colour: str, spans: Spans) -> None:
    settings.tracing_enabled = False
    service = Service()
    async with client_of(colour, service) as client:
        await client.call("create_user", tracing_attributes={"shop": "north"}, network_span_namer=str)
    assert spans() == []
    assert service.options == [{}]


@both
async def test_one_call_can_be_traced_or_left_out_with_all_its_attempts(colour: str, spans: Spans) -> None:
    async with client_of(colour, Service(answer(503), CREATED), retry_backoff_factor=0) as client:
        await client.call("create_user", tracing_options={"enabled": False})
    assert spans() == []
    settings.tracing_enabled = False
    async with client_of(colour, Service(answer(503), CREATED), retry_backoff_factor=0) as client:
        await client.call("create_user", tracing_options={"enabled": True, "attributes": {"shop": "north"}})
    assert [attributes(span).get("shop") for span in spans()] == ["north"] * 3


async def test_calls_at_once_keep_their_spans_apart(spans: Spans) -> None:
    async with client_of("async", Service()) as client:
        await asyncio.gather(*[client.call("create_user") for _ in range(8)])
    operations = [span.context for span in spans() if span.kind is SpanKind.INTERNAL]
    parents = [span.parent for span in spans() if span.kind is SpanKind.CLIENT]
    assert sorted(span.span_id for span in operations if span) == sorted(span.span_id for span in parents if span)
    assert len(operations) == 8


def test_without_opentelemetry_all_works_even_where_tracing_is_switched_on(
    emulator_server: EmulatorServer,
) -> None:
    code = """
import sys
sys.modules["opentelemetry"] = None
from azure.core.settings import settings
settings.tracing_enabled = True
import acs_identity
with acs_identity.CommunicationIdentityClient.from_connection_string(sys.stdin.read()) as client:
    print(client.create_user().kind)
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        input=emulator_server.connection_string,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert run.stdout.strip() == "communication_user"


@both
def test_a_traced_method_is_still_what_it_was(colour: str) -> None:
    client: Any = (acs_identity if colour == "sync" else acs_identity.aio).CommunicationIdentityClient
    assert inspect.iscoroutinefunction(client.get_token) == (colour == "async")
    assert list(inspect.signature(client.get_token).parameters)[:3] == ["self", "user", "scopes"]
    assert (inspect.getdoc(client.get_token) or "").startswith("Issue an access token for a user.")


@both
async def test_the_logger_of_the_package_has_a_line_for_each_attempt(
    colour: str, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service(answer(503), answer(200, ISSUED), ServiceRequestError(f"no route for {USER}"))
    with caplog.at_level(logging.DEBUG, "acs_identity"):
        async with client_of(colour, service, retry_backoff_factor=0) as client:
            await client.call("get_token", USER, ["chat"])
            with pytest.raises(ServiceRequestError):
                await client.call("get_token", USER, ["chat"])
    lines = [record.getMessage().rpartition(" in ")[0] for record in caplog.records if record.name == "acs_identity"]
    assert lines == [
        "POST /identities/REDACTED/:issueAccessToken: 503",
        "POST /identities/REDACTED/:issueAccessToken: 200",
        "POST /identities/REDACTED/:issueAccessToken: ServiceRequestError",
    ]


@both
async def test_the_http_log_of_a_client_can_go_to_a_logger_of_ones_own(
    colour: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with client_of(colour, Service(), logger=logging.getLogger("my.identity")) as client:
            await client.call("create_user")
    assert {record.name for record in caplog.records} == {"my.identity"}


@both
@pytest.mark.parametrize("per", ["client", "call"])
async def test_the_application_id_comes_first_in_the_user_agent(colour: str, per: str) -> None:
    service, option = Service(), {"user_agent": "shop/7"}
    async with client_of(colour, service, **(option if per == "client" else {})) as client:
        await client.call("create_user", **(option if per == "call" else {}))
    user_agent = service.requests[0].header("User-Agent") or ""
    assert user_agent.startswith(f"shop/7 acs-identity/{acs_identity.__version__} Python/")


@both
async def test_the_user_agent_can_be_overwritten_and_added_to(colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_HTTP_USER_AGENT", "from-the-environment/1")
    service = Service()
    async with client_of(colour, service) as client:
        await client.call("create_user")
        await client.call("create_user", user_agent="mine", user_agent_overwrite=True)
    assert (service.requests[0].header("User-Agent") or "").endswith(" from-the-environment/1")
    assert service.requests[1].header("User-Agent") == "mine"


@both
@pytest.mark.parametrize("per", ["client", "call"])
async def test_headers_are_sent(colour: str, per: str) -> None:
    service, option = Service(), {"headers": {"x-shop": "north"}}
    async with client_of(colour, service, **(option if per == "client" else {})) as client:
        await client.call("create_user", **(option if per == "call" else {}))
    assert service.requests[0].header("x-shop") == "north"


@both
@pytest.mark.parametrize("per", ["client", "call"])
async def test_hooks_see_requests_as_they_are_sent_and_every_answer(colour: str, per: str) -> None:
    sent: list[bool] = []
    answered: list[int] = []

    def on_request(request: PipelineRequest[Any]) -> None:
        sent.append("Authorization" in request.http_request.headers)

    def on_response(response: PipelineResponse[Any, Any]) -> None:
        answered.append(response.http_response.status_code)

    hooks = {"raw_request_hook": on_request, "raw_response_hook": on_response}
    async with client_of(
        colour, Service(answer(503), CREATED), retry_backoff_factor=0, **(hooks if per == "client" else {})
    ) as client:
        await client.call("create_user", **(hooks if per == "call" else {}))
    # azure-core takes the request hook of a call with the first attempt.
    assert sent == ([True, True] if per == "client" else [True])
    assert answered == [503, 201]


@both
async def test_a_hook_of_one_call_is_not_called_for_the_next(colour: str) -> None:
    seen: list[object] = []
    async with client_of(colour, Service()) as client:
        await client.call("create_user", raw_response_hook=seen.append)
        await client.call("create_user")
    assert len(seen) == 1


@both
@pytest.mark.parametrize("per", ["client", "call"])
async def test_retries_are_counted_as_set(colour: str, per: str) -> None:
    service, option = Service(answer(503)), {"retry_total": 2, "retry_backoff_factor": 0}
    async with client_of(colour, service, **(option if per == "client" else {})) as client:
        with pytest.raises(HttpResponseError):
            await client.call("create_user", **(option if per == "call" else {}))
    assert len(service.requests) == 3


@both
async def test_the_timeouts_of_a_call_reach_the_transport(colour: str) -> None:
    service = Service()
    async with client_of(colour, service) as client:
        await client.call("create_user", connection_timeout=1.5, read_timeout=2.5)
    assert service.options == [{"connection_timeout": 1.5, "read_timeout": 2.5}]


@pytest.fixture
def silent() -> Iterator[str]:
    """The endpoint of a server that takes connections and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@both
@pytest.mark.parametrize("per", ["client", "call"])
async def test_a_service_that_never_answers_is_given_up_after_the_read_timeout(
    colour: str, per: str, silent: str
) -> None:
    option: dict[str, Any] = {"read_timeout": 0.05}
    async with client_of(colour, endpoint=silent, retry_total=0, **(option if per == "client" else {})) as client:
        with pytest.raises(ServiceResponseTimeoutError):
            await client.call("create_user", **(option if per == "call" else {}))


@both
async def test_the_options_of_the_client_reach_the_transport_it_makes(
    colour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[dict[str, Any]] = []

    def make(**options: Any) -> Any:
        made.append(options)
        raise RuntimeError("not needed")

    monkeypatch.setattr("acs_identity._urllib3_transport.Urllib3Transport", make)
    monkeypatch.setattr("acs_identity.aio._aiohttp_transport.AiohttpTransport", make)
    with pytest.raises(RuntimeError, match="not needed"):
        async with client_of(colour, connection_timeout=1.5, connection_verify="ca.pem"):
            raise AssertionError("the client was made")
    assert made[0]["connection_timeout"] == 1.5
    assert made[0]["connection_verify"] == "ca.pem"


class Note(SansIOHTTPPolicy[Any, Any]):
    """Notes at what it is called and adds a header."""

    def __init__(self, name: str, notes: list[tuple[str, bool, int]]) -> None:
        super().__init__()
        self._name = name
        self._notes = notes

    def on_request(self, request: Any) -> None:
        headers = request.http_request.headers
        self._notes.append((self._name, "Authorization" in headers, len(request.context.get("history", []))))
        request.http_request.url += f"&{self._name}=1"


@both
@pytest.mark.parametrize("in_list", [True, False])
async def test_own_policies_run_once_for_a_call_and_once_for_each_attempt_before_it_is_signed(
    colour: str, in_list: bool, emulator_server: EmulatorServer
) -> None:
    notes: list[tuple[str, bool, int]] = []
    call, retry = Note("call", notes), Note("attempt", notes)
    service = Service(answer(503), CREATED)
    async with client_of(
        colour,
        service,
        per_call_policies=[call] if in_list else call,
        per_retry_policies=[retry] if in_list else retry,
        retry_backoff_factor=0,
    ) as client:
        await client.call("create_user")
    assert [name for name, _, _ in notes] == ["call", "attempt", "attempt"]
    # The first attempt shows it: the signature comes after both.
    assert [signed for _, signed, _ in notes][:2] == [False, False]
    assert "call=1" in service.requests[0].target
    assert "attempt=1" in service.requests[0].target


@both
async def test_what_a_policy_of_ones_own_changes_is_signed(colour: str, emulator_server: EmulatorServer) -> None:
    policy = Note("attempt", [])
    async with client_of(
        colour,
        endpoint=emulator_server.endpoint,
        credential=emulator_server.emulator.access_key,
        per_retry_policies=[policy],
        per_call_policies=[policy],
    ) as client:
        user = await client.call("create_user")
    assert user.raw_id.startswith("8:acs:")


class Answering(HTTPPolicy[Any, Any]):
    """Sends the request on, as a policy that is no SansIOHTTPPolicy does."""

    def send(self, request: Any) -> Any:
        request.http_request.headers["x-shop"] = "north"
        return self.next.send(request)


class AsyncAnswering(AsyncHTTPPolicy[Any, Any]):
    async def send(self, request: Any) -> Any:
        request.http_request.headers["x-shop"] = "north"
        return await self.next.send(request)


@both
@pytest.mark.parametrize("option", ["per_call_policies", "per_retry_policies"])
async def test_policies_that_send_themselves_work(colour: str, option: str) -> None:
    service, policy = Service(), Answering() if colour == "sync" else AsyncAnswering()
    async with client_of(colour, service, **{option: [policy]}) as client:
        await client.call("create_user")
    assert service.requests[0].header("x-shop") == "north"


@both
async def test_an_option_that_a_call_does_not_know_is_named(colour: str, emulator_server: EmulatorServer) -> None:
    async with client_of(
        colour, endpoint=emulator_server.endpoint, credential=emulator_server.emulator.access_key
    ) as client:
        with pytest.raises(TypeError, match="unexpected keyword argument 'conection_timeout'") as caught:
            await client.call("get_token", USER, ["chat"], conection_timeout=5)
    assert USER not in str(caught.value)
