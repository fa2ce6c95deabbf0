"""The clients that are compared, each in a process of its own: ``python -m benchmarks.contestants NAME CORE ...``.

A process reads cases from its standard input, one JSON object a line, runs each and prints what it cost. So no client's
imports, caches or garbage count for another.
"""

import asyncio
import base64
import gc
import hashlib
import hmac
import json
import socket
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from functools import partial
from typing import Any

from .canned import USER
from .servers import pin

KEY = base64.b64encode(b"a key of 32 bytes, as Azure's are").decode()
VERSION = "2026-09-23"
SCOPES = ["chat", "voip"]
PATHS = {
    "create_user_and_token": "/identities",
    "get_token": f"/identities/{USER}/:issueAccessToken",
    "revoke_tokens": f"/identities/{USER}/:revokeAccessTokens",
}
BODIES: dict[str, dict[str, Any] | None] = {
    "create_user_and_token": {"createTokenWithScopes": SCOPES},
    "get_token": {"scopes": SCOPES},
    "revoke_tokens": None,
}

Call = Callable[[], Any]


class Endpoint:
    """Where the canned answers come from."""

    def __init__(self, scheme: str, port: int) -> None:
        self.scheme, self.port = scheme, port
        self.host = f"127.0.0.1:{port}"
        self.url = f"{scheme}://{self.host}"


def signed(endpoint: Endpoint, operation: str) -> tuple[str, bytes, dict[str, str]]:
    """Return target, body and headers of a request, signed by hand: the least there is to do for each call."""
    members = BODIES[operation]
    body = b"" if members is None else json.dumps(members).encode()
    target = f"{PATHS[operation]}?api-version={VERSION}"
    date = formatdate(usegmt=True)
    content_hash = base64.b64encode(hashlib.sha256(body).digest()).decode()
    text = f"POST\n{target}\n{date};{endpoint.host};{content_hash}"
    signature = base64.b64encode(hmac.digest(base64.b64decode(KEY), text.encode(), "sha256")).decode()
    return (
        target,
        body,
        {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "x-ms-date": date,
            "x-ms-content-sha256": content_hash,
            "Authorization": f"HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}",
        },
    )


def read_json(content: bytes) -> Any:
    """Read what a caller would."""
    return json.loads(content) if content else None


def friendly(client: Any, user: Any) -> dict[str, Call]:
    """Return the friendly methods of a client of azure-core's kind."""
    return {
        "create_user_and_token": lambda: client.create_user_and_token(SCOPES),
        "get_token": lambda: client.get_token(user, SCOPES),
        "revoke_tokens": lambda: client.revoke_tokens(user),
    }


def ours(endpoint: Endpoint, **options: Any) -> dict[str, Call]:
    """The sync client of this package."""
    from acs_identity import CommunicationIdentityClient

    return friendly(CommunicationIdentityClient(endpoint.url, KEY, **options), USER)


def ours_by_azure_core(endpoint: Endpoint) -> dict[str, Call]:
    """The sync client of this package over azure-core's transport."""
    from azure.core.pipeline.transport import RequestsTransport

    return ours(endpoint, transport=RequestsTransport())


def official(endpoint: Endpoint) -> dict[str, Call]:
    """The official sync client."""
    from azure.communication.identity import CommunicationIdentityClient, CommunicationUserIdentifier
    from azure.core.credentials import AzureKeyCredential

    client = CommunicationIdentityClient(endpoint.url, AzureKeyCredential(KEY))
    return friendly(client, CommunicationUserIdentifier(USER))


def bare_urllib3(endpoint: Endpoint) -> dict[str, Call]:
    """urllib3 with requests signed by hand."""
    import urllib3

    pool = urllib3.PoolManager(maxsize=100)

    def call(operation: str) -> Any:
        target, body, headers = signed(endpoint, operation)
        return read_json(pool.request("POST", endpoint.url + target, body=body, headers=headers).data)

    return {operation: partial(call, operation) for operation in PATHS}


