"""Entra ID tokens for other programs: by command, by credential, and what became of an access token."""

import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from typer.testing import CliRunner

from acs_identity import CommunicationIdentityClient
from acs_identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient
from acs_identity_emulator import AsyncRemoteEntraCredential, EmulatorServer, RemoteEntraCredential
from acs_identity_emulator.commands import app

TENANT = "c70d068c-2f32-484d-9455-73070cd5aadd"
APP = "2c3e1e83-8fd7-4615-ad2b-b8c1229845ac"
USER = "32c0a5db-05ec-78ea-51ab-3f06b329397e"
MANAGEMENT = "https://communication.azure.com//.default"


def run(server: EmulatorServer, command: str, *options: str, stdin: str | bytes = "") -> Any:
    return CliRunner().invoke(app, [command, "--endpoint", server.endpoint, *options], input=stdin)


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token.removesuffix("\n"), options={"verify_signature": False})
    return claims


def refused(text: str) -> Any:
    return pytest.raises(ClientAuthenticationError, match=text)


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def answering() -> Any:
    """Answer one request with given bytes, as a program that is no emulator might; gives the endpoint."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(answer: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def answer_one() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        threads.append(threading.Thread(target=answer_one))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    for thread in threads:
        thread.join(10)
    for listener in listeners:
        listener.close()


def test_the_command_prints_a_token_and_nothing_else(server: EmulatorServer) -> None:
    result = run(server, "entra-token", "--client", APP, "--oid", USER)
    assert (result.exit_code, result.stderr) == (0, "")
    token, rest = result.stdout.split("\n")
    assert rest == ""
    with CommunicationIdentityClient.from_connection_string(server.connection_string) as client:
        assert client.get_token_for_teams_user(token, APP, USER).token


def test_every_option_of_the_command_is_in_the_token(server: EmulatorServer) -> None:
    options = ["--tenant", TENANT, "--client", APP, "--oid", USER, "--audience", "https://communication.azure.com"]
    options += ["--scope", "Chat VoIP.Join", "--group", APP, "--group", TENANT]
    claims = claims_of(run(server, "entra-token", *options).stdout)
    assert (claims["tid"], claims["appid"], claims["oid"]) == (TENANT, APP, USER)
    assert (claims["aud"], claims["scp"]) == ("https://communication.azure.com", "Chat VoIP.Join")
    assert claims["groups"] == [APP, TENANT]


@pytest.mark.parametrize(
    ("duration", "seconds"), [("90s", 90), ("15m", 900), ("1h", 3600), ("1h30m", 5400), ("1d", 86400), ("-5m", -300)]
)
def test_a_duration_is_written_as_people_do(server: EmulatorServer, duration: str, seconds: int) -> None:
    claims = claims_of(run(server, "entra-token", "--expires-in", duration).stdout)
    assert claims["exp"] - claims["iat"] == seconds


@pytest.mark.parametrize(
    "duration", ["", "1", "h", "1 h", "1h 5", "1.5h", "--5m", "1w", "-", "٣h", "9" * 20 + "h", "1H"]
)
def test_another_duration_is_refused(server: EmulatorServer, duration: str) -> None:
    result = run(server, "entra-token", "--expires-in", duration)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: The duration {duration} is not written as 2h, 1h30m, 90s or -5m are.\n"


def test_a_duration_that_is_too_long_is_refused_by_the_emulator(server: EmulatorServer) -> None:
    result = run(server, "entra-token", "--expires-in", "999999d")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "at most ten years" in result.stderr


@pytest.mark.parametrize("command", ["entra-token", "introspect"])
def test_without_an_emulator_the_commands_say_so(command: str, closed_port: int) -> None:
    endpoint = f"http://127.0.0.1:{closed_port}"
    result = CliRunner().invoke(app, [command], input="x", env={"ACS_IDENTITY_EMULATOR_ENDPOINT": endpoint})
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"No emulator answers at {endpoint}" in result.stderr


def test_introspect_tells_the_state_and_the_reason(server: EmulatorServer) -> None:
    with CommunicationIdentityClient.from_connection_string(server.connection_string) as client:
        user, token = client.create_user_and_token(["chat"])
        first = run(server, "introspect", stdin=f"{token.token}\n")
        client.revoke_tokens(user)
        second = run(server, "introspect", stdin=token.token)
        client.delete_user(user)
        third = run(server, "introspect", stdin=f"\n  {token.token}\r\n")
    assert [result.exit_code for result in (first, second, third)] == [0, 0, 0]
    assert [result.stdout.partition(":")[0] for result in (first, second, third)] == ["live", "revoked", "deleted"]
    assert all(result.stdout.count("\n") == 1 and len(result.stdout) > 12 for result in (first, second, third))
    assert token.token not in first.output + second.output + third.output
    assert run(server, "introspect", stdin="x").stdout.startswith("unknown: ")


@pytest.mark.parametrize("stdin", ["", "  \n", b"\xff\xfe", "x" * 100_000], ids=["empty", "blank", "binary", "huge"])
def test_introspect_needs_one_token_on_stdin(server: EmulatorServer, stdin: str | bytes) -> None:
    result = run(server, "introspect", stdin=stdin)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "stdin" in result.stderr
    assert result.stderr.count("\n") == 1


def test_introspect_takes_no_token_from_the_command_line(server: EmulatorServer) -> None:
    assert run(server, "introspect", "a.b.c").exit_code == 2


# Credentials


def test_a_client_in_another_process_gets_in_with_the_remote_credential(server: EmulatorServer) -> None:
    credential = RemoteEntraCredential(server.endpoint)
    with CommunicationIdentityClient(server.endpoint, credential) as client:
        assert client.create_user().raw_id
    credential.close()


async def test_an_asynchronous_client_gets_in_with_the_remote_credential(server: EmulatorServer) -> None:
    async with (
        AsyncRemoteEntraCredential(server.endpoint) as credential,
        AsyncCommunicationIdentityClient(server.endpoint, credential) as client,
    ):
        assert (await client.create_user()).raw_id


async def test_the_claims_of_a_remote_credential_are_those_asked_for(server: EmulatorServer) -> None:
    options: Any = {
        "tenant_id": TENANT,
        "client_id": APP,
        "object_id": USER,
        "group_ids": (APP,),
        "expires_in": timedelta(minutes=5),
    }
    scope = "https://communication.azure.com/clients/VoIP"
    for token in (
        RemoteEntraCredential(f"{server.endpoint}/", **options).get_token(scope),
        await AsyncRemoteEntraCredential(server.endpoint, **options).get_token(scope),
    ):
        claims = claims_of(token.token)
        assert (claims["tid"], claims["appid"], claims["oid"]) == (TENANT, APP, USER)
        assert (claims["aud"], claims["scp"], claims["groups"]) == ("https://communication.azure.com", "VoIP", [APP])
        assert token.expires_on == claims["exp"] == claims["iat"] + 300
        assert abs(claims["iat"] - datetime.now(UTC).timestamp()) < 60
    assert claims_of(RemoteEntraCredential(server.endpoint).get_token(MANAGEMENT, tenant_id=APP).token)["tid"] == APP


def test_a_remote_credential_asks_for_one_audience(server: EmulatorServer) -> None:
    with pytest.raises(ValueError, match="exactly one audience"):
        RemoteEntraCredential(server.endpoint).get_token("chat")
    with pytest.raises(ValueError, match="must begin with http"):
        RemoteEntraCredential("127.0.0.1:10100")


def test_a_remote_credential_says_that_no_emulator_answers(closed_port: int) -> None:
    endpoint = f"http://127.0.0.1:{closed_port}"
    with refused(f"No emulator answers at {endpoint}"):
        RemoteEntraCredential(endpoint).get_token(MANAGEMENT)


def test_a_remote_credential_says_that_it_was_refused(server: EmulatorServer) -> None:
    with refused("gave no Entra ID token, but 400"):
        RemoteEntraCredential(server.endpoint, expires_in=timedelta(days=9999)).get_token(MANAGEMENT)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'{"token":"x"'])
def test_a_remote_credential_says_that_it_is_no_emulator(answering: Callable[[bytes], str], body: bytes) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with refused("did not answer as an emulator does"):
        RemoteEntraCredential(answering(head.encode() + body)).get_token(MANAGEMENT)


def test_a_remote_credential_survives_an_answer_that_is_no_http(answering: Callable[[bytes], str]) -> None:
    with refused("No emulator answers"):
        RemoteEntraCredential(answering(b"garbage\r\n\r\n")).get_token(MANAGEMENT)


def test_proxies_of_the_environment_are_not_asked(server: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert RemoteEntraCredential(server.endpoint).get_token(MANAGEMENT).token
    assert run(server, "entra-token").exit_code == 0
