"""Over HTTPS clients meet a certificate of this machine, and trusting its authority harms nobody."""

import http.client
import os
import shutil
import socket
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.communication.identity import CommunicationIdentityClient, CommunicationTokenScope
from azure.communication.identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient
from azure.core.exceptions import ResourceNotFoundError, ServiceRequestError
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from typer.testing import CliRunner

from acs_identity import CommunicationIdentityClient as OurClient
from acs_identity_emulator import (
    Certificate,
    Emulator,
    EmulatorServer,
    FaultRule,
    ServerError,
    certificates,
    local_certificate,
)
from acs_identity_emulator.certificates import NAMES, state_folder
from acs_identity_emulator.commands import app

APP = "2c3e1e83-8fd7-4615-ad2b-b8c1229845ac"
USER = "32c0a5db-05ec-78ea-51ab-3f06b329397e"
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return local_certificate(tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="module")
def secure(certificate: Certificate) -> Iterator[EmulatorServer]:
    with EmulatorServer(Emulator(), tls=certificate) as running:
        yield running


def trusting(certificate: Certificate) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate.authority)


def status_of(server: EmulatorServer, context: ssl.SSLContext, name: str) -> int:
    """Ask for the health with the certificate checked against a name, over the socket of the endpoint."""
    port = urlsplit(server.endpoint).port
    with (
        socket.create_connection(("127.0.0.1", port or 0), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as tls,
    ):
        tls.sendall(b"GET /_emulator/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        response = http.client.HTTPResponse(tls)
        response.begin()
        return response.status


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "emulator.localhost", "x.emulator.localhost"])
def test_the_certificate_is_for_every_name_of_this_machine(secure: EmulatorServer, name: str) -> None:
    assert secure.tls is not None
    assert status_of(secure, trusting(secure.tls), name) == 200


def test_a_client_that_does_not_trust_the_authority_refuses_the_server(secure: EmulatorServer) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        status_of(secure, ssl.create_default_context(), "localhost")
    assert secure.tls is not None
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        status_of(secure, trusting(secure.tls), "example.org")
    assert status_of(secure, trusting(secure.tls), "localhost") == 200, "the server took no harm"


@pytest.mark.parametrize(
    "text", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x00\xa5\x01\x00", b"\x00" * 9999]
)
def test_what_is_not_tls_does_no_harm(secure: EmulatorServer, text: bytes, caplog: pytest.LogCaptureFixture) -> None:
    parts = urlsplit(secure.endpoint)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        try:
            while connection.recv(65536):
                pass
        except ConnectionResetError:
            pass
    assert secure.tls is not None
    assert status_of(secure, trusting(secure.tls), "localhost") == 200
    assert "Traceback" not in caplog.text


def test_the_official_client_does_everything_it_can_with_an_https_connection_string(secure: EmulatorServer) -> None:
    assert secure.connection_string.startswith("endpoint=https://127.0.0.1:")
    emulator = secure.emulator
    trust: Any = {"connection_verify": str(secure.tls and secure.tls.authority)}
    # Its methods are annotated in parts only.
    official: Any = CommunicationIdentityClient
    client = official.from_connection_string(secure.connection_string, **trust)
    user = client.create_user()
    chat = client.get_token(user, [CommunicationTokenScope.CHAT], token_expires_in=timedelta(hours=2))
    assert emulator.introspect(chat.token).state == "live"
    other, first = client.create_user_and_token([CommunicationTokenScope.VOIP])
    client.revoke_tokens(other)
    assert emulator.introspect(first.token).state == "revoked"
    entra_token = emulator.entra.issue_token(client_id=APP, object_id=USER)
    teams = client.get_token_for_teams_user(entra_token, APP, USER)
    assert emulator.introspect(teams.token).state == "live"
    client.delete_user(user)
    assert emulator.introspect(chat.token).state == "deleted"
    with pytest.raises(ResourceNotFoundError):
        client.get_token(user, [CommunicationTokenScope.CHAT])
    with_entra = official(secure.endpoint, emulator.entra.credential(), **trust)
    assert with_entra.create_user().properties["id"]


async def test_the_official_asynchronous_client_does_everything_it_can_with_an_https_connection_string(
    secure: EmulatorServer,
) -> None:
    emulator = secure.emulator
    trust: Any = {"connection_verify": str(secure.tls and secure.tls.authority)}
    official: Any = AsyncCommunicationIdentityClient
    async with official.from_connection_string(secure.connection_string, **trust) as client:
        user, token = await client.create_user_and_token([CommunicationTokenScope.CHAT])
        await client.revoke_tokens(user)
        assert emulator.introspect(token.token).state == "revoked"
        again = await client.get_token(user, [CommunicationTokenScope.VOIP])
        assert emulator.introspect(again.token).state == "live"
        entra_token = emulator.entra.issue_token(client_id=APP, object_id=USER)
        teams = await client.get_token_for_teams_user(entra_token, APP, USER)
        assert emulator.introspect(teams.token).state == "live"
        await client.delete_user(user)
        assert emulator.introspect(again.token).state == "deleted"
        with pytest.raises(ResourceNotFoundError):
            await client.revoke_tokens(user)


