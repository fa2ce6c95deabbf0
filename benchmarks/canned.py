"""A server that answers with what is written down here: ``python -m benchmarks.canned CORE FOLDER``.

It does nothing else, so that it never is what a client waits for. It prints its ports for http and https and the file
of its certificate authority, and ends with its standard input.
"""

import asyncio
import ssl
import sys
from pathlib import Path
from typing import Any, cast

import trustme

from .servers import pin

HEAD = (
    "HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\nDate: Mon, 23 Nov 2026 06:00:00 GMT\r\n"
    "request-context: appId=\r\nMS-CV: Gb165BIFFEW5tZHIvbnKXA.2.0\r\napi-supported-versions: 2023-10-01, 2026-09-23\r\n"
    "X-Processing-Time: 20ms\r\nX-Azure-Ref: 0a1b2c3d\r\nX-Cache: CONFIG_NOCACHE\r\nContent-Length: {length}\r\n\r\n"
)
# As long as those of the service.
TOKEN = "eyJhbGciOiJSUzI1NiJ9." + "e" * 300 + "." + "s" * 342
ACCESS_TOKEN = f'{{"token":"{TOKEN}","expiresOn":"2026-11-24T06:00:00.1234567+00:00"}}'
USER = "8:acs:6a7a0a3e-0000-4000-8000-000000000000_00000024-0000-4000-8000-000000000000"
CREATED = f'{{"identity":{{"id":"{USER}"}},"accessToken":{ACCESS_TOKEN}}}'


def _answer(status: str, body: str) -> bytes:
    return HEAD.format(status=status, length=len(body)).encode() + body.encode()


ANSWERS = {
    b"POST /identities?": _answer("201 Created", CREATED),
    b":issueAccessToken?": _answer("200 OK", ACCESS_TOKEN),
    b":revokeAccessTokens?": _answer("204 No Content", ""),
}


class Connection(asyncio.Protocol):
    """Reads whole requests and answers each."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        # Those of uvloop are no subclass of it.
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer what is complete."""
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].lower()
            at = head.find(b"content-length:")
            whole = end + 4 + (int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0)
            if len(self._data) < whole:
                return
            line = self._data[: self._data.find(b"\r\n")].replace(b"%3A", b":")
            self._data = self._data[whole:]
            self.transport.write(next(answer for mark, answer in ANSWERS.items() if mark in line))


async def serve(folder: Path) -> None:
    """Serve until the standard input ends."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate: Any = authority.issue_cert("127.0.0.1")
    certificate.configure_cert(context)
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Connection, "127.0.0.1", 0, ssl=tls, backlog=2048) for tls in (None, context)]
    print(*(server.sockets[0].getsockname()[1] for server in servers), folder / "ca.pem", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    pin(int(sys.argv[1]))
    if sys.platform == "win32":
        asyncio.run(serve(Path(sys.argv[2])))
    else:
        import uvloop

        uvloop.run(serve(Path(sys.argv[2])))
