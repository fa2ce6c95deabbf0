"""A person who has a token learns what is in it, and what is wrong with what is none; nobody else learns the token."""

import base64
import http.server
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from acs_identity import CommunicationIdentityClient, CommunicationTokenScope
from acs_identity.cli.inspection import described
from acs_identity_emulator import Certificate, Emulator, EmulatorServer, local_certificate

from .running import Ran, run_command

pytestmark = pytest.mark.once

RESOURCE = "9dfc7582-17b2-410d-b626-cb9a284c1d6d"
TENANT = "c70d068c-2f32-484d-9455-73070cd5aadd"
OBJECT = "32c0a5db-05ec-78ea-51ab-3f06b329397e"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
# The claims of a real token of the Entra exchange that was published in August 2025, with other ids.
CLAIMS = {
    "skypeid": f"acs:{RESOURCE}_00000005-14a2-493b-8a72-5a3a0d000081",
    "scp": 1792,
    "csi": "1755818174",
    "exp": 1755821774,
    "rgn": "amer",
    "acsScope": "chat,voip",
    "resourceId": RESOURCE,
    "resourceLocation": "unitedstates",
    "iat": 1755818174,
}


def encoded(claims: dict[str, Any], **header: str) -> str:
    """A token that PyJWT made."""
    return jwt.encode(claims, KEY, algorithm="RS256", headers=header or None)


TOKEN = encoded(CLAIMS)


@pytest.fixture
def key_file(tmp_path: Path) -> Callable[..., str]:
    """Writes the public halves of keys as a JSON Web Key Set, with key ids where they are given."""

    def write(*keys: rsa.RSAPrivateKey, kids: Sequence[str] = ()) -> str:
        members: list[dict[str, Any]] = [RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) for key in keys]
        named = [{**member, "kid": kid} for member, kid in zip(members, kids, strict=True)] if kids else members
        file = tmp_path / "jwks.json"
        file.write_text(json.dumps({"keys": named}))
        return str(file)

    return write


def inspect(stdin: str | bytes, *options: str) -> Ran:
    return run_command("token", "inspect", *options, stdin=stdin)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return local_certificate(tmp_path_factory.mktemp("kept"))


@pytest.fixture
def server(acs_emulator_server: EmulatorServer) -> EmulatorServer:
    return acs_emulator_server


def issued(server: EmulatorServer) -> tuple[str, str]:
    with CommunicationIdentityClient.from_connection_string(server.connection_string) as client:
        user, token = client.create_user_and_token([CommunicationTokenScope.CHAT, CommunicationTokenScope.VOIP])
    return user.properties["id"], token.token


def test_it_tells_user_resource_scopes_and_times() -> None:
    told = inspect(TOKEN).data
    assert told["kind"] == "access token of Communication Services"
    assert told["user_id"] == f"8:acs:{RESOURCE}_00000005-14a2-493b-8a72-5a3a0d000081"
    assert told["user_kind"] == "Communication Services user"
    assert told["resource_id"] == RESOURCE
    assert told["scopes"] == ["chat", "voip"]
    # date -u -d @1755818174
    assert told["issued_at"] == "2025-08-21T23:16:14Z"
    assert told["expires_on"] == "2025-08-22T00:16:14Z"
    assert told["claims"] == CLAIMS
    assert told["header"] == {"alg": "RS256", "typ": "JWT"}


def test_it_says_that_the_signature_was_not_verified() -> None:
    ran = inspect(TOKEN)
    assert ran.code == 0
    assert ran.data["verification"] == "not verified"
    assert "The signature was not verified: anybody may have written this token." in ran.stderr


@pytest.mark.parametrize(
    ("after_expiry", "state"),
    [
        (-86400, "1 d left"),
        (-86399, "23 h 59 min left"),
        (-3 * 86400 - 7260, "3 d 2 h left"),
        (-60, "1 min left"),
        (-59, "59 s left"),
        (0, "expired 0 s ago"),
        (1, "expired 1 s ago"),
        (5400, "expired 1 h 30 min ago"),
    ],
)
def test_it_tells_how_long_the_token_lives_or_has_been_dead(after_expiry: int, state: str) -> None:
    assert described(CLAIMS, CLAIMS["exp"] + after_expiry)["state"] == state  # type: ignore[operator]


def test_a_token_of_the_future_is_told_to_begin() -> None:
    assert described({**CLAIMS, "nbf": 1755818174}, 1755818174 - 600)["state"] == "begins in 10 min"


