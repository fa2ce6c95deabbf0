"""Whatever a client does and whatever befalls it, nothing that a program could show holds a secret."""

import asyncio
import gc
import logging
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import pytest
import requests
from azure.core.exceptions import (
    AzureError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from opentelemetry.sdk.trace import ReadableSpan
from requests.adapters import HTTPAdapter

import acs_identity
import acs_identity.aio
from acs_identity_emulator import Emulator, EmulatorServer, Response

from .canaries import CUSTOM_ID, ENTRA_TOKEN, KEY, OBJECT_ID, TENANT_ID, TOKEN, USER, Shown, found, spellings, watching
from .canned import COLOURS, PREVIEW, Client, Service, answer, client_of

Spans = Callable[[], list[ReadableSpan]]

both = pytest.mark.parametrize("colour", COLOURS)

# Every public method of the client with arguments that are secrets. A method that is not here fails a test below.
CALLS: dict[str, tuple[Any, ...]] = {
    "create_user": (),
    "create_user_and_token": (["chat"],),
    "get_token": (USER, ["chat"]),
    "issue_token": (USER, ["chat"]),
    "revoke_tokens": (USER,),
    "delete_user": (USER,),
    "get_token_for_teams_user": (ENTRA_TOKEN, TENANT_ID, OBJECT_ID),
    "get_user": (USER,),
    "get_token_for_teams_extension_user": (ENTRA_TOKEN,),
    "get_token_for_entra_user": (ENTRA_TOKEN,),
    "upsert_teams_extension_assignment": (TENANT_ID, OBJECT_ID, "user"),
    "get_teams_extension_assignment": (TENANT_ID, OBJECT_ID),
    "delete_teams_extension_assignment": (TENANT_ID, OBJECT_ID),
    "upsert_entra_assignment": (OBJECT_ID, "user"),
    "get_entra_assignment": (OBJECT_ID,),
    "list_entra_assignments": (),
    "update_entra_assignments": (),
    "delete_entra_assignment": (OBJECT_ID,),
    "send_request": (HttpRequest("POST", f"/identities/{USER}/:issueAccessToken?api-version=2026-09-23"),),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "create_user": {"custom_id": CUSTOM_ID},
    "create_user_and_token": {"token_expires_in": timedelta(hours=1), "custom_id": CUSTOM_ID},
    "upsert_teams_extension_assignment": {"client_ids": ["an-application"]},
    "upsert_entra_assignment": {"tenant_id": TENANT_ID, "client_ids": ["an-application"]},
    "update_entra_assignments": {
        "upsert": [acs_identity.EntraAssignment(OBJECT_ID, TENANT_ID, "user", ("an-application",))],
    },
}
# Methods that are driven by tests of their own, since they are not calls of a client that is open.
OTHERS = {"close", "from_connection_string"}

REPEATED = (
    f"no {USER} with {TOKEN} and {ENTRA_TOKEN} at https://52.168.169.1/identities/{USER.replace(':', '%3A')}"
    f"/access/teamsExtension/tenants/{TENANT_ID}/assignments/{OBJECT_ID}"
)
REFUSAL = {
    "error": {
        "code": "Refused",
        "message": REPEATED,
        "target": USER,
        "details": [{"code": "Detail", "message": REPEATED}],
        "innererror": {"code": "Inner", "message": REPEATED},
    }
}
HTML = f"<html><title>Bad gateway</title><body>{REPEATED}</body></html>".encode()
ISSUED = {"token": TOKEN, "expiresOn": "2026-11-22T17:32:27.2078535+00:00"}
STATUSES = (400, 401, 403, 404, 409, 412, 429, 500, 503)
FAILURES: dict[str, Response | Exception] = {
    **{f"{status} in JSON": answer(status, REFUSAL) for status in STATUSES},
    **{f"{status} in HTML": answer(status, HTML, Content_Type="text/html") for status in STATUSES},
    "a refusal cut off": answer(400, b'{"error": {"message": "' + REPEATED.encode()),
    "a refusal of another shape": answer(400, [REPEATED]),
    "a refusal with members of another type": answer(400, {"error": {"code": [REPEATED], "message": {"a": REPEATED}}}),
    **{
        f"a refusal whose {member} is {given!r}": answer(400, {"error": {"code": "Refused", member: given}})
        for member in ("message", "target", "details", "innererror")
        for given in ({USER: REPEATED}, [USER, REPEATED], [[REPEATED]], REPEATED, 1, True)
    },
    "a refusal that is no text": answer(500, b"\xff\xfe\x00" + REPEATED.encode()),
    "a redirect": answer(307, REFUSAL, Location=f"https://elsewhere.example.com/identities/{USER}"),
    "success in HTML": answer(200, HTML, Content_Type="text/html"),
    "success cut off": answer(200, b'{"token": "' + TOKEN.encode()),
    "success of another shape": answer(201, [USER, TOKEN]),
    "success with members of another type": answer(
        200, {"identity": {"id": [USER]}, "accessToken": TOKEN, "token": {"a": TOKEN}, "expiresOn": TOKEN}
    ),
    "success without all": answer(200, {"identity": {"id": USER}}),
    "no connection": ServiceRequestError(f"cannot connect: {REPEATED}"),
    "no connection in time": ServiceRequestTimeoutError(f"cannot connect: {REPEATED}"),
    "connection lost": ServiceResponseError(f"lost: {REPEATED}", error=OSError(REPEATED)),
    "no answer in time": ServiceResponseTimeoutError(f"nothing: {REPEATED}"),
}


async def attempt(shown: Shown, client: Client, method: str, *arguments: Any, **options: Any) -> None:
    """Call a method, note what it raises, and what its result shows of itself."""
    try:
        result = await client.call(method, *arguments, **options)
    except (AzureError, AttributeError, ValueError, TypeError, RuntimeError) as error:
        shown.add_error(f"error of {method}", error)
    else:
        shown.add(f"result of {method}", f"{result!r} {result}")


def leaks_in(shown: Shown, *places: str) -> dict[str, set[str]]:
    return {where: names for where, names in shown.leaks.items() if where.startswith(places)}


def test_the_search_finds_a_secret_however_it_is_written() -> None:
    assert found(f"to {USER}!") == {"user", "user without its prefix"}
    assert found("a/8%3aacs%3aca9a1100-368b-45b4-ab52-8493fb117652_ca9a1101-14a2-493b-8a72-5a3a0d000081") >= {"user"}
    assert found("canary%20custom%2Fid") == found("canary custom\\/id") == {"custom id"}
    assert found("x-Signature=abc") == {"signature"}
    assert (
        "ODphY3M6Y2E5YTExMDAtMzY4Yi00NWI0LWFiNTItODQ5M2ZiMTE3NjUyX2NhOWExMTAxLTE0YTItNDkzYi04YTcyLTVhM2EwZDAwMDA4MQ"
        in (spellings(USER))
    )
    assert found("nothing here") == set()


@both
def test_every_public_method_is_driven_here(colour: str) -> None:
    client: type = (acs_identity if colour == "sync" else acs_identity.aio).CommunicationIdentityClient
    public = {name for name in dir(client) if not name.startswith("_") and callable(getattr(client, name))}
    assert public == CALLS.keys() | OTHERS


@pytest.fixture(params=COLOURS)
def colour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def drive_failures(colour: str, spans: Spans) -> Shown:
    with watching(spans) as shown:
        for failure in FAILURES.values():
            async with client_of(
                colour, Service(failure), credential=KEY, api_version=PREVIEW, retry_total=0, redirect_max=0
            ) as client:
                shown.add("repr of the client", repr(client.client))
                for method, arguments in CALLS.items():
                    await attempt(shown, client, method, *arguments, logging_enable=True, **OPTIONS.get(method, {}))
    return shown


async def test_no_failure_shows_a_secret(colour: str, spans: Spans) -> None:
    shown = await drive_failures(colour, spans)
    assert shown.leaks == {}
    for logger in ("azure.core", "acs_identity", "acs_identity_rest._msrest.serialization"):
        assert shown.of(f"log of {logger}"), f"nothing was logged by {logger}"
    assert "ServiceResponseTimeoutError" in shown.of("span")
    assert [method for method in CALLS if not shown.of(f"error of {method}")] == []


class _Canary(Emulator):
    """The emulator, with the canaries in its answers about users and tokens."""

    def handle(self, request: Any) -> Response:
        if "/assignments" in request.path:
            return super().handle(request)
        if request.method == "DELETE" or "revoke" in request.path:
            return answer(204)
        of_a_user = {"id": USER, "identity": {"id": USER}, "customId": CUSTOM_ID, "accessToken": ISSUED}
        return answer(201 if request.path == "/identities" else 200, {**of_a_user, **ISSUED})


@contextmanager
def noisy_asyncio() -> Generator[None]:
    """Let asyncio log every callback that it runs, as a debugger would."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0
    try:
        yield
    finally:
        loop.set_debug(False)
        loop.slow_callback_duration = 0.1


async def test_no_success_over_http_shows_a_secret(colour: str, spans: Spans) -> None:
    emulator = _Canary(access_key=KEY)
    with noisy_asyncio(), EmulatorServer(emulator) as server, watching(spans) as shown:
        async with client_of(colour, endpoint=server.endpoint, credential=KEY, api_version=PREVIEW) as client:
            for method, arguments in CALLS.items():
                await attempt(shown, client, method, *arguments, logging_enable=True, **OPTIONS.get(method, {}))
    assert shown.leaks == {}
    assert [method for method in CALLS if not shown.of(f"result of {method}")] == []
    assert shown.of("log of urllib3.connectionpool" if colour == "sync" else "log of asyncio")


@contextmanager
def broken_server(answering: Callable[[socket.socket, bytes], None]) -> Generator[str]:
    """Give the endpoint of a server that does to each connection what it is told, once it has read a request."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with closing(connection):
                request = connection.recv(65536)
                if request:
                    answering(connection, request)

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        # Closing alone does not wake a thread that waits for a connection.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
        assert not thread.is_alive()


def reset(connection: socket.socket, request: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def hang_up(connection: socket.socket, request: bytes) -> None:
    """Close without an answer."""


def repeat(connection: socket.socket, request: bytes) -> None:
    connection.sendall(request)


def bad_header(connection: socket.socket, request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n: " + request.split(b"\r\n")[0] + b"\r\n\r\n{}")


def cut_off(connection: socket.socket, request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 400 No\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n" + HTML)


BROKEN = (reset, hang_up, repeat, bad_header, cut_off)


async def drive_broken_servers(colour: str, spans: Spans) -> Shown:
    with noisy_asyncio(), watching(spans) as shown:
        for answering in BROKEN:
            with broken_server(answering) as endpoint:
                async with client_of(
                    colour, endpoint=endpoint, credential=KEY, api_version=PREVIEW, retry_total=0
                ) as client:
                    for method, arguments in CALLS.items():
                        await attempt(shown, client, method, *arguments, **OPTIONS.get(method, {}))
        with closing(socket.create_server(("127.0.0.1", 0))) as silent:
            endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
            async with client_of(
                colour, endpoint=endpoint, credential=KEY, api_version=PREVIEW, retry_total=0, read_timeout=0.02
            ) as client:
                for method, arguments in CALLS.items():
                    await attempt(shown, client, method, *arguments, **OPTIONS.get(method, {}))
        # The port is free again, so nothing listens there.
        async with client_of(
            colour, endpoint=endpoint, credential=KEY, retry_total=1, retry_backoff_factor=0
        ) as client:
            for method, arguments in CALLS.items():
                await attempt(shown, client, method, *arguments, **OPTIONS.get(method, {}))
    return shown


async def test_no_broken_connection_shows_a_secret(colour: str, spans: Spans) -> None:
    shown = await drive_broken_servers(colour, spans)
    assert shown.leaks == {}
    assert [method for method in CALLS if not shown.of(f"error of {method}")] == []


# Method, arguments and options with a secret where it does not belong.
MISTAKES: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("get_token", (TOKEN, ["chat"]), {}),
    ("get_token", (KEY, ["chat"]), {}),
    ("get_token", ([USER], ["chat"]), {}),
    ("get_token", (USER.encode(), ["chat"]), {}),
    ("get_token", (["chat"], USER), {}),
    ("get_token", (USER, TOKEN), {}),
    ("get_token", (USER, [TOKEN, 1]), {}),
    ("get_token", (USER, {TOKEN: ""}), {}),
    ("get_token", (USER, ["chat"]), {"token_expires_in": TOKEN}),
    ("get_token", (USER, ["chat"], TOKEN), {}),
    ("create_user", (TOKEN,), {}),
    ("create_user_and_token", (TOKEN,), {}),
    ("create_user_and_token", ([USER],), {"token_expires_in": USER}),
    ("revoke_tokens", (TOKEN,), {}),
    ("delete_user", (TENANT_ID,), {}),
    ("delete_user", (CUSTOM_ID,), {}),
    ("get_token_for_teams_user", (ENTRA_TOKEN, [TENANT_ID], OBJECT_ID), {}),
    ("get_token_for_teams_user", (ENTRA_TOKEN, "", OBJECT_ID), {}),
    ("get_token_for_teams_user", ([ENTRA_TOKEN], TENANT_ID, OBJECT_ID), {}),
    ("send_request", (USER,), {}),
    ("get_token", (USER, ["chat"]), {"headers": {"x-token": TOKEN, "Authorization": ENTRA_TOKEN}}),
    ("get_token", (USER, ["chat"]), {"conection_timeout": TOKEN}),
]


async def test_no_mistake_of_the_caller_shows_a_secret(colour: str, spans: Spans) -> None:
    with EmulatorServer(Emulator(access_key=KEY)) as server, watching(spans) as shown:
        async with client_of(colour, endpoint=server.endpoint, credential=KEY, retry_total=0) as client:
            for method, arguments, options in MISTAKES:
                await attempt(shown, client, method, *arguments, **options)
    assert shown.leaks == {}


async def test_no_mistake_in_making_a_client_shows_a_secret(colour: str, spans: Spans) -> None:
    client: Any = (acs_identity if colour == "sync" else acs_identity.aio).CommunicationIdentityClient
    make, parse = client, client.from_connection_string
    endpoint = "https://contoso.communication.azure.com"
    mistakes: list[Callable[[], object]] = [
        lambda: make(KEY, endpoint),
        lambda: make(f"endpoint={endpoint}/;accesskey={KEY}", KEY),
        lambda: make(f"{endpoint}/;accesskey={KEY}", KEY),
        lambda: make(f"https://user:{KEY}@contoso.com", KEY),
        lambda: make(f"{endpoint}?key={KEY}", KEY),
        lambda: make(endpoint, f"{KEY}!"),
        lambda: make(endpoint, [KEY]),
        lambda: make(endpoint, KEY, api_version=KEY),
        lambda: make(endpoint, KEY, api_version=TOKEN),
        lambda: parse(KEY),
        lambda: parse(f"accesskey={KEY}"),
        lambda: parse(f"endpoint={endpoint}:{KEY}/;accesskey={KEY}"),
        lambda: parse(f"endpoint=ftp://{KEY}/;accesskey={KEY}"),
        lambda: parse(f"endpoint={endpoint};accesskey={KEY};accesskey={KEY}"),
        lambda: parse(f"endpoint={endpoint};accesskey={KEY}\u00e9"),
        lambda: parse(f"endpoint={endpoint};accesskey={KEY[:-1]}"),
        lambda: parse([KEY]),
    ]
    with watching(spans) as shown:
        for number, mistake in enumerate(mistakes):
            with pytest.raises((ValueError, TypeError)) as caught:
                mistake()
            shown.add_error(f"error {number}", caught.value)
    # The source lines of this file are in a traceback, the values in them are not.
    assert shown.leaks == {}


async def test_no_closed_client_shows_a_secret(colour: str, spans: Spans) -> None:
    with watching(spans) as shown:
        async with client_of(colour, Service(), credential=KEY, api_version=PREVIEW) as client:
            pass
        for method, arguments in CALLS.items():
            await attempt(shown, client, method, *arguments, **OPTIONS.get(method, {}))
    assert shown.leaks == {}
    assert [method for method in CALLS if "closed" not in shown.of(f"error of {method}")] == []


async def test_no_token_credential_shows_a_secret(colour: str, spans: Spans) -> None:
    emulator = Emulator()
    credential = emulator.entra.credential() if colour == "sync" else emulator.entra.async_credential()
    with EmulatorServer(emulator) as server, watching(spans) as shown:
        async with client_of(colour, endpoint=server.endpoint, credential=credential, api_version=PREVIEW) as client:
            for method, arguments in CALLS.items():
                await attempt(shown, client, method, *arguments, **OPTIONS.get(method, {}))
    assert shown.leaks == {}
    assert emulator.entra.credential().get_token("https://communication.azure.com//.default").token[:40] not in (
        shown.of("")
    )


async def test_a_cancelled_call_shows_no_secret(spans: Spans) -> None:
    with noisy_asyncio(), watching(spans) as shown, closing(socket.create_server(("127.0.0.1", 0))) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with client_of("async", endpoint=endpoint, credential=KEY) as client:
            task = asyncio.create_task(client.call("get_token", USER, ["chat"]))
            connection, _ = await asyncio.to_thread(silent.accept)
            with closing(connection):
                task.cancel()
                with pytest.raises(asyncio.CancelledError) as caught:
                    await task
    shown.add_error("error", caught.value)
    assert shown.leaks == {}


async def test_a_streamed_answer_that_is_dropped_logs_no_secret(spans: Spans) -> None:
    with noisy_asyncio(), watching(spans) as shown, closing(socket.create_server(("127.0.0.1", 0))) as server:
        logging.captureWarnings(True)
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        async with client_of("async", endpoint=endpoint, credential=KEY) as client:
            request = HttpRequest("GET", f"/identities/{USER}?api-version=2025-03-02-preview")
            task = asyncio.create_task(client.call("send_request", request, stream=True))
            connection, _ = await asyncio.to_thread(server.accept)
            with closing(connection):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{")
                await task
        del task
        gc.collect()
        logging.captureWarnings(False)
    assert shown.leaks == {}
    assert "Unclosed response" in shown.of("log of asyncio")
    assert "Unclosed response" in shown.of("log of py.warnings")


async def test_a_session_of_ones_own_that_retries_logs_no_secret(spans: Spans) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        endpoint = f"http://127.0.0.1:{gone.getsockname()[1]}"
    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=1))
    transport = RequestsTransport(session=session, session_owner=False)
    with closing(session), watching(spans) as shown:
        client = acs_identity.CommunicationIdentityClient(endpoint, KEY, transport=transport, retry_total=0)
        with pytest.raises(AzureError):
            client.get_token(USER, ["chat"])
    assert leaks_in(shown, "log", "span", "warning") == {}
    assert "Retrying" in shown.of("log of urllib3.connectionpool")
    assert "Incremented Retry" in shown.of("log of urllib3.util.retry")


async def test_the_urllib3_log_of_other_programs_stays_as_it_is(spans: Spans) -> None:
    async with client_of("sync", Service()):
        pass
    logger = logging.getLogger("urllib3.connectionpool")
    record = logger.makeRecord(
        logger.name, logging.DEBUG, "pool.py", 1, "%s %s", ("https://example.org/reports?at=18:30", 200), None
    )
    assert logger.filter(record)
    assert (record.msg, record.args) == ("%s %s", ("https://example.org/reports?at=18:30", 200))


async def test_a_log_record_that_cannot_be_formatted_is_left_to_its_handler(colour: str) -> None:
    async with client_of(colour, Service()):
        pass
    logger = logging.getLogger("urllib3.connectionpool")
    record = logger.makeRecord(logger.name, logging.DEBUG, "pool.py", 1, "%d", ("text",), None)
    assert logger.filter(record)
    assert record.args == ("text",)


async def test_many_clients_filter_a_log_once(colour: str) -> None:
    for _ in range(3):
        async with client_of(colour, Service()):
            pass
    filters = logging.getLogger("urllib3.connectionpool").filters
    assert len([entry for entry in filters if type(entry).__module__.startswith("acs_identity")]) == 1