def raw_socket(endpoint: Endpoint) -> dict[str, Call]:
    """A socket with bytes made by hand."""
    connection = socket.create_connection(("127.0.0.1", endpoint.port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(operation: str) -> Any:
        target, body, headers = signed(endpoint, operation)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST {target} HTTP/1.1\r\nHost: {endpoint.host}\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += connection.recv(65536)
        at = data.find(b"Content-Length: ", 0, end) + 16
        whole = end + 4 + int(data[at : data.index(b"\r", at)])
        while len(data) < whole:
            data += connection.recv(65536)
        return read_json(data[end + 4 :])

    return {operation: partial(call, operation) for operation in PATHS}


def our_transport(endpoint: Endpoint) -> dict[str, Call]:
    """The sync transport of this package with requests signed by hand."""
    from azure.core.rest import HttpRequest

    from acs_identity import Urllib3Transport

    transport = Urllib3Transport()

    def call(operation: str) -> Any:
        target, body, headers = signed(endpoint, operation)
        return transport.send(HttpRequest("POST", endpoint.url + target, content=body, headers=headers)).json()

    return {"get_token": partial(call, "get_token")}


def our_pipeline(endpoint: Endpoint) -> dict[str, Call]:
    """A request that the caller makes, sent through the pipeline of the client of this package."""
    from azure.core.rest import HttpRequest

    from acs_identity import CommunicationIdentityClient

    client = CommunicationIdentityClient(endpoint.url, KEY)
    url = f"{PATHS['get_token']}?api-version={VERSION}"

    def call() -> Any:
        request = HttpRequest("POST", url, json=BODIES["get_token"], headers={"Accept": "application/json"})
        return client.send_request(request).json()

    return {"get_token": call}


def our_operation(endpoint: Endpoint) -> dict[str, Call]:
    """The generated operation, with the pipeline of the client of this package."""
    from acs_identity import CommunicationIdentityClient
    from acs_identity_rest.v2026_09_23 import models

    raw = CommunicationIdentityClient(endpoint.url, KEY).raw

    def call() -> Any:
        request = models.CommunicationIdentityAccessTokenRequest(scopes=list(SCOPES))
        return raw.identity.issue_access_token(USER, request)

    return {"get_token": call}


def our_transport_async(endpoint: Endpoint) -> dict[str, Call]:
    """The async transport of this package with requests signed by hand."""
    from azure.core.rest import HttpRequest

    from acs_identity.aio import AiohttpTransport

    transport = AiohttpTransport()

    async def call() -> Any:
        target, body, headers = signed(endpoint, "get_token")
        answer = await transport.send(HttpRequest("POST", endpoint.url + target, content=body, headers=headers))
        return answer.json()

    return {"get_token": call}


def our_pipeline_async(endpoint: Endpoint) -> dict[str, Call]:
    """A request that the caller makes, sent through the pipeline of the async client of this package."""
    from azure.core.rest import HttpRequest

    from acs_identity.aio import CommunicationIdentityClient

    client = CommunicationIdentityClient(endpoint.url, KEY)
    url = f"{PATHS['get_token']}?api-version={VERSION}"

    async def call() -> Any:
        request = HttpRequest("POST", url, json=BODIES["get_token"], headers={"Accept": "application/json"})
        return (await client.send_request(request)).json()

    return {"get_token": call}


def our_operation_async(endpoint: Endpoint) -> dict[str, Call]:
    """The generated async operation, with the pipeline of the client of this package."""
    from acs_identity.aio import CommunicationIdentityClient
    from acs_identity_rest.v2026_09_23 import models

    raw = CommunicationIdentityClient(endpoint.url, KEY).raw

    def call() -> Any:
        request = models.CommunicationIdentityAccessTokenRequest(scopes=list(SCOPES))
        return raw.identity.issue_access_token(USER, request)

    return {"get_token": call}


def ours_async(endpoint: Endpoint, **options: Any) -> dict[str, Call]:
    """The async client of this package."""
    from acs_identity.aio import CommunicationIdentityClient

    return friendly(CommunicationIdentityClient(endpoint.url, KEY, **options), USER)


def ours_async_by_azure_core(endpoint: Endpoint) -> dict[str, Call]:
    """The async client of this package over azure-core's transport."""
    from azure.core.pipeline.transport import AioHttpTransport

    return ours_async(endpoint, transport=AioHttpTransport())


def official_async(endpoint: Endpoint) -> dict[str, Call]:
    """The official async client."""
    from azure.communication.identity import CommunicationUserIdentifier
    from azure.communication.identity.aio import CommunicationIdentityClient
    from azure.core.credentials import AzureKeyCredential

    client = CommunicationIdentityClient(endpoint.url, AzureKeyCredential(KEY))
    return friendly(client, CommunicationUserIdentifier(USER))


def bare_aiohttp(endpoint: Endpoint) -> dict[str, Call]:
    """Aiohttp with requests signed by hand."""
    import aiohttp
    from yarl import URL

    sessions: list[aiohttp.ClientSession] = []

    async def call(operation: str) -> Any:
        if not sessions:
            sessions.append(aiohttp.ClientSession())
        target, body, headers = signed(endpoint, operation)
        url = URL(endpoint.url + target, encoded=True)
        async with sessions[0].post(url, data=body, headers=headers) as answer:
            return read_json(await answer.read())

    return {operation: partial(call, operation) for operation in PATHS}


def emulated(of: str) -> Callable[[Endpoint], dict[str, Call]]:
    """A sync client with the emulator in its process, which then works on the same account."""

    def make(_: Endpoint) -> dict[str, Call]:
        from importlib import import_module

        from azure.core.credentials import AzureKeyCredential

        from acs_identity_emulator import Emulator, EmulatorTransport

        emulator = Emulator()
        client: Any = import_module(of).CommunicationIdentityClient(
            emulator.endpoint, AzureKeyCredential(emulator.access_key), transport=EmulatorTransport(emulator)
        )
        return {"create_user_and_token": lambda: client.create_user_and_token(SCOPES)}

    return make


CONTESTANTS: dict[str, Callable[[Endpoint], dict[str, Call]]] = {
    "ours": ours,
    "ours over azure-core's transport": ours_by_azure_core,
    "official": official,
    "urllib3": bare_urllib3,
    "socket": raw_socket,
    "our transport": our_transport,
    "our pipeline": our_pipeline,
    "our operation": our_operation,
    "our transport, async": our_transport_async,
    "our pipeline, async": our_pipeline_async,
    "our operation, async": our_operation_async,
    "ours, async": ours_async,
    "ours over azure-core's transport, async": ours_async_by_azure_core,
    "official, async": official_async,
    "aiohttp": bare_aiohttp,
    "ours, emulated": emulated("acs_identity"),
    "official, emulated": emulated("azure.communication.identity"),
}


class Runner:
    """Runs cases in this process.

    Args:
        name: The name of the contestant.
        ports: The ports of the server by scheme; SSL_CERT_FILE and REQUESTS_CA_BUNDLE name its certificate authority.
    """

    def __init__(self, name: str, ports: dict[str, int]) -> None:
        self._make, self._ports = CONTESTANTS[name], ports
        self._made: dict[str, dict[str, Call]] = {}
        self._loop = asyncio.new_event_loop()
        # The clients end with this process, and not before.
        self._loop.set_exception_handler(_ignore)

    def run(self, case: dict[str, Any]) -> dict[str, float]:
        """Run a case and return what each of its calls cost, in microseconds of processor and of clock.

        Args:
            case: ``operation``, ``scheme``, ``calls``, and ``threads`` or ``flight`` where several run at once;
                ``memory`` for the bytes of a client and of its calls in flight instead.
        """
        if case.get("memory"):
            return self._memory(case)
        call = self._calls(case["scheme"])[case["operation"]]
        self._repeat(call, {**case, "calls": max(20, case.get("flight", 1))})
        gc.collect()
        cpu, wall = time.process_time(), time.perf_counter()
        made = self._repeat(call, case)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return {"cpu": cpu / made * 1e6, "wall": wall / made * 1e6}

    def _calls(self, scheme: str) -> dict[str, Call]:
        if scheme not in self._made:
            self._made[scheme] = self._loop.run_until_complete(self._make_in_loop(scheme))
        return self._made[scheme]

    async def _make_in_loop(self, scheme: str) -> dict[str, Call]:
        return self._make(Endpoint(scheme, self._ports[scheme]))

    def _repeat(self, call: Call, case: dict[str, Any]) -> int:
        calls: int = case["calls"]
        each: int
        if case.get("flight"):
            each = max(1, calls // case["flight"])
            self._loop.run_until_complete(_in_flight(call, case["flight"], each))
            return each * int(case["flight"])
        if case.get("threads"):
            each = max(1, calls // case["threads"])
            with ThreadPoolExecutor(case["threads"]) as pool:
                for done in [pool.submit(_in_a_row, call, each) for _ in range(case["threads"])]:
                    done.result()
            return each * int(case["threads"])
        _in_a_row(call, calls)
        return calls

    def _memory(self, case: dict[str, Any]) -> dict[str, float]:
        # What only the first client loads and fills does not count.
        self._calls(case["scheme"])
        tracemalloc.start()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        kept = [self._loop.run_until_complete(self._make_in_loop(case["scheme"])) for _ in range(case["calls"])]
        gc.collect()
        client = (tracemalloc.get_traced_memory()[0] - before) / case["calls"]
        flight = 0.0
        if case.get("flight"):
            call = kept[0][case["operation"]]
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            self._loop.run_until_complete(_in_flight(call, case["flight"], 1))
            flight = float(tracemalloc.get_traced_memory()[1] - before)
        tracemalloc.stop()
        return {"client": client, "flight": flight}


def _ignore(_: asyncio.AbstractEventLoop, __: dict[str, Any]) -> None:
    pass


def _in_a_row(call: Call, calls: int) -> None:
    for _ in range(calls):
        call()


async def _in_flight(call: Callable[[], Awaitable[Any]], flight: int, each: int) -> None:
    async def work() -> None:
        for _ in range(each):
            await call()

    await asyncio.gather(*(work() for _ in range(flight)))


if __name__ == "__main__":
    pin(int(sys.argv[2]))
    runner = Runner(sys.argv[1], {"http": int(sys.argv[3]), "https": int(sys.argv[4])})
    for line in sys.stdin:
        print(json.dumps(runner.run(json.loads(line))), flush=True)