@pytest.mark.parametrize("end", [None, "soon", 1e300, float("nan"), 1755821774000, [1]])
def test_an_end_that_is_no_time_is_said_to_be_none(end: object) -> None:
    told = described({**CLAIMS, "exp": end}, 1755818174)
    assert told["expires_on"] is None
    assert told["state"] == "without an end that can be read"


@pytest.mark.parametrize(
    ("skypeid", "kind"),
    [
        (f"acs:{RESOURCE}_00000005-14a2-493b-8a72-5a3a0d000081", "Communication Services user"),
        (f"acs:{RESOURCE}_wf_{TENANT}_{OBJECT}", "Entra user"),
        (f"acs:{RESOURCE}_{TENANT}_{OBJECT}", "Teams Phone extension user"),
        (f"orgid:{OBJECT}", "Teams user"),
        ("live:somebody", "unknown"),
    ],
)
def test_it_tells_the_kind_of_user(skypeid: str, kind: str) -> None:
    assert described({**CLAIMS, "skypeid": skypeid}, 0)["user_kind"] == kind


def test_an_entra_token_is_told_for_one(server: EmulatorServer) -> None:
    token = server.emulator.entra.issue_token()
    claims = jwt.decode(token, options={"verify_signature": False})
    told = inspect(token).data
    assert told["kind"] == "Entra token"
    assert told["tenant_id"] == claims["tid"]
    assert told["audience"] == claims["aud"]
    assert "user_id" not in told


def test_the_scopes_and_the_application_of_an_entra_token_are_told() -> None:
    claims = {"tid": TENANT, "oid": OBJECT, "azp": "app", "scp": "Chat VoIP", "aud": "x", "exp": 2000000000}
    told = inspect(encoded(claims)).data
    assert (told["object_id"], told["client_id"], told["scopes"]) == (OBJECT, "app", ["Chat", "VoIP"])


def test_a_token_of_somebody_else_is_not_taken_for_one_of_the_service() -> None:
    assert inspect(encoded({"sub": "x"})).data["kind"] == "token of another issuer"


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "  {}\r\n\n",
        '"{}"',
        "'{}'",
        "Bearer {}",
        "bearer {}",
        '"Bearer {}"',
        "Authorization: Bearer {}",
        "curl -H 'Authorization: Bearer {}' https://contoso.communication.azure.com/",
        "TOKEN='{}'",
        "8:acs:x_y\t{}\t2026-11-24T10:36:43Z",
        "https://localhost/join?token={}&user=1",
        '{{\n  "user_id": "8:acs:x_y",\n  "token": "{}",\n  "expires_on": "2026-11-24T10:36:43Z"\n}}',
        '{{"identity": {{"id": "x"}}, "accessToken": {{"token": "{}"}}}}',
        '[{{"token": "{}"}}]',
    ],
)
def test_what_was_copied_with_the_token_is_taken_off(around: str) -> None:
    assert inspect(around.format(TOKEN)).data["claims"] == CLAIMS


@pytest.mark.parametrize("width", [79, 80, len(TOKEN) - 1])
def test_a_token_that_a_terminal_broke_into_lines_is_put_together(width: int, key_file: Callable[..., str]) -> None:
    broken = "\n".join(TOKEN[at : at + width] for at in range(0, len(TOKEN), width))
    assert inspect(broken, "--jwks", key_file(KEY)).data["verification"] == "valid"


@pytest.mark.parametrize("padding", ["=", "=="])
def test_padding_and_the_letters_of_the_other_base64_are_taken(padding: str, key_file: Callable[..., str]) -> None:
    token = encoded({**CLAIMS, "name": "?>?>~~ü"})
    assert {"-", "_"} & set(token)
    other = ".".join(part + padding for part in token.replace("-", "+").replace("_", "/").split("."))
    told = inspect(other, "--jwks", key_file(KEY)).data
    assert told["claims"]["name"] == "?>?>~~ü"
    assert told["verification"] == "valid"


def test_the_token_can_be_an_argument_and_the_help_says_where_it_is_better() -> None:
    ran = run_command("token", "inspect", TOKEN)
    assert ran.data["claims"] == CLAIMS
    assert "stdin" in run_command("token", "inspect", "--help").stdout


def test_a_dash_reads_stdin() -> None:
    assert inspect(TOKEN, "-").data["claims"] == CLAIMS


def test_at_a_terminal_it_asks_and_does_not_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def prompt(text: str, **options: Any) -> str:
        asked.append({"text": text, **options})
        return TOKEN

    monkeypatch.setattr("typer.prompt", prompt)
    assert run_command("token", "inspect", types=True).data["claims"] == CLAIMS
    assert asked == [{"text": "Token", "hide_input": True, "err": True}]


