"""Any operation of any API version can be asked for, and its answer comes as the service gave it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken

from acs_identity_emulator import Emulator, EmulatorServer, FaultRule, local_certificate

from .answering import answering
from .running import Ran, run_command

pytestmark = pytest.mark.once

BODY = '{"createTokenWithScopes": ["chat"]}'
NOBODY = "/identities/8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000"


@pytest.fixture
def server(acs_emulator_server: EmulatorServer) -> EmulatorServer:
    return acs_emulator_server


def raw(server: EmulatorServer, *arguments: str, **options: Any) -> Ran:
    environment = {"AZURE_COMMUNICATION_CONNECTION_STRING": server.connection_string}
    return run_command("raw", *arguments, environment=environment, **options)


def targets(server: EmulatorServer) -> list[str]:
    return [f"{entry.method} {entry.target}" for entry in server.emulator.journal.entries()]


def new_user(server: EmulatorServer) -> str:
    return str(raw(server, "POST", "/identities").data["identity"]["id"])


def test_an_operation_is_asked_for_by_method_and_path(server: EmulatorServer) -> None:
    ran = raw(server, "POST", "/identities")
    assert (ran.code, ran.stderr) == (0, "")
    assert ran.data["identity"]["id"].startswith(f"8:acs:{server.emulator.resource_id}_")
    assert targets(server) == ["POST /identities?api-version=2026-09-23"]


@pytest.mark.parametrize("source", ["text", "file", "stdin"])
def test_the_body_comes_from_where_it_is_said_to(server: EmulatorServer, source: str, tmp_path: Path) -> None:
    file = tmp_path / "body.json"
    file.write_text(BODY)
    given = {"text": BODY, "file": f"@{file}", "stdin": "-"}[source]
    ran = raw(server, "post", "/identities", "--body", given, stdin=BODY if source == "stdin" else "")
    assert ran.code == 0
    assert set(ran.data["accessToken"]) == {"token", "expiresOn"}


@pytest.mark.parametrize(
    ("version", "path", "body", "status"),
    [
        ("2020-07-20-preview2", "/identities", None, 200),
        ("2021-03-07", "/identities", BODY, 201),
        ("2021-10-31-preview", "/identities", BODY, 201),
        ("2022-06-01", "/identities", BODY, 201),
        ("2022-10-01", "/identities", BODY, 201),
        ("2023-10-01", "/identities", BODY, 201),
        ("2025-03-02-preview", "/identities", '{"customId": "alice"}', 201),
        ("2025-06-30", "/identities", BODY, 201),
        ("2026-09-23", "/identities", BODY, 201),
    ],
)
@pytest.mark.parametrize("in_url", [True, False])
def test_every_api_version_can_be_asked(
    server: EmulatorServer, version: str, path: str, body: str | None, status: int, in_url: bool
) -> None:
    where = [f"{path}?api-version={version}"] if in_url else [path, "--api-version", version]
    ran = raw(server, "POST", *where, "-i", *([] if body is None else ["-d", body]))
    assert ran.code == 0, ran.stderr
    assert ran.stderr.splitlines()[0].startswith(f"{status} ")
    assert targets(server) == [f"POST /identities?api-version={version}"]


def test_how_the_first_preview_revokes_works_once_it_is_agreed_to(server: EmulatorServer) -> None:
    path = f"/identities/{new_user(server)}"
    arguments = ["PATCH", path, "-d", "{}", "--api-version", "2020-07-20-preview2"]
    assert raw(server, *arguments).code == 2
    ran = raw(server, *arguments, "--yes", "--include")
    assert ran.code == 0, ran.stderr
    assert ran.stderr.startswith("204 ")


def test_in_a_pipe_the_answer_comes_byte_for_byte(server: EmulatorServer) -> None:
    ran = raw(server, "POST", "/identities", "-d", BODY)
    # The service writes no blanks and no line end, and the + of the time zone as it is.
    assert ran.output == json.dumps(ran.data, separators=(",", ":")).encode()


def test_a_format_and_a_query_are_heeded(server: EmulatorServer) -> None:
    user = raw(server, "POST", "/identities", "--query", "identity.id", "-o", "tsv").stdout
    assert user.startswith("8:acs:")
    assert user.endswith("\n")
    assert raw(server, "POST", "/identities", "-o", "yaml").stdout.startswith("identity:\n  id: 8:acs:")


def test_at_a_terminal_the_answer_is_indented_and_its_token_redacted(server: EmulatorServer) -> None:
    ran = raw(server, "POST", "/identities", "-d", BODY, reads=True)
    assert ran.data["accessToken"]["token"] == "eyJ***"
    assert ran.stdout.startswith('{\n  "identity": {\n')
    assert "--show-secrets" in ran.stderr
    shown = raw(server, "POST", "/identities", "-d", BODY, "--show-secrets", reads=True)
    assert shown.data["accessToken"]["token"].count(".") == 2


def test_an_answer_without_a_body_prints_nothing(server: EmulatorServer) -> None:
    ran = raw(server, "DELETE", f"/identities/{new_user(server)}", "--yes", "-o", "json")
    assert (ran.code, ran.output, ran.stderr) == (0, b"", "")


def test_include_shows_status_and_headers_beside_the_data(server: EmulatorServer) -> None:
    ran = raw(server, "POST", "/identities", "--include")
    lines = ran.stderr.splitlines()
    assert lines[0] == "201 Created"
    assert "Content-Type: application/json; charset=utf-8" in lines
    assert ran.data["identity"]


def test_a_refusal_has_its_body_on_stdout_and_its_explanation_on_stderr(server: EmulatorServer) -> None:
    ran = raw(server, "POST", f"{NOBODY}/:issueAccessToken", "-d", '{"scopes": ["chat"]}')
    assert ran.code == 1
    # Source: a recording of the live service.
    assert ran.data == {
        "error": {"code": "IdentityNotOwned", "message": "Provided identity doesn't belong to the resource."}
    }
    assert "401 IdentityNotOwned" in ran.stderr
    assert "What to do:" in ran.stderr


def test_a_fault_of_the_service_is_a_refusal(server: EmulatorServer) -> None:
    server.emulator.faults.add(FaultRule("500"))
    ran = raw(server, "POST", "/identities")
    assert ran.code == 1
    assert "error" in ran.data
    assert len(targets(server)) == 1, "it is not sent again"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "{user}"),
        ("delete", "{user}"),
        ("POST", "{user}/:revokeAccessTokens"),
        ("POST", "{user}/%3ArevokeAccessTokens"),
        ("POST", "{user}/:REVOKEaccesstokens"),
        ("PATCH", "{user}"),
    ],
)
def test_what_destroys_asks_before(server: EmulatorServer, method: str, path: str) -> None:
    user = f"/identities/{new_user(server)}"
    path = path.format(user=user)
    server.emulator.journal.clear()
    nobody = raw(server, method, path)
    assert (nobody.code, nobody.output) == (2, b"")
    assert "--yes" in nobody.stderr
    no = raw(server, method, path, stdin="n\n", types=True)
    assert no.code == 2
    assert "Nothing was done." in no.stderr
    assert f"{method.upper()} {user}" in no.stderr
    assert targets(server) == []
    raw(server, method, path, stdin="y\n", types=True)
    assert len(targets(server)) == 1


@pytest.mark.parametrize(("method", "path"), [("POST", "/identities"), ("GET", "/identities/x"), ("PUT", "/access/x")])
def test_what_destroys_nothing_does_not_ask(server: EmulatorServer, method: str, path: str) -> None:
    raw(server, method, path)
    assert len(targets(server)) == 1


def test_a_dry_run_sends_nothing_and_asks_nothing(server: EmulatorServer) -> None:
    ran = raw(server, "DELETE", "/identities/x", "--dry-run", "-d", "{}")
    assert (ran.code, ran.output) == (0, b"")
    assert (
        ran.stderr == f"DELETE {server.endpoint}/identities/x?api-version=2026-09-23 with 2 bytes; nothing was sent.\n"
    )
    assert targets(server) == []


@pytest.mark.parametrize(
    ("method", "path", "meant"),
    [
        ("POST", "/identitis", "POST /identities"),
        ("GET", "/identities", "POST /identities"),
        ("POST", "/identities/8:acs:1_2/:issueAccesToken", "POST /identities/{id}/:issueAccessToken"),
        ("POST", "/identities/8%3Aacs%3A1_2/:issue", "POST /identities/{id}/:issueAccessToken"),
        ("POST", "/teamsUser/exchangeAccessToken", "POST /teamsUser/:exchangeAccessToken"),
    ],
)
def test_a_path_of_no_operation_is_remarked_upon_and_sent(
    server: EmulatorServer, method: str, path: str, meant: str
) -> None:
    ran = raw(server, method, path)
    assert ran.code == 1
    note = ran.stderr.splitlines()[0]
    assert note.startswith("Note: API version 2026-09-23 has no operation ")
    assert meant in note.partition("Did you mean: ")[2]
    assert "1_2" not in note
    assert len(targets(server)) == 1


def test_an_operation_in_another_spelling_is_not_remarked_upon(server: EmulatorServer) -> None:
    path = NOBODY.replace(":", "%3A")
    assert "Note" not in raw(server, "POST", f"{path}/%3AissueAccessToken", "-d", '{"scopes": ["chat"]}').stderr


def test_a_content_type_of_ones_own_takes_the_place_of_json(server: EmulatorServer) -> None:
    ran = raw(server, "POST", "/identities", "-d", BODY, "-H", "content-type: text/plain")
    assert ran.stderr.startswith("415 ")


def test_an_operation_of_another_api_version_is_remarked_upon(server: EmulatorServer) -> None:
    assert "has no operation GET" in raw(server, "GET", NOBODY).stderr
    assert "has no operation" not in raw(server, "GET", NOBODY, "--api-version", "2025-03-02-preview").stderr


@pytest.mark.parametrize("version", ["2030-01-01", "", "../2026-09-23", "%00"])
def test_an_api_version_that_is_not_known_is_remarked_upon_and_sent(server: EmulatorServer, version: str) -> None:
    ran = raw(server, "POST", f"/identities?api-version={version}")
    assert "is not known here." in ran.stderr.splitlines()[0]
    assert ran.code == 1
    assert len(targets(server)) == 1


def test_headers_are_sent_as_given(server: EmulatorServer) -> None:
    ran = raw(
        server,
        *("POST", "/identities", "-d", BODY, "-i"),
        *("-H", "x-ms-client-request-id: mine", "--header", "content-type:application/json; charset=utf-8"),
    )
    assert ran.code == 0, ran.stderr
    assert "x-ms-client-request-id: mine" in ran.stderr


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("", "is written like Name: value"),
        ("name", "is written like Name: value"),
        (": value", "is written like Name: value"),
        ("na me: value", "is written like Name: value"),
        ("na\r\nme: value", "is written like Name: value"),
        ("name: a\r\nb: c", "holds what a header cannot"),
        ("name: é", "holds what a header cannot"),
        ("Authorization: Bearer s3cret", "signing sets it"),
        ("X-MS-Date: now", "signing sets it"),
        ("host: x", "signing sets it"),
    ],
)
def test_a_header_that_is_none_is_refused_before_anything_is_sent(
    server: EmulatorServer, header: str, said: str
) -> None:
    ran = raw(server, "POST", "/identities", "--header", header)
    assert (ran.code, ran.output) == (2, b"")
    assert said in ran.stderr
    assert "s3cret" not in ran.stderr
    assert targets(server) == []


@pytest.mark.parametrize(
    "url", ["https://contoso.communication.azure.com/x", "http://127.0.0.1:1/x", "http://127.0.0.1/x"]
)
def test_no_credential_goes_to_another_server(
    server: EmulatorServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = raw(server, "GET", url)
    assert ran.code == 2
    assert "The URL is not at the endpoint" in ran.stderr

    class Credential:
        def get_token(self, *_: str, **__: Any) -> AccessToken:
            raise AssertionError("No token was wanted.")

    monkeypatch.setattr("azure.identity.DefaultAzureCredential", Credential)
    assert run_command("raw", "GET", url, "--endpoint", server.endpoint).code == 2


def test_a_whole_url_at_the_endpoint_is_taken(server: EmulatorServer) -> None:
    assert raw(server, "POST", f"{server.endpoint.upper()}/identities".replace("/IDENTITIES", "/identities")).code == 0


def test_with_a_sign_in_to_entra_the_token_is_sent(server: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    token = server.emulator.entra.issue_token()

    class Credential:
        def get_token(self, *_: str, **__: Any) -> AccessToken:
            return AccessToken(token, 4_000_000_000)

        def close(self) -> None: ...

    monkeypatch.setattr("azure.identity.DefaultAzureCredential", Credential)
    assert run_command("raw", "POST", "/identities", "--endpoint", server.endpoint).code == 0


def test_it_works_over_https(tmp_path: Path) -> None:
    certificate = local_certificate(tmp_path)
    with EmulatorServer(Emulator(), tls=certificate) as running:
        trusting = {
            "AZURE_COMMUNICATION_CONNECTION_STRING": running.connection_string,
            "REQUESTS_CA_BUNDLE": str(certificate.authority),
        }
        assert run_command("raw", "POST", "/identities", environment=trusting).code == 0
        refused = raw(running, "POST", "/identities")
    assert refused.code == 4
    assert "acs-identity doctor" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["POST", "identities"], "is no path"),
        (["P0ST", "/identities"], "is no method"),
        (["POST", "/identities", "-d", "@no-such-file"], "no-such-file: No such file"),
        (["POST", "/a/../b"], "must not hold the segments"),
        (["POST", "/identities", "--query", "["], "--query is no JMESPath expression"),
        (["POST", "/identities", "--outptu", "json"], "--output"),
    ],
)
def test_what_cannot_be_sent_is_told(server: EmulatorServer, arguments: list[str], said: str) -> None:
    ran = raw(server, *arguments)
    assert (ran.code, ran.output) == (2, b"")
    assert said in ran.stderr
    assert targets(server) == []


def test_a_large_body_goes_out_whole_and_its_refusal_comes_back(server: EmulatorServer) -> None:
    content = b'{"x": "' + b"a" * 2_000_000 + b'"}'
    ran = raw(server, "POST", "/identities", "-d", "-", stdin=content)
    assert ran.code == 1
    assert "413" in ran.stderr


def test_bytes_that_are_no_text_are_signed_and_sent_as_they_are(server: EmulatorServer) -> None:
    ran = raw(server, "POST", "/identities", "-d", "-", stdin=bytes(range(256)))
    # Not 401: what was signed has arrived.
    assert ran.stderr.startswith("400 ")


HTML = b"<html>\r\n\x1b[2J<p>\xff</p>"


def gateway(status: int, *options: str, reads: bool = False) -> Ran:
    """What comes of asking something that answers with HTML."""
    with answering(status, HTML, "text/html") as (address, _):
        connection_string = f"endpoint=http://{address};accesskey=eA=="
        return run_command(
            *("raw", "POST", "/identities", *options),
            environment={"AZURE_COMMUNICATION_CONNECTION_STRING": connection_string},
            reads=reads,
        )


def test_an_answer_that_is_no_json_is_shown_as_it_is_in_a_pipe() -> None:
    ran = gateway(200)
    assert (ran.code, ran.output, ran.stderr) == (0, HTML, "")


def test_an_answer_that_is_no_json_does_nothing_to_a_terminal() -> None:
    assert gateway(200, reads=True).stdout == "<html>\n\\u001b[2J<p>\ufffd</p>\n"


@pytest.mark.parametrize("options", [["-o", "json"], ["--query", "identity.id"]])
def test_no_format_and_no_query_say_anything_about_what_is_no_json(options: list[str]) -> None:
    ran = gateway(200, *options)
    assert (ran.code, ran.output) == (1, b"")
    assert "The answer is not JSON" in ran.stderr


def test_a_refusal_that_is_no_json_is_explained_whatever_the_format() -> None:
    ran = gateway(502, "-o", "json")
    assert ran.code == 1
    assert "not one of Communication Services" in ran.stderr
    assert "<html>" in ran.stdout


def test_the_installed_command_writes_bytes_to_a_pipe(server: EmulatorServer) -> None:
    environment = {**os.environ, "AZURE_COMMUNICATION_CONNECTION_STRING": server.connection_string}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "acs_identity.cli", "raw", "POST", "/identities"],
        env=environment,
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.endswith(b'"}}')
    assert done.stderr == b""
