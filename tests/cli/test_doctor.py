"""The doctor names the first thing that is wrong on the way to the service, and what to do; it changes nothing."""

import json
import re
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from acs_identity import CommunicationIdentityClient, CommunicationTokenScope
from acs_identity.cli import doctor
from acs_identity_emulator import Certificate, Emulator, EmulatorServer, FaultRule, local_certificate

from .answering import answering
from .running import Ran, run_command

pytestmark = pytest.mark.once

KEY = "YSBrZXkgb2Ygbm9ib2R5"
CHECKS = ["connection string", "proxy", "DNS", "connection", "TLS", "service", "clock", "key"]
CONNECTION_STRING = "AZURE_COMMUNICATION_CONNECTION_STRING"


def examine(connection_string: str, *options: str, reads: bool = False, **environment: str) -> Ran:
    return run_command(
        "doctor", *options, environment={CONNECTION_STRING: connection_string, **environment}, reads=reads
    )


def found(ran: Ran) -> dict[str, tuple[str, str]]:
    """State and detail by check."""
    return {each["check"]: (each["state"], each["detail"]) for each in ran.data}


def states(ran: Ran) -> dict[str, str]:
    return {name: state for name, (state, _) in found(ran).items()}


def after(failed: str, ran: Ran, *, code: int) -> tuple[str, str]:
    """Make sure that a check failed, those before it did not, and those after it were skipped; return what it said."""
    names = [each["check"] for each in ran.data]
    at = names.index(failed)
    assert states(ran)[failed] == "failed", found(ran)
    assert not {states(ran)[name] for name in names[:at]} & {"failed"}
    assert [found(ran)[name] for name in names[at + 1 :]] == [("skipped", f"{failed} comes first")] * (
        len(names) - at - 1
    )
    assert ran.stderr == f"What to mend first: {failed}.\n"
    assert ran.code == code
    said = ran.data[at]
    assert said["remedy"]
    return said["detail"], said["remedy"]


@pytest.fixture
def server(acs_emulator_server: EmulatorServer) -> EmulatorServer:
    return acs_emulator_server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return local_certificate(tmp_path_factory.mktemp("kept"))


def at(endpoint: str, key: str = KEY) -> str:
    return f"endpoint={endpoint};accesskey={key}"


def test_where_all_is_well_every_check_says_so(server: EmulatorServer) -> None:
    ran = examine(server.connection_string)
    assert (ran.code, ran.stderr) == (0, "All is well.\n")
    assert list(states(ran)) == CHECKS
    assert set(states(ran).values()) == {"ok", "skipped"}
    assert {name for name, state in states(ran).items() if state == "skipped"} == {"DNS", "TLS"}
    assert found(ran)["connection string"][1] == f"{server.endpoint}, from {CONNECTION_STRING}"
    assert all(each["remedy"] == "" for each in ran.data)


def test_it_changes_nothing_and_says_what_it_sent(server: EmulatorServer) -> None:
    with CommunicationIdentityClient.from_connection_string(server.connection_string) as client:
        token = client.create_user_and_token([CommunicationTokenScope.CHAT])[1].token
    server.emulator.journal.clear()
    ran = examine(server.connection_string)
    (sent,) = server.emulator.journal.entries()
    assert (sent.method, sent.operation, sent.code) == ("POST", "revoke_access_tokens", "IdentityNotOwned")
    assert "revoke the tokens of an identity that no resource has" in found(ran)["service"][1]
    assert "It sends one" in run_command("doctor", "--help").stdout
    assert server.emulator.introspect(token).state == "live"
    assert server.emulator.identity_count == 1


@pytest.mark.parametrize(
    "version", ["2021-03-07", "2022-06-01", "2022-10-01", "2023-10-01", "2025-03-02-preview", "2026-09-23"]
)
def test_the_key_is_proved_with_the_api_version_that_is_asked_for(server: EmulatorServer, version: str) -> None:
    ran = examine(server.connection_string, "--api-version", version)
    assert (ran.code, states(ran)["key"]) == (0, "ok")
    assert server.emulator.journal.entries()[0].target.endswith(f"?api-version={version}")