@pytest.mark.parametrize("format_", ["table", "json", "jsonl", "tsv", "yaml", "env"])
@pytest.mark.parametrize("reads", [True, False])
def test_the_token_is_never_printed_back(format_: str, reads: bool) -> None:
    ran = run_command("token", "inspect", "-o", format_, stdin=TOKEN, reads=reads)
    assert ran.code == 0
    signature = TOKEN.rpartition(".")[2]
    assert signature not in ran.stdout + ran.stderr
    assert "redacted" not in ran.stderr
    assert "not verified" in ran.stdout


def test_a_query_picks_a_claim() -> None:
    assert inspect(TOKEN, "--query", "claims.rgn").data == "amer"
    assert inspect(TOKEN, "--query", "expires_on", "-o", "tsv").stdout == "2025-08-22T00:16:14Z\n"


def test_what_a_stranger_wrote_into_a_token_does_nothing_to_the_terminal() -> None:
    evil = encoded({**CLAIMS, "skypeid": "acs:\x1b[2J\x9b2J\u202e", "acsScope": "\x1b]0;x\x07"})
    ran = run_command("token", "inspect", stdin=evil, reads=True)
    assert ran.code == 0
    assert not {letter for letter in ran.stdout if not letter.isprintable()} - {"\n"}
    assert r"\u001b[2J" in ran.stdout


NESTED = base64.urlsafe_b64encode(b'{"a":' + b"[" * 200_000).decode()
HEAD, PAYLOAD, SIGNATURE = TOKEN.split(".")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "There is no token: stdin is empty."),
        (" \n ", "There is no token: stdin is empty."),
        ("hello", "a token has three parts with dots between, not 1"),
        ("a.b.c", "its first part"),
        (HEAD, "not 1. It may be cut off."),
        (f"{HEAD}.{PAYLOAD}", "not 2. It may be cut off."),
        (f"{HEAD}.{PAYLOAD[:-10]}.{SIGNATURE}", "its second part cannot be read. It may be cut off."),
        (f"{HEAD}.{PAYLOAD}.a", "its third part is not base64. It may be cut off."),
        (f"{HEAD}..{SIGNATURE}", "its second part cannot be read"),
        (f"{HEAD}.{base64.b64encode(b'[1]').decode()}.x", "its second part is no JSON object"),
        (f"{HEAD}.{NESTED}.{SIGNATURE}", "its second part cannot be read"),
        (f"{HEAD}.a.b.c.d", "is encrypted (it has five parts)"),
        (f"{HEAD}.a.b.c", "not 4"),
        (f"{TOKEN}\n{encoded({'sub': 'x'})}", "There are 2 tokens here."),
        (b"\xff\xfe\x00\x01", "This is no token"),
        ("endpoint=https://contoso.communication.azure.com/;accesskey=c2VjcmV0Cg==", "This is a connection string"),
        ("  Endpoint=https://x/;AccessKey=c2VjcmV0Cg==\n", "This is a connection string"),
    ],
    ids=range(17),
)
def test_what_is_no_token_is_told_in_words_and_not_repeated(given: str | bytes, said: str) -> None:
    ran = inspect(given)
    assert ran.code == 2
    assert ran.output == b""
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1
    for secret in ("c2VjcmV0", SIGNATURE, PAYLOAD[:20], "hello"):
        assert secret not in ran.stderr


@pytest.mark.parametrize("end", [-1, -100, -342])
def test_a_token_that_lost_its_end_is_told_though_its_claims_can_be_read(end: int) -> None:
    # A base64 text has no length of four and one.
    token = TOKEN[:end] if len(SIGNATURE[:end]) % 4 != 1 else TOKEN[: end - 1]
    ran = inspect(token)
    assert ran.data["claims"] == CLAIMS
    assert "The signature is too short: the end of the token is missing." in ran.stderr
    assert "too short" not in inspect(TOKEN).stderr


def test_a_token_of_the_emulator_is_verified_with_its_keys(server: EmulatorServer) -> None:
    raw_id, token = issued(server)
    ran = inspect(token, "--jwks", server.endpoint)
    assert (ran.code, ran.stderr) == (0, "")
    assert ran.data["verification"] == "valid"
    assert ran.data["user_id"] == raw_id
    assert ran.data["resource_id"] == server.emulator.resource_id


