"""The one operation whose generated form needed a directive: a change of several assignments may be answered 204."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

import acs_identity_rest


@pytest.fixture
def service() -> Iterator[tuple[str, list[bytes]]]:
    """A service that answers every change with 204, and the bodies it was sent."""
    sent: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PATCH(self) -> None:
            sent.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: Any, **kwargs: Any) -> None:
            """Keep the output of the tests clean."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", sent
        server.shutdown()


def test_a_change_is_sent_at_once_and_null_deletes_an_assignment(service: tuple[str, list[bytes]]) -> None:
    endpoint, sent = service
    package = acs_identity_rest.load("2025-03-02-preview")
    stored = package.models.EntraAssignmentCreateOrUpdateRequest(tenant_id="t", principal_type="user", client_ids=["c"])
    with package.CommunicationIdentityRestClient(endpoint=endpoint) as client:
        answer = client.entra.update_assignments({"kept": stored, "deleted": None})

    assert answer is None
    assert sent == [b'{"kept": {"tenantId": "t", "principalType": "user", "clientIds": ["c"]}, "deleted": null}']