def test_an_api_version_that_the_service_lacks_is_told(server: EmulatorServer) -> None:
    ran = examine(server.connection_string, "--api-version", "2030-01-01")
    detail, remedy = after("service", ran, code=1)
    assert "UnsupportedApiVersion" in detail
    assert "2026-09-23" in remedy


@pytest.mark.parametrize(
    ("connection_string", "said"),
    [
        ("nonsense", "lacks endpoint and accesskey"),
        (f"endpoint=https://contoso.communication.azure.com;accesskey={'?' * 40}", "The access key is not base64."),
        (f"endpoint=ftp://contoso;accesskey={KEY}", "must start with https:// or http://"),
        (f"endpoint=http://localhost:99999;accesskey={KEY}", "malformed"),
    ],
)
def test_a_connection_string_that_is_none_is_told_before_anything_is_sent(connection_string: str, said: str) -> None:
    ran = examine(connection_string)
    assert ran.code == 2
    assert states(ran)["connection string"] == "failed"
    assert said in found(ran)["connection string"][1]
    assert KEY not in ran.stdout + ran.stderr
    assert set(list(states(ran).values())[1:]) == {"skipped"}


def test_without_a_connection_string_it_says_where_to_find_one() -> None:
    ran = run_command("doctor")
    detail, remedy = after("connection string", ran, code=3)
    assert "There is no connection string" in detail
    assert "acs-identity emulator exec" in remedy


def test_a_wrong_key_is_told_from_everything_else(server: EmulatorServer) -> None:
    ran = examine(at(server.endpoint))
    detail, remedy = after("key", ran, code=1)
    assert "the key is not, or no longer, one of this resource's" in detail
    assert "Copy the key of this endpoint anew" in remedy
    assert found(ran)["service"][1].startswith("401 Denied")
    assert KEY not in ran.stdout + ran.stderr


def test_a_port_where_nobody_listens_is_told() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        detail, remedy = after("connection", examine(at(f"http://127.0.0.1:{port}")), code=4)
    assert detail == f"127.0.0.1:{port} does not answer: Connection refused"
    assert "emulator" in remedy