def test_our_client_works_over_https_and_refuses_an_authority_it_does_not_know(secure: EmulatorServer) -> None:
    trust: Any = {"connection_verify": str(secure.tls and secure.tls.authority)}
    with OurClient.from_connection_string(secure.connection_string, **trust) as client:
        user, token = client.create_user_and_token(["chat"])
        client.delete_user(user)
        assert secure.emulator.introspect(token.token).state == "deleted"
    with (
        OurClient.from_connection_string(secure.connection_string, retry_total=0) as client,
        pytest.raises(ServiceRequestError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.create_user()


def test_http_and_https_serve_one_emulator(certificate: Certificate) -> None:
    emulator = Emulator()
    trust: Any = {"connection_verify": str(certificate.authority)}
    with EmulatorServer(emulator) as plain, EmulatorServer(emulator, tls=certificate) as secure:
        user = OurClient.from_connection_string(plain.connection_string).create_user()
        OurClient.from_connection_string(secure.connection_string, **trust).delete_user(user)
        assert [entry.status for entry in emulator.journal.entries()] == [201, 204]


@pytest.mark.parametrize("reads", [True, False], ids=["a client that rests", "a client that reads nothing"])
def test_the_server_stops_without_waiting_for_a_client_to_say_goodbye(
    certificate: Certificate, reads: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with EmulatorServer(Emulator(), tls=certificate) as server:
        address = urlsplit(server.endpoint)
        with (
            socket.create_connection((str(address.hostname), address.port or 0), timeout=10) as plain,
            trusting(certificate).wrap_socket(plain, server_hostname="127.0.0.1") as client,
        ):
            client.sendall(b"GET /_emulator/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if reads:
                assert b"200" in client.recv(100)
            server.stop()
    # What it says when it has waited for a connection as long as it may.
    assert "graceful shutdown exceeded" not in caplog.text


@pytest.mark.parametrize("cut", ["reset", "truncate"])
def test_an_answer_is_cut_over_https_too(certificate: Certificate, cut: str) -> None:
    emulator = Emulator()
    emulator.faults.add(FaultRule.parse(f"{cut}:count=1"))
    with EmulatorServer(emulator, tls=certificate) as server:
        connection = http.client.HTTPSConnection(server.endpoint.split("/")[-1], context=trusting(certificate))
        headers = {"Authorization": f"Bearer {emulator.entra.issue_token()}"}
        connection.request("POST", "/identities?api-version=2026-09-23", headers=headers)
        with pytest.raises((ConnectionError, http.client.IncompleteRead, ssl.SSLError)):
            connection.getresponse().read()
        connection.close()
        assert status_of(server, trusting(certificate), "localhost") == 200


@pytest.mark.node
def test_the_official_javascript_client_does_everything_it_can_over_https(secure: EmulatorServer, root: Path) -> None:
    assert secure.tls is not None
    entra_token = secure.emulator.entra.issue_token(client_id=APP, object_id=USER)
    process = subprocess.run(
        ["node", str(root / "tests" / "emulator" / "official_client.mjs")],
        env={
            **os.environ,
            "AZURE_COMMUNICATION_CONNECTION_STRING": secure.connection_string,
            "NODE_EXTRA_CA_CERTS": str(secure.tls.authority),
            "TEAMS_USER_TOKEN": entra_token,
            "TEAMS_APP": APP,
            "TEAMS_USER": USER,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    live, revoked, teams = process.stdout.splitlines()
    assert secure.emulator.introspect(live).state == "deleted"
    assert secure.emulator.introspect(revoked).state == "deleted"
    assert secure.emulator.introspect(teams).state == "live"
    asked = [(entry.operation, entry.status) for entry in secure.emulator.journal.entries()][-8:]
    assert asked == [
        ("create_identity", 201),
        ("issue_access_token", 200),
        ("create_identity", 201),
        ("revoke_access_tokens", 204),
        ("exchange_teams_user_token", 200),
        ("delete_identity", 204),
        ("delete_identity", 204),
        ("issue_access_token", 404),
    ]


# The certificate that is kept


def files_of(certificate: Certificate) -> list[bytes]:
    assert certificate.authority is not None
    return [file.read_bytes() for file in (certificate.chain, certificate.key, certificate.authority)]


def test_nobody_can_make_another_certificate_that_those_who_trust_the_authority_trust(tmp_path: Path) -> None:
    certificate = local_certificate(tmp_path)
    assert certificate.authority is not None
    authority = x509.load_pem_x509_certificate(certificate.authority.read_bytes())
    kept = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert sorted(file.name for file in kept) == ["ca.pem", "certificate.pem", "key.pem"]
    keys = [
        serialization.load_pem_private_key(file.read_bytes(), None)
        for file in kept
        if b"PRIVATE KEY" in file.read_bytes()
    ]
    assert [key.public_key() == authority.public_key() for key in keys] == [False]
    leaf = x509.load_pem_x509_certificate(certificate.chain.read_bytes())
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_only_the_owner_can_read_what_is_kept(tmp_path: Path) -> None:
    certificate = local_certificate(tmp_path / "deep" / "state")
    assert stat.S_IMODE(certificate.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(certificate.key.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "deep" / "state").stat().st_mode) == 0o700


def test_a_certificate_is_kept_until_a_week_before_its_end(tmp_path: Path) -> None:
    def at(moment: datetime) -> list[bytes]:
        return files_of(local_certificate(tmp_path, clock=lambda: moment))

    first = at(NOW)
    assert at(NOW + timedelta(days=357)) == first
    second = at(NOW + timedelta(days=358, seconds=1))
    assert all(new != old for new, old in zip(second, first, strict=True))
    assert at(NOW + timedelta(days=359)) == second
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["ca.pem", "certificate.pem", "https", "key.pem"]


def names_of(certificate: Certificate) -> set[str]:
    leaf = x509.load_pem_x509_certificate(certificate.chain.read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in names}


def test_a_missing_name_is_added_to_those_that_are_there(tmp_path: Path) -> None:
    first = local_certificate(tmp_path)
    assert names_of(first) == NAMES
    before = files_of(first)
    spelled = ["LocalHost", "0:0:0:0:0:0:0:1", "localhost."]
    assert files_of(local_certificate(tmp_path, spelled)) == before
    assert names_of(local_certificate(tmp_path, ["Box.Example"])) == NAMES | {"box.example"}
    assert names_of(local_certificate(tmp_path, ["192.0.2.7", "bücher.example"])) == NAMES | {
        "box.example",
        "192.0.2.7",
        "xn--bcher-kva.example",
    }
    after = files_of(first)
    assert files_of(local_certificate(tmp_path, ["BOX.example", "bücher.example"])) == after != before


@pytest.mark.parametrize("damage", ["garbage", "empty", "missing", "other authority", "other key", "not utf-8"])
def test_damaged_files_are_made_anew(tmp_path: Path, damage: str, certificate: Certificate) -> None:
    mine = local_certificate(tmp_path)
    assert mine.authority is not None
    assert certificate.authority is not None
    before = files_of(mine)
    if damage == "missing":
        mine.authority.unlink()
    elif damage == "other authority":
        shutil.copy(certificate.authority, mine.authority)
    elif damage == "other key":
        shutil.copy(certificate.key, mine.key)
    else:
        mine.chain.write_bytes({"garbage": b"garbage", "empty": b"", "not utf-8": b"\xff" * 1000}[damage])
    after = local_certificate(tmp_path)
    assert all(new != old for new, old in zip(files_of(after), before, strict=True))
    with EmulatorServer(Emulator(), tls=after) as server:
        assert status_of(server, trusting(after), "localhost") == 200


def test_programs_that_start_together_agree_on_one_certificate(tmp_path: Path) -> None:
    together = threading.Barrier(4)
    found: list[list[bytes]] = []

    def look() -> None:
        together.wait(30)
        found.append(files_of(local_certificate(tmp_path)))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 4
    assert all(files == found[0] for files in found)
    assert len(list(tmp_path.iterdir())) == 1


def test_the_certificate_of_a_program_that_was_faster_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, of_the_other = certificates._write, list[list[bytes]]()

    def write_late(file: Path, content: bytes) -> None:
        write(file, content)
        if file.name == "ca.pem" and not of_the_other:
            of_the_other.append([])
            of_the_other[0] = files_of(local_certificate(tmp_path))

    monkeypatch.setattr(certificates, "_write", write_late)
    assert [files_of(local_certificate(tmp_path))] == of_the_other
    assert [path.name for path in tmp_path.iterdir()] == ["https"]


@pytest.mark.parametrize("name", ["no such host", "x" * 300, "a..b", ""])
def test_a_name_that_is_none_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        local_certificate(tmp_path, [name])


def test_the_state_folder_is_where_the_xdg_specification_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if sys.platform in ("win32", "darwin"):
        pytest.skip("another platform's place")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "x"))
    assert state_folder() == tmp_path / "x" / "acs-identity-emulator"
    for ignored in ("", "relative/path"):
        monkeypatch.setenv("XDG_STATE_HOME", ignored)
        assert state_folder() == tmp_path / ".local" / "state" / "acs-identity-emulator"

    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(OSError, match="no home"):
        state_folder()


# One's own certificate, and the command


@pytest.mark.parametrize("wrong", ["no file", "not PEM", "other key", "password"])
def test_a_certificate_that_cannot_be_used_is_named_when_the_server_starts(
    tmp_path: Path, certificate: Certificate, wrong: str
) -> None:
    key = tmp_path / "key.pem"
    if wrong == "not PEM":
        key.write_bytes(b"\x00garbage")
    elif wrong == "other key":
        shutil.copy(local_certificate(tmp_path).key, key)
    elif wrong == "password":
        secret = serialization.load_pem_private_key(certificate.key.read_bytes(), None)
        key.write_bytes(
            secret.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"secret"),
            )
        )
    server = EmulatorServer(Emulator(), tls=Certificate(certificate.chain, key))
    with pytest.raises(ServerError, match="cannot be read" if wrong == "no file" else "without a password"):
        server.start()
    assert not server.is_running


def run_start(*options: str) -> Any:
    """Run ``start``, whose servers are found ended at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EmulatorServer, "is_running", False)
        return CliRunner().invoke(app, ["start", "--port", "0", *options])


def test_the_certificate_is_kept_in_the_folder_that_is_given(tmp_path: Path) -> None:
    folder = tmp_path / "with a blank"
    result = run_start("--certificates", str(folder))
    assert f"Authority to trust: {folder}/https/ca.pem\n" in result.stdout
    assert f"export SSL_CERT_FILE='{folder}/https/ca.pem' " in result.stdout
    assert (folder / "https" / "ca.pem").exists()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    result = run_start("--certificates", str(file))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert f"The certificate cannot be kept in {file}: " in result.stderr
    assert result.stderr.count("\n") == 1


def test_without_a_place_to_keep_it_the_certificate_is_made_for_one_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A file in the way, since permissions do not bind the user root.
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    result = run_start()
    assert "The certificate cannot be kept" in result.stderr
    assert "for this run only" in result.stderr
    assert "HTTPS endpoint: https://127.0.0.1:" in result.stdout
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("Authority to trust: ")]
    assert not Path(line.removeprefix("Authority to trust: ")).exists(), "it is gone with the run"


def test_a_certificate_of_ones_own_is_served(certificate: Certificate) -> None:
    result = run_start("--cert", str(certificate.chain), "--key", str(certificate.key))
    assert "HTTPS endpoint: https://127.0.0.1:" in result.stdout
    assert "Authority" not in result.stdout
    assert "SSL_CERT_FILE" not in result.stdout


@pytest.mark.parametrize("option", ["--cert", "--key"])
def test_a_certificate_without_its_key_is_refused(certificate: Certificate, option: str) -> None:
    result = run_start(option, str(certificate.chain))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: --cert and --key belong together: give both.\n"


def test_a_certificate_that_is_not_there_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    result = run_start("--cert", str(tmp_path / "x"), "--key", str(tmp_path / "y"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot be read" in result.stderr
    assert result.stderr.count("\n") == 1


def test_https_can_be_left_out(state_home: Path) -> None:
    result = run_start("--no-https")
    assert result.stdout.count("\n") == 3
    assert "https" not in result.stdout


def test_a_taken_port_for_https_names_its_own_option() -> None:
    with EmulatorServer(Emulator()) as taker:
        port = taker.endpoint.rsplit(":", 1)[1]
        result = run_start("--https-port", port)
    assert result.exit_code == 1
    assert f"Port {port} of 127.0.0.1 is taken by another emulator" in result.stderr
    assert "--https-port 0" in result.stderr


@pytest.mark.parametrize(
    ("options", "ports"),
    [((), [10100, 10101]), (("--port", "12000"), [12000, 12001]), (("--port", "0"), [0, 0]),
     (("--port", "0", "--https-port", "12001"), [0, 12001]), (("--no-https",), [10100])],
)  # fmt: skip
def test_the_port_for_https_is_the_one_after_that_for_http(
    options: tuple[str, ...], ports: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    def start(server: EmulatorServer) -> None:
        started.append(server._port)

    def announce(_: object) -> None:
        return

    # Nothing listens: these ports may be taken.
    monkeypatch.setattr(EmulatorServer, "start", start)
    monkeypatch.setattr(EmulatorServer, "is_running", False)
    monkeypatch.setattr("acs_identity_emulator.commands.start._announce", announce)
    CliRunner().invoke(app, ["start", *options])
    assert started == ports
