"""A signed request can be looked at, and sent by something else, exactly as it was signed."""

import base64
import hashlib
import hmac
import http.client
import json
import shlex
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from acs_identity_emulator import Certificate, Emulator, EmulatorServer, local_certificate

from .running import Ran, run_command

pytestmark = pytest.mark.once

KEY = base64.b64encode(b"a key that opens nothing").decode()
DATE = "Wed, 13 Apr 2022 18:09:12 GMT"
EMPTY = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
BODY = '{"createTokenWithScopes": ["chat"]}'
CURL = shutil.which("curl")


@pytest.fixture
def server(acs_emulator_server: EmulatorServer) -> EmulatorServer:
    return acs_emulator_server


def sign(*arguments: str, at: str = "https://contoso.communication.azure.com", key: str = KEY, **options: Any) -> Ran:
    environment = {"AZURE_COMMUNICATION_CONNECTION_STRING": f"endpoint={at}/;accesskey={key}"}
    return run_command("sign", *arguments, environment=environment, **options)


def sent(server: EmulatorServer, line: str, stdin: bytes = b"") -> tuple[int, Any]:
    """Run a curl line as it stands; the status and the answer."""
    assert CURL, "curl is needed"
    ran = subprocess.run(
        ["sh", "-c", f"{line} --silent --show-error --write-out '\\n%{{http_code}}'"],
        input=stdin,
        capture_output=True,
        check=True,
        timeout=30,
    )
    body, _, status = ran.stdout.decode().rpartition("\n")
    reasons = [entry.reason for entry in server.emulator.journal.entries()[-1:]]
    return int(status), json.loads(body) if body else reasons


needs_curl = pytest.mark.skipif(CURL is None, reason="curl is not installed")


def test_the_string_to_sign_is_that_of_the_reference() -> None:
    signed = sign("POST", "/identities", "--date", DATE).data
    assert signed["string_to_sign"] == (
        f"POST\n/identities?api-version=2026-09-23\n{DATE};contoso.communication.azure.com;{EMPTY}"
    )
    digest = hmac.digest(base64.b64decode(KEY), signed["string_to_sign"].encode(), "sha256")
    assert signed["headers"] == {
        "x-ms-date": DATE,
        "x-ms-content-sha256": EMPTY,
        "Authorization": "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256"
        f"&Signature={base64.b64encode(digest).decode()}",
    }


@needs_curl
@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/identities", None, 201),
        ("post", "/identities", None, 201),
        ("POST", "/identities", "{}", 201),
        ("POST", "/identities", BODY, 201),
        ("POST", "/identities", '{\n  "createTokenWithScopes": ["chat"]\n}\n', 201),
        ("POST", "/identities?api-version=2021-03-07", None, 201),
        ("POST", "/identities", """{"a": "it's $HOME `id` \\" é"}""", None),
        ("DELETE", "/identities/8:acs:a b_c%20d", None, None),
        ("PUT", "/access/teamsExtension/tenants/x/assignments/y", None, None),
        ("GET", "/access/teamsExtension/tenants/x/assignments/[1-3]{a,b}", None, None),
    ],
)
def test_the_curl_line_works_as_it_stands(
    server: EmulatorServer, method: str, path: str, body: str | None, status: int | None
) -> None:
    options = [] if body is None else ["--body", body]
    ran = sign(method, path, *options, "--as", "curl", at=server.endpoint, key=server.emulator.access_key)
    got, answer = sent(server, ran.stdout.strip())
    assert got not in {401, 403, 411}, answer
    assert status is None or got == status, answer