@pytest.mark.parametrize(
    "error", [socket.gaierror(socket.EAI_NONAME, "Name or service not known"), UnicodeError("label empty or too long")]
)
def test_a_name_that_nobody_knows_is_told(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    detail, remedy = after("DNS", examine(at("https://contoso.communication.azure.com")), code=4)
    assert detail.startswith("contoso.communication.azure.com is not known: ")
    assert "portal" in remedy


def test_the_addresses_of_a_name_are_told(server: EmulatorServer) -> None:
    port = server.endpoint.rpartition(":")[2]
    state, detail = found(examine(at(f"http://localhost:{port}", server.emulator.access_key)))["DNS"]
    assert state == "ok"
    assert "127.0.0.1" in detail


def secure(chain: trustme.LeafCert, folder: Path) -> Certificate:
    files = folder / "chain.pem", folder / "key.pem"
    chain.cert_chain_pems[0].write_to_path(files[0])
    chain.private_key_pem.write_to_path(files[1])
    return Certificate(*files)


def test_https_with_an_authority_that_is_trusted_is_well(certificate: Certificate) -> None:
    with EmulatorServer(Emulator(), tls=certificate) as running:
        ran = examine(running.connection_string, REQUESTS_CA_BUNDLE=str(certificate.authority))
    assert ran.code == 0
    end = datetime.now(UTC) + timedelta(days=365)
    days = {f"{end - timedelta(days=back):%Y-%m-%d}" for back in (0, 1)}
    state, detail = found(ran)["TLS"]
    assert state == "ok"
    assert detail.startswith("TLSv1.")
    assert detail[-10:] in days


def test_an_authority_that_is_not_known_is_told_with_the_variable_that_names_it(certificate: Certificate) -> None:
    with EmulatorServer(Emulator(), tls=certificate) as running:
        detail, remedy = after("TLS", examine(running.connection_string), code=4)
    assert "unable to get local issuer certificate" in detail
    assert "REQUESTS_CA_BUNDLE" in remedy


@pytest.mark.parametrize(
    ("names", "days", "said", "remedy"),
    [
        (["127.0.0.1"], (-9, -1), "certificate has expired", "clock"),
        (["127.0.0.1"], (1, 9), "certificate is not yet valid", "clock"),
        (["contoso.communication.azure.com"], (-1, 9), "IP address mismatch", "another host"),
    ],
    ids=["expired", "not yet valid", "of another host"],
)
def test_a_certificate_that_is_wrong_is_told(
    names: list[str], days: tuple[int, int], said: str, remedy: str, tmp_path: Path
) -> None:
    authority = trustme.CA()
    begin, end = (datetime.now(UTC) + timedelta(days=number) for number in days)
    leaf = authority.issue_cert(*names, not_before=begin, not_after=end)
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    with EmulatorServer(Emulator(), tls=secure(leaf, tmp_path)) as running:
        ran = examine(running.connection_string, REQUESTS_CA_BUNDLE=str(bundle))
    told, cure = after("TLS", ran, code=4)
    assert said in told
    assert remedy in cure


def test_a_bundle_that_is_not_there_is_told_by_its_name(certificate: Certificate) -> None:
    with EmulatorServer(Emulator(), tls=certificate) as running:
        ran = examine(running.connection_string, REQUESTS_CA_BUNDLE="/no/such/bundle.pem")
    detail, remedy = after("TLS", ran, code=2)
    assert "/no/such/bundle.pem" in detail
    assert "REQUESTS_CA_BUNDLE" in remedy


def test_https_at_a_port_of_http_is_told(server: EmulatorServer) -> None:
    detail, remedy = after("TLS", examine(at(server.endpoint.replace("http:", "https:"))), code=4)
    assert detail.startswith("there is no TLS")
    assert "speak https" in remedy


def test_http_at_a_port_of_https_is_told(certificate: Certificate) -> None:
    with EmulatorServer(Emulator(), tls=certificate) as running:
        ran = examine(at(running.endpoint.replace("https:", "http:")))
    after("service", ran, code=4)


def test_http_to_another_machine_is_warned_of(server: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_loopback(_: str) -> bool:
        return False

    monkeypatch.setattr("acs_identity._endpoint.is_loopback", is_loopback)
    ran = examine(server.connection_string)
    assert ran.code == 0
    assert found(ran)["TLS"] == ("warning", "the endpoint is http: others can read tokens")
    assert ran.stderr == "It works. Look at: TLS.\n"


@pytest.mark.parametrize("minutes", [-10, 10, 60 * 24])
def test_a_clock_that_is_off_is_told_from_a_wrong_key(minutes: int) -> None:
    with EmulatorServer(Emulator(clock=lambda: datetime.now(UTC) + timedelta(minutes=minutes))) as running:
        ran = examine(running.connection_string)
    detail, remedy = after("clock", ran, code=1)
    seconds = int(detail.split()[3].replace(",", ""))
    assert abs(seconds - abs(minutes) * 60) <= 2
    assert detail.split()[-1] == ("ahead" if minutes > 0 else "behind")
    assert "time server" in remedy


@pytest.mark.parametrize("minutes", [-3, 3])
def test_a_clock_that_drifts_is_warned_of(server: EmulatorServer, minutes: int) -> None:
    server.emulator.clock.advance(timedelta(minutes=minutes))
    ran = examine(server.connection_string)
    assert (ran.code, states(ran)["clock"], states(ran)["key"]) == (0, "warning", "ok")
    assert ran.stderr == "It works. Look at: clock.\n"


def test_a_proxy_that_refuses_is_told_and_asked_about(certificate: Certificate) -> None:
    with EmulatorServer(Emulator(), tls=certificate) as running, answering(403) as (proxy, asked):
        ran = examine(
            running.connection_string,
            REQUESTS_CA_BUNDLE=str(certificate.authority),
            HTTPS_PROXY=f"http://somebody:pa55word@{proxy}",
        )
        port = running.endpoint.rpartition(":")[2]
    detail, remedy = after("service", ran, code=4)
    assert "403" in detail
    assert "ask who runs it" in remedy
    assert asked[0].startswith(f"CONNECT 127.0.0.1:{port} HTTP/1.")
    assert found(ran)["proxy"] == ("ok", f"{proxy}, from the environment")
    assert "pa55word" not in ran.stdout + ran.stderr


def test_a_proxy_that_wants_a_password_is_no_answer_of_the_service() -> None:
    with answering(407, b"<html>") as (proxy, _):
        ran = examine(at("http://contoso.communication.azure.com"), HTTP_PROXY=f"http://{proxy}")
    assert "407" in after("service", ran, code=4)[0]


def test_a_proxy_that_is_dead_is_told_as_such() -> None:
    ran = examine(at("https://contoso.communication.azure.com"), HTTPS_PROXY="http://127.0.0.1:1")
    detail, remedy = after("connection", ran, code=4)
    assert detail.startswith("127.0.0.1:1 does not answer")
    assert "HTTPS_PROXY" in remedy


@pytest.mark.parametrize("proxy", ["http://", "http://[::1", "http://proxy:port"])
def test_a_proxy_that_is_no_url_is_told(proxy: str) -> None:
    ran = examine(at("https://contoso.communication.azure.com"), HTTPS_PROXY=proxy)
    assert "HTTPS_PROXY" in after("proxy", ran, code=2)[1]


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (200, b"<html>Welcome</html>", "text/html"),
        (404, b"<html>Not here</html>", "text/html"),
        (404, b'{"message": "no such route"}', "application/json"),
        (401, b'{"message": "who are you?"}', "application/json"),
        (200, b"{}", "application/json"),
        (204, b"", "application/json"),
        (302, b"", "text/plain"),
    ],
)
def test_a_server_that_is_not_the_service_is_told(status: int, body: bytes, content_type: str) -> None:
    with answering(status, body, content_type) as (address, _):
        detail, remedy = after("service", examine(at(f"http://{address}")), code=4)
    assert detail.startswith(f"{status} ")
    assert "not one of Communication Services" in detail
    assert "portal" in remedy


