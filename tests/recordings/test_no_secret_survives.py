"""Whatever passed through: no secret is in the text of a scrubbed recording."""

import base64
import binascii
import json
import os
import random
import re
import uuid
from typing import Any, cast
from urllib.parse import quote, unquote

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from acs_identity.testing._fakes import is_fake
from acs_identity.testing._leaks import find_leaks
from acs_identity.testing._scrubbing import scrub

EXAMPLES = int(os.environ.get("RECORDING_EXAMPLES", "300"))

CAPITALS = "GHJKLMNPQRSTVWXYZ"
DIGITS = "0123456789"
UNUSUAL = "GHJKLMNPQRSTVWXYZ0123456789 @%+/:=&\"\\'<>é日\n-_."


def segment(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def jwt(claims: dict[str, Any], signature: bytes) -> str:
    header = {"alg": "RS256", "kid": "A1"}
    return ".".join([segment(json.dumps(header).encode()), segment(json.dumps(claims).encode()), segment(signature)])


class Flow:
    """One resource, one user, one tenant, and all that they say to each other."""

    def __init__(self, draw: st.DrawFn) -> None:
        # Not by Hypothesis, which likes zeros and repeats itself, and fakes do so, too.
        chance = random.Random(draw(st.integers(0, 2**64)))

        def word(alphabet: str, shortest: int, longest: int) -> str:
            return "".join(chance.choices(alphabet, k=chance.randint(shortest, longest)))

        def guid() -> str:
            return str(uuid.UUID(bytes=chance.randbytes(16), version=4))

        self.resource, self.user, self.tenant, self.object, self.app, self.request = (guid() for _ in range(6))
        form = draw(st.sampled_from(["{0}_{1}", "{0}_wf_{2}_{3}", "{0}_{2}_{3}"]))
        self.identity = "8:acs:" + form.format(self.resource, self.user, self.tenant, self.object)
        self.custom = word(CAPITALS, 6, 8) + draw(st.text(UNUSUAL, max_size=20)).rstrip()
        self.name = word(CAPITALS.lower(), 7, 12)
        hosts = ["{}.communication.azure.com", "{}.unitedstates.communication.azure.com", "127.0.0.1:43217"]
        self.host = draw(st.sampled_from(hosts)).format(self.name)
        self.key = base64.b64encode(chance.randbytes(chance.randint(32, 64))).decode()
        self.signature = base64.b64encode(chance.randbytes(32)).decode()
        self.cookie = word(CAPITALS + DIGITS, 12, 40)
        self.password = word(CAPITALS + DIGITS, 6, 6) + word(CAPITALS + DIGITS + "~._@%&+ -", 6, 40).rstrip()
        self.phone = "+" + word("23456789", 10, 14)
        self.given = word(CAPITALS, 8, 20)
        begin = draw(st.integers(1_600_000_000, 1_900_000_000))
        self.token = jwt(
            {
                "skypeid": self.identity.removeprefix("8:"),
                "acsScope": "chat",
                "iat": begin,
                "exp": begin + 3600,
                "resourceId": self.resource,
            },
            chance.randbytes(64),
        )
        self.entra = jwt(
            {"tid": self.tenant, "oid": self.object, "appid": self.app, "exp": begin, "name": self.custom},
            chance.randbytes(64),
        )

    @property
    def secrets(self) -> list[str]:
        hosts = [self.name] if self.name in self.host else []
        used = [part for part in (self.resource, self.user, self.tenant, self.object) if part in self.identity]
        return [
            *(self.identity, *used, self.app, self.request, self.custom, self.host, *hosts, self.key, self.signature),
            *(self.cookie, self.password, self.phone, self.given, self.token, self.entra, *self.token.split(".")[1:]),
        ]


def spelled_as(how: str, text: str) -> str:
    encoded = quote(text, safe="")
    if how == "upper case":
        return text.upper() if re.fullmatch(r"[0-9a-f-]{36}", text) else text
    spelled = {
        "raw": text,
        "percent-encoded": encoded,
        "in small letters": re.sub("%..", lambda match: match[0].lower(), encoded),
        "percent-encoded twice": quote(encoded, safe=""),
        "every sign": "".join(f"%{byte:02x}" for byte in text.encode()),
        "JSON in JSON": json.dumps(text),
        "unicode escapes": re.sub(r"[^\w]", lambda match: f"\\u{ord(match[0]):04X}", text),
        "base64": base64.b64encode(text.encode()).decode(),
        "base64 of more": base64.b64encode(f"ab{text}!".encode()).decode(),
        "base64url of more": segment(f"a{text}~~".encode()),
    }
    return spelled[how]


SPELLINGS = [
    *("raw", "upper case", "percent-encoded", "in small letters", "percent-encoded twice", "every sign"),
    *("JSON in JSON", "unicode escapes", "base64", "base64 of more", "base64url of more"),
]


@st.composite
def recordings(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[str], list[str]]:
    flow = Flow(draw)
    hidden = draw(st.lists(st.sampled_from(flow.secrets), max_size=6))
    message = " ".join(
        draw(st.sampled_from(["Provided ", "for ", "'", "id=", "(", "/"]))
        + spelled_as(draw(st.sampled_from(SPELLINGS)), secret)
        for secret in hidden
    )
    scheme = "http" if flow.host.startswith("127") else "https"
    endpoint = f"{scheme}://{flow.host}"
    spelled = draw(
        st.sampled_from([quote(flow.identity, safe=""), flow.identity, quote(flow.identity, safe="").lower()])
    )
    json_body = {
        "identity": {"id": flow.identity, "customId": flow.custom},
        "accessToken": {"token": flow.token, "expiresOn": "2026-01-01T00:00:00.1234567+00:00"},
    }
    error = {"error": {"code": "Denied", "message": message, "target": "x", "details": [{"message": message}]}}
    body: str | bytes = json.dumps(draw(st.sampled_from([json_body, error])), ensure_ascii=draw(st.booleans()))
    broken = draw(st.sampled_from(["whole", "bytes", "with rubbish", "html", "cut in the message"]))
    if broken == "bytes":
        body = str(body).encode()
    elif broken == "with rubbish":
        body = str(body).encode() + b"\xff\xfe\x80"
    elif broken == "html":
        body = f"<html><b>{message}</b></html>"
    elif broken == "cut in the message":
        body = json.dumps(error)[:-5]
    first = {
        "request": {
            "method": "POST",
            "uri": f"{endpoint}/identities/{spelled}/:issueAccessToken?api-version=2023-10-01&trace={quote(message)}",
            "body": json.dumps({"customId": flow.custom, "scopes": ["chat"], "note": message}),
            "headers": {
                "Authorization": [f"HMAC-SHA256 SignedHeaders=x-ms-date&Signature={flow.signature}"],
                "Cookie": [f"a={flow.cookie}; b=1"],
                "x-ms-client-request-id": [flow.request],
                "X-Note": [message],
            },
        },
        "response": {
            "status": {"code": 400, "message": f"Bad {message}"},
            "headers": {
                "Date": ["Thu, 01 Jan 2026 00:00:00 GMT"],
                "Location": [f"{endpoint}/identities/{spelled}?next={quote(message)}"],
                "Set-Cookie": [f"session={flow.cookie}"],
            },
            "body": {"string": body},
        },
    }
    assignment = f"/access/teamsExtension/tenants/{flow.tenant}/assignments/{flow.object}?api-version=2025-06-30"
    second = {
        "request": {
            "method": "PATCH",
            "uri": f"{endpoint}{assignment}",
            "body": json.dumps({flow.object: {"clientIds": [flow.app], "tenantId": flow.tenant}}).encode(),
            "headers": {"Authorization": [f"Bearer {flow.entra}"], "User-Agent": ["azsdk"]},
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {"X-Azure-Ref": [flow.cookie]},
            "body": {
                "string": json.dumps(
                    {
                        "value": [{"objectId": flow.object, "id": f"4:{flow.phone}"}],
                        "nextLink": f"{endpoint}/access/entra/assignments?skip={spelled}&{quote(message)}",
                        "accessToken": {"token": flow.token},
                        "hint": f"endpoint={endpoint}/;accesskey={flow.key}",
                    }
                )
            },
        },
    }
    third = {
        "request": {
            "method": "POST",
            "uri": f"https://login.microsoftonline.com/{flow.tenant}/oauth2/v2.0/token",
            "body": f"client_id={flow.app}&client_secret={quote(flow.password)}&grant_type=client_credentials",
            "headers": {"Content-Type": ["application/x-www-form-urlencoded"]},
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {},
            "body": {"string": json.dumps({"access_token": flow.entra, "error_description": message})},
        },
    }
    elsewhere = {
        "request": {
            "method": "GET",
            "uri": f"https://example.org/{quote(message)}",
            "body": message,
            "headers": {"X-Api-Key": [flow.cookie], "X-Other": [message]},
        },
        "response": {"status": {"code": 200, "message": ""}, "headers": {}, "body": {"string": message.encode()}},
    }
    interactions = draw(st.permutations([first, second, third, elsewhere]))
    return interactions, flow.secrets, [flow.given]


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        members = cast("dict[object, object]", value)
        return [text for pair in members.items() for part in pair for text in strings(part)]
    if isinstance(value, list):
        return [text for part in cast("list[object]", value) for text in strings(part)]
    if isinstance(value, bytes):
        return [value.decode("utf-8", "replace")]
    return [str(value)]


def readings(text: str) -> list[str]:
    """What somebody who looks for secrets can make of a text."""
    found = [text]
    for _ in range(3):
        found.append(unquote(found[-1]))
    for part in found[:]:
        found.append(re.sub(r"\\+u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), part))
        found.append(re.sub(r"\\+(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), found[-1]))
    for part in found[:]:
        for word in re.findall(r"[A-Za-z0-9+/_-]{8,}", part):
            plain = word.replace("-", "+").replace("_", "/")
            try:
                found.append(base64.b64decode(plain + "=" * (-len(plain) % 4)).decode("utf-8", "replace"))
            except binascii.Error:
                continue
    return found


@settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES == 300,
    database=None,
    deadline=None,
    # A recording is too large to be made smaller within the time of a test.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(recordings())
def check(recording: tuple[list[dict[str, Any]], list[str], list[str]]) -> None:
    interactions, secrets, given_ones = recording
    scrubbed = scrub(interactions, given_ones)
    text = yaml.dump({"interactions": scrubbed.interactions}, allow_unicode=True)
    texts = {reading.lower() for string in strings(yaml.safe_load(text)) for reading in readings(string)}
    for secret in secrets:
        leaking = [reading for reading in (text.lower(), *texts) if secret.lower() in reading]
        assert not leaking, (secret, leaking[0])
    assert not find_leaks(text, scrubbed.secrets)
    assert scrub(scrubbed.interactions, given_ones).interactions == scrubbed.interactions
    assert not any(is_fake(secret.value) for secret in scrubbed.secrets)


@pytest.mark.once
@pytest.mark.timeout(0 if EXAMPLES > 300 else 300)
def test_no_secret_is_in_a_recording_whatever_and_however_it_was_spelled() -> None:
    check()