@needs_curl
@pytest.mark.parametrize("content", [BODY.encode(), b'{\r\n"x": "\xc3\xa9" }\r\n\r\n', b"\x00\xff\xfe", b"@nothing"])
def test_a_body_from_a_file_is_signed_and_sent_to_the_last_byte(
    server: EmulatorServer, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "a body's file.json"
    file.write_bytes(content)
    ran = sign("POST", "/identities", "-d", f"@{file}", at=server.endpoint, key=server.emulator.access_key)
    assert content_hash_of(ran) == hashed(content)
    assert sent(server, ran.data["curl"])[0] != 401
    assert ran.data["http"].endswith(f"\n\n< {file}")


@needs_curl
@pytest.mark.parametrize("content", [BODY.encode(), b"@nothing", b"\x00\xff\xfe", b"", b'{"a":\n1}\n'])
def test_a_body_from_stdin_is_signed_and_sent_to_the_last_byte(server: EmulatorServer, content: bytes) -> None:
    ran = sign("POST", "/identities", "-d", "-", stdin=content, at=server.endpoint, key=server.emulator.access_key)
    assert content_hash_of(ran) == hashed(content)
    assert sent(server, ran.data["curl"], content)[0] != 401


def hashed(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def content_hash_of(ran: Ran) -> str:
    return str(ran.data["headers"]["x-ms-content-sha256"])


def test_servers_that_want_a_length_get_one_where_there_is_no_body() -> None:
    assert "Content-Length: 0" in shlex.split(sign("POST", "/identities").data["curl"])
    assert "Content-Length" not in sign("GET", "/identities/x").data["curl"]
    assert "Content-Length" not in sign("POST", "/identities", "-d", "{}").data["curl"]


@needs_curl
def test_over_https_the_curl_line_works_too(tmp_path: Path) -> None:
    certificate: Certificate = local_certificate(tmp_path)
    with EmulatorServer(Emulator(), tls=certificate) as running:
        ran = sign("POST", "/identities", "--as", "curl", at=running.endpoint, key=running.emulator.access_key)
        status, _ = sent(running, f"{ran.stdout.strip()} --cacert {shlex.quote(str(certificate.authority))}")
    assert status == 201


def test_the_http_file_holds_the_request_that_was_signed(server: EmulatorServer) -> None:
    ran = sign("POST", "/identities", "-d", BODY, "--as", "http", at=server.endpoint, key=server.emulator.access_key)
    head, _, body = ran.stdout.removesuffix("\n").partition("\n\n")
    first, *lines = head.split("\n")
    method, url = first.split(" ")
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    headers = dict(line.split(": ", 1) for line in lines)
    connection.request(method, url.partition(urlsplit(url).netloc)[2], body, headers)
    answer = connection.getresponse()
    assert answer.status == 201, answer.read()
    assert "accessToken" in json.loads(answer.read())
    connection.close()


@pytest.mark.parametrize("view", ["string-to-sign", "headers", "curl", "http"])
def test_each_view_is_shown_alone_when_asked_for(view: str) -> None:
    ran = sign("POST", "/identities", "--date", DATE, "--as", view)
    whole = sign("POST", "/identities", "--date", DATE).data
    expected = {
        "string-to-sign": whole["string_to_sign"],
        "headers": "\n".join(f"{name}: {value}" for name, value in whole["headers"].items()),
        "curl": whole["curl"],
        "http": whole["http"],
    }
    assert ran.stdout == f"{expected[view]}\n"
    assert ran.stderr == ""


@pytest.mark.parametrize("options", [[], ["--as", "curl"], ["--as", "http"], ["--as", "headers"], ["-o", "json"]])
def test_at_a_terminal_the_signature_is_redacted_unless_it_is_asked_for(options: list[str]) -> None:
    signature = sign("POST", "/identities", "--date", DATE).data["headers"]["Authorization"].partition("Signature=")[2]
    assert len(signature) == 44
    hidden = sign("POST", "/identities", "--date", DATE, *options, reads=True)
    assert signature not in hidden.stdout + hidden.stderr
    assert "Signature=***" in hidden.stdout
    assert "--show-secrets" in hidden.stderr
    shown = sign("POST", "/identities", "--date", DATE, *options, "--show-secrets", reads=True)
    assert signature in shown.stdout


def test_the_key_is_never_shown() -> None:
    ran = sign("POST", "/identities", "--show-secrets", reads=True)
    assert KEY not in ran.stdout + ran.stderr


def test_at_a_terminal_all_of_it_is_shown_under_headings() -> None:
    lines = sign("POST", "/identities", reads=True).stdout.splitlines()
    assert [line for line, rule in pairwise(lines) if rule and not rule.strip("-")] == [
        "string-to-sign",
        "headers",
        "curl",
        "http",
    ]


@pytest.mark.parametrize(
    ("given", "signed"),
    [
        ("2022-04-13T18:09:12Z", DATE),
        ("2022-04-13T20:09:12+02:00", DATE),
        ("2022-04-13 18:09:12", DATE),
        ("2022-04-13", "Wed, 13 Apr 2022 00:00:00 GMT"),
        ("Wed, 13 Apr 2022 20:09:12 +0200", DATE),
    ],
)
def test_the_time_of_signing_can_be_chosen(given: str, signed: str) -> None:
    assert sign("GET", "/identities/x", "--date", given).data["headers"]["x-ms-date"] == signed


@pytest.mark.parametrize("date", ["", "yesterday", "2022-13-01", "99999999999999", "2022-04-13T18:09:12ZZ"])
def test_a_time_that_is_none_is_refused(date: str) -> None:
    ran = sign("GET", "/identities/x", "--date", date)
    assert (ran.code, ran.output) == (2, b"")
    assert "is no time" in ran.stderr


@pytest.mark.parametrize(
    ("url", "first"),
    [
        ("/identities", "/identities?api-version=2026-09-23"),
        ("/identities?api-version=2021-03-07", "/identities?api-version=2021-03-07"),
        ("/identities?x=1", "/identities?x=1&api-version=2026-09-23"),
        ("/identities?", "/identities?api-version=2026-09-23"),
        ("/identities#part", "/identities?api-version=2026-09-23"),
        ("/identities/8%3aacs%3a1_2", "/identities/8:acs:1_2?api-version=2026-09-23"),
        ("HTTPS://Contoso.Communication.Azure.com:443/identities", "/identities?api-version=2026-09-23"),
    ],
)
def test_what_is_signed_is_the_spelling_that_is_sent(url: str, first: str) -> None:
    signed = sign("GET", url).data
    assert signed["string_to_sign"].split("\n")[1] == first
    assert f"https://contoso.communication.azure.com{first}" in shlex.split(signed["curl"])
    assert ";contoso.communication.azure.com;" in signed["string_to_sign"]


def test_a_url_of_another_host_is_signed_for_that_host() -> None:
    assert ";localhost:8080;" in sign("GET", "http://localhost:8080/x").data["string_to_sign"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["GET", "identities"], "'identities' is no path"),
        (["GET", ""], "'' is no path"),
        (["GET", "/a/../b"], "must not hold the segments"),
        (["GET", "https://host:port/"], "malformed"),
        (["GET", "http://[::1/"], "malformed"),
        (["G T", "/"], "'G T' is no method"),
        (["", "/"], "'' is no method"),
        (["GET\r\nX: y", "/"], "is no method"),
        (["GET", "/", "--body", "@no-such-file"], "no-such-file: No such file"),
        (["GET", "/", "--body", "@"], "--body @ names no file"),
        (["GET", "/", "--as", "curl", "-o", "json"], "either --as"),
        (["GET", "/", "--as", "curl", "--query", "x"], "either --as"),
        (["GET", "/", "--as", "wget"], "wget"),
        (["GET", "/x?api-version=2021-03-07", "--api-version", "2026-09-23"], "Give one of them"),
    ],
)
def test_what_cannot_be_signed_is_told(arguments: list[str], said: str) -> None:
    ran = sign(*arguments)
    assert (ran.code, ran.output) == (2, b"")
    assert said in ran.stderr


def test_without_a_key_there_is_no_signature() -> None:
    ran = run_command("sign", "GET", "/", "--endpoint", "https://contoso.communication.azure.com")
    assert ran.code == 3
    assert "AZURE_COMMUNICATION_KEY" in ran.stderr


def test_a_key_that_is_not_base64_is_told_and_not_shown() -> None:
    ran = sign("GET", "/", key="not+base64!")
    assert ran.code == 2
    assert "The access key is not base64." in ran.stderr
    assert "not+base64!" not in ran.stderr


def test_key_and_body_cannot_both_come_from_stdin() -> None:
    ran = run_command("sign", "POST", "/", "-d", "-", "--endpoint", "https://x.azure.com", "--key", "-", stdin=KEY)
    assert ran.code == 2
    assert "cannot both come from stdin" in ran.stderr


def test_the_body_of_a_patch_is_a_merge_patch_as_the_contracts_have_it() -> None:
    assert sign("PATCH", "/x", "-d", "{}").data["headers"]["Content-Type"] == "application/merge-patch+json"
    assert sign("PUT", "/x", "-d", "{}").data["headers"]["Content-Type"] == "application/json"
    assert "Content-Type" not in sign("POST", "/x").data["headers"]