def test_a_server_that_hangs_up_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # A server that takes connections and ends them at once.
        def hang_up() -> None:
            for _ in range(2):
                listener.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        ran = examine(at(f"http://127.0.0.1:{listener.getsockname()[1]}"))
        thread.join(10)
    assert after("service", ran, code=4)[0].startswith("there is no answer: ")


def test_a_server_that_never_answers_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_TIMEOUT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ran = examine(at(f"http://127.0.0.1:{listener.getsockname()[1]}"))
    assert "timed out" in after("service", ran, code=4)[0].lower()


def test_what_a_server_says_does_nothing_to_the_terminal() -> None:
    body = json.dumps({"error": {"code": "\x1b[2J\u202e", "message": "\x1b]0;x\x07"}}).encode()
    with answering(401, body) as (address, _):
        ran = examine(at(f"http://{address}"), reads=True)
    assert not {letter for letter in ran.stdout if not letter.isprintable()} - {"\n"}
    assert r"\u001b[2J" in ran.stdout


@pytest.mark.parametrize(("kind", "state", "code"), [("429", "warning", 0), ("500", "failed", 1), ("503", "failed", 1)])
def test_a_service_that_is_in_trouble_is_told_from_a_wrong_key(
    server: EmulatorServer, kind: Any, state: str, code: int
) -> None:
    server.emulator.faults.add(FaultRule(kind))
    ran = examine(server.connection_string)
    assert ran.code == code
    assert states(ran)["key" if kind == "429" else "service"] == state
    assert len(server.emulator.journal.entries()) == 1, "it is not asked again"


