"""A server on this machine that is not the service."""

import http.server
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any


@contextmanager
def answering(
    status: int, body: bytes = b"", content_type: str = "application/json", **headers: str
) -> Generator[tuple[str, list[str]]]:
    """A server that gives everybody the same answer; its address, and what it was asked."""
    asked: list[str] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(f"{self.requestline}\n{self.headers}")
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self.answer
            raise AttributeError(name)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has
            ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"127.0.0.1:{running.server_port}", asked
        finally:
            running.shutdown()
            thread.join(10)