def test_the_token_is_not_sent_to_where_its_keys_come_from(key_file: Callable[..., str]) -> None:
    jwks = Path(key_file(KEY)).read_bytes()
    heard: list[str] = []

    class Keys(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(f"{self.requestline}\n{self.headers}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(jwks)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has
            ...

    with http.server.HTTPServer(("127.0.0.1", 0), Keys) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        ran = inspect(TOKEN, "--jwks", f"http://127.0.0.1:{server.server_port}/keys")
        thread.join(10)
    assert ran.data["verification"] == "valid"
    assert heard
    assert heard[0].startswith("GET /keys HTTP/1.1\n")
    assert not any(part in heard[0] for part in TOKEN.split("."))


def test_keys_come_over_https_from_an_authority_that_the_client_would_trust(certificate: Certificate) -> None:
    with EmulatorServer(Emulator(), tls=certificate) as secure:
        token = secure.emulator.entra.issue_token()
        refused = inspect(token, "--jwks", secure.endpoint)
        trusted = run_command(
            *("token", "inspect", "--jwks", secure.endpoint),
            stdin=token,
            environment={"REQUESTS_CA_BUNDLE": str(certificate.authority)},
        )
    assert refused.code == 4
    assert "certificate verify failed" in refused.stderr
    assert trusted.code in {0, 1}
    assert trusted.data["kind"] == "Entra token"


@pytest.mark.parametrize(
    ("keys", "kids"), [([KEY], ["a"]), ([OTHER_KEY, KEY], ["b", "a"]), ([KEY, OTHER_KEY], ["a", "b"])], ids=range(3)
)
def test_the_key_that_the_token_names_is_taken(
    keys: list[rsa.RSAPrivateKey], kids: list[str], key_file: Callable[..., str]
) -> None:
    ran = inspect(encoded(CLAIMS, kid="a"), "--jwks", key_file(*keys, kids=kids))
    assert (ran.code, ran.data["verification"]) == (0, "valid")


@pytest.mark.parametrize("kids", [[], ["a", "b"]])
def test_where_the_token_names_no_key_each_is_tried(kids: list[str], key_file: Callable[..., str]) -> None:
    assert inspect(TOKEN, "--jwks", key_file(OTHER_KEY, KEY, kids=kids)).data["verification"] == "valid"


def changed(token: str) -> str:
    head, _, signature = token.split(".")
    claims = base64.urlsafe_b64encode(json.dumps({**CLAIMS, "acsScope": "all"}).encode()).decode().rstrip("=")
    return f"{head}.{claims}.{signature}"


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (changed(TOKEN), "it was made with another key, or the token was changed"),
        (encoded(CLAIMS, kid="z"), "none of the keys has the id that the token names"),
        (jwt.encode(CLAIMS, "", algorithm="none"), "alg value is not allowed"),
        (jwt.encode(CLAIMS, "k" * 32, algorithm="HS256"), "alg value is not allowed"),
    ],
    ids=["changed", "other kid", "none", "HS256"],
)
def test_a_signature_that_is_not_valid_ends_the_command_with_1(
    token: str, reason: str, key_file: Callable[..., str]
) -> None:
    kids = ["a"] if "kid" in jwt.get_unverified_header(token) else []
    ran = inspect(token, "--jwks", key_file(KEY, kids=kids))
    assert ran.code == 1
    assert reason in ran.data["verification"]
    assert "The signature is not valid" in ran.stderr


@pytest.mark.parametrize(
    "content", ["", "nonsense", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "?"}]}', "[" * 9999]
)
def test_a_file_without_keys_is_told(tmp_path: Path, content: str) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(content)
    ran = inspect(TOKEN, "--jwks", str(file))
    assert ran.code == 2
    assert "There is no JSON Web Key Set at" in ran.stderr


def test_a_file_that_is_not_there_is_told() -> None:
    ran = inspect(TOKEN, "--jwks", "no-such-file.json")
    assert (ran.code, ran.stderr) == (2, "no-such-file.json: No such file or directory\n")


def test_keys_that_cannot_be_fetched_are_a_matter_of_the_network() -> None:
    ran = inspect(TOKEN, "--jwks", "http://127.0.0.1:1/keys")
    assert ran.code == 4
    assert "The keys at http://127.0.0.1:1/keys were not reached" in ran.stderr


def test_without_pyjwt_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "jwt", None)
    ran = inspect(TOKEN, "--jwks", "keys.json")
    assert ran.code == 2
    assert "PyJWT" in ran.stderr
    assert 'pip install "acs-identity[cli,emulator]"' in ran.stderr