class Credential:
    """Signs in as somebody, or nobody."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        assert scopes == ("https://communication.azure.com//.default",)
        if not self._token:
            raise ClientAuthenticationError("Nobody is signed in.\nAttempted: this and that")
        return AccessToken(self._token, 4_000_000_000)

    def close(self) -> None: ...


def signed_in(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setattr("azure.identity.DefaultAzureCredential", lambda: Credential(token))


def test_with_a_sign_in_to_entra_the_role_is_looked_at(server: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    signed_in(monkeypatch, server.emulator.entra.issue_token())
    ran = run_command("doctor", "--endpoint", server.endpoint)
    assert ran.code == 0
    assert list(states(ran)) == [*CHECKS[:5], "sign-in", *CHECKS[5:7], "role"]
    assert found(ran)["sign-in"] == ("ok", "Entra gave a token")
    assert found(ran)["role"] == ("ok", "the service accepts it")


def test_without_a_sign_in_it_says_how(server: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    signed_in(monkeypatch, "")
    ran = run_command("doctor", "--endpoint", server.endpoint)
    detail, remedy = after("sign-in", ran, code=3)
    assert detail == "Nobody is signed in."
    assert "az login" in remedy


def test_somebody_without_a_role_learns_which(server: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    signed_in(monkeypatch, server.emulator.entra.issue_token())
    # The wording of the service. Source: azure-sdk-for-js issue 22312.
    body = b'{"error": {"code": "Denied", "message": "Denied by the resource provider."}}'
    with answering(401, body) as (address, _):
        detail, remedy = after("role", run_command("doctor", "--endpoint", f"http://{address}"), code=1)
    assert "no role on the resource" in detail
    assert "Contributor" in remedy


def test_a_token_for_something_else_is_told(server: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    signed_in(monkeypatch, server.emulator.entra.issue_token(audience="https://graph.microsoft.com"))
    ran = run_command("doctor", "--endpoint", server.endpoint)
    assert "for another audience, https://graph.microsoft.com" in after("role", ran, code=1)[0]


def test_at_a_terminal_there_is_a_line_for_each_check_and_one_for_each_remedy(
    server: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    ran = examine(at(server.endpoint), reads=True)
    lines = ran.stdout.splitlines()
    assert [line[:8].strip() for line in lines] == ["ok", "ok", "skipped", "ok", "skipped", "ok", "ok", "failed", ""]
    assert lines[-1].lstrip().startswith("-> Copy the key")


def test_what_is_longer_than_the_window_goes_on_below_its_beginning(
    server: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = examine(at(server.endpoint), reads=True).stdout
    *_, failed, remedy = re.split(r"^(?=failed)|^ +(?=->)", shown, flags=re.MULTILINE)
    for text, margin in ((failed, 28), (remedy, 31)):
        others = text.splitlines()[1:]
        assert others
        assert {line[:margin].strip() for line in others} == {""}
        assert all(line[margin] != " " and len(line) <= 80 for line in others)


def json_lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


READERS: list[tuple[str, Callable[[str], Any]]] = [
    ("json", json.loads),
    ("yaml", yaml.safe_load),
    ("jsonl", json_lines),
]


@pytest.mark.parametrize(
    ("format_", "read"),
    READERS,
    ids=["json", "yaml", "jsonl"],
)
def test_programs_can_read_what_was_found(server: EmulatorServer, format_: str, read: Any) -> None:
    ran = examine(server.connection_string, "-o", format_)
    checks = read(ran.stdout)
    assert [check["check"] for check in checks] == CHECKS
    assert all(list(check) == ["check", "state", "detail", "remedy"] for check in checks)


def test_a_query_picks_what_failed(server: EmulatorServer) -> None:
    ran = examine(at(server.endpoint), "--query", "[?state=='failed'].check", reads=True)
    assert ran.stdout == "key\n"
    assert ran.code == 1
