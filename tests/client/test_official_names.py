"""A program for azure-communication-identity 1.5.0 finds every name here, and every difference is deliberate."""

import enum
import inspect
import io
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Generator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import azure.communication.identity as official
import azure.communication.identity.aio as official_aio
import pytest
from azure.communication.identity._shared import utils as official_utils
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ResourceNotFoundError,
    SerializationError,
    ServiceRequestError,
)
from azure.core.pipeline.transport import RequestsTransport
from opentelemetry.sdk.trace import ReadableSpan

import acs_identity
import acs_identity.aio
from acs_identity_emulator import Emulator, EmulatorServer, EmulatorTransport, Request, Response

from .differences import Differences, guide

DIFFERENCES = Differences(
    "What differs",
    {
        "slash at the end of the endpoint": "a faultless endpoint should work",
        "http in a connection string": "an emulator speaks it",
        "scheme in capitals": "a URL's scheme has no case",
        "host that begins with http": "it is a host like any other",
        "blanks in a connection string": "they come from copying",
        "name given twice in a connection string": "which of the two was meant is a guess",
        "access key that is no base64": "a fault is found at the earliest moment",
        "bytes as a body": "the contract's operations take them",
        "expires_on": "azure-core defines it as an int",
        "lifetime with seconds": "a lifetime is what was asked for, or refused",
        "lifetime out of range": "a fault is found before anything is sent",
        "no scopes": "a fault is found before anything is sent",
        "hash of an identifier": "a raw id is a stable key",
        "closing the client": "both clients hold connections",
        "types": "a type checker should see what there is",
        "wrong types": "a wrong type is a TypeError that says what was expected",
        "empty texts": "an empty text identifies nothing",
        "unknown keywords of an identifier": "a misspelt keyword is a fault",
        "changing an identifier": "a key must not change",
        "raw id in place of a user": "raw ids are what people store",
        "id and raw_id that differ": "equality goes by the raw id as well",
        "phone numbers": "the service has anonymous and asserted ones",
        "Teams extension users": "they are users of Teams with parts of their own",
        "raw id that ends after its prefix": "nothing is identified",
        "users of another kind": "the error says what was wrong",
        "bot_id": "the bot identifier was dropped; the property is app_id",
        "MICROSOFT_BOT": "old code goes on, without a warning at every use",
        "str() of an enum member": "it is the value, as f-strings and logs want it",
        "default API version": "the newest that was released",
        "unknown API version": "a fault is found at the earliest moment",
        "text of an error": "it says what to do and shows no secret",
        "errors of the service": "what the service said is told, and no secret",
        "log lines, spans and reprs": "identity ids and tokens are secrets",
        "bearer tokens without TLS": "an emulator on this machine needs no TLS",
        "parse_connection_str": "the scheme counts, and so does the port",
        "connections": "a call costs a fraction; transport= takes azure-core's, or any other of its kind",
        "environment variables of proxies": "nobody changes them in between, and each reading costs",
        "redirects": "the service sends none, and another host would get a signed request with an identity id",
        "body of a refusal that is malformed JSON": "the status tells more",
        "user agent": "the service sees which client it is",
        "scope of spans": "a trace tells which library made a span",
    },
)
PACKAGES = [(official, acs_identity), (official_aio, acs_identity.aio)]
NAMES = [
    pytest.param(getattr(theirs, name), getattr(ours, name, None), id=f"{ours.__name__}.{name}")
    for theirs, ours in PACKAGES
    for name in theirs.__all__
]
ENDPOINT = "https://emulator.localhost"
Spans = Callable[[], list[ReadableSpan]]
shows = DIFFERENCES.shows


def made(package: ModuleType, emulator: Emulator, endpoint: str = ENDPOINT, credential: Any = None, **kw: Any) -> Any:
    transport = EmulatorTransport(emulator)
    return package.CommunicationIdentityClient(endpoint, credential or emulator.access_key, transport=transport, **kw)


def connected(package: ModuleType, emulator: Emulator, text: str) -> Any:
    transport = EmulatorTransport(emulator)
    return package.CommunicationIdentityClient.from_connection_string(
        text.format(key=emulator.access_key), transport=transport
    )


def request_of(client: Any) -> Any:
    """The request that creating a user makes."""
    requests: list[Any] = []
    client.create_user(raw_request_hook=requests.append)
    return requests[0].http_request


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


@pytest.fixture
def theirs(emulator: Emulator) -> Any:
    return made(official, emulator)


@pytest.fixture
def ours(emulator: Emulator) -> Generator[Any]:
    with made(acs_identity, emulator) as client:
        yield client


@pytest.mark.parametrize(("theirs", "ours"), NAMES)
def test_every_exported_name_is_here_as_the_same_kind_of_thing(theirs: Any, ours: Any) -> None:
    assert ours is not None
    if inspect.isfunction(theirs):
        assert inspect.isfunction(ours)
        return
    assert inspect.isclass(ours)
    for base in (enum.Enum, str, dict):
        assert issubclass(ours, base) == issubclass(theirs, base)
    assert getattr(ours, "_is_protocol", False) == getattr(theirs, "_is_protocol", False)


@pytest.mark.parametrize(
    ("theirs", "ours"), [pair for pair in NAMES if issubclass(type(pair.values[0]), enum.EnumMeta)]
)
def test_every_enum_has_the_members_and_values(theirs: Any, ours: Any) -> None:
    assert {member.name: member.value for member in theirs}.items() <= {m.name: m.value for m in ours}.items()
    assert all(ours[member.name.lower()] == member for member in theirs)
    assert all(ours(member.value) is ours[member.name] for member in theirs)


@pytest.mark.parametrize(
    ("theirs", "ours"), [pair for pair in NAMES if "Properties" in getattr(pair.values[0], "__name__", "")]
)
def test_every_typed_dict_has_the_keys(theirs: Any, ours: Any) -> None:
    assert theirs.__required_keys__ <= ours.__required_keys__
    assert theirs.__optional_keys__ <= ours.__annotations__.keys()


def callables(thing: Any) -> dict[str, Any]:
    """The function itself, or what a class defines for its users."""
    if inspect.isfunction(thing):
        return {thing.__name__: thing}
    special = ("__init__", "__enter__", "__exit__", "__aenter__", "__aexit__")
    members = cast(dict[str, Any], vars(thing))
    return {
        name: getattr(thing, name)
        for name in members
        if (name in special or not name.startswith("_")) and inspect.isroutine(getattr(thing, name))
    }


CALLED = [
    pair
    for pair in NAMES
    if not inspect.isclass(pair.values[0]) or getattr(pair.values[0], "__name__", "").endswith(("Client", "Identifier"))
    if pair.id != "acs_identity.CommunicationIdentifier"
]


@pytest.mark.parametrize(("theirs", "ours"), CALLED)
def test_every_parameter_is_taken_by_position_and_by_name_as_there(theirs: Any, ours: Any) -> None:
    called = callables(theirs)
    assert called
    for name, function in called.items():
        there = inspect.signature(function).parameters
        here = inspect.signature(callables(ours)[name]).parameters
        positions = [parameter.name for parameter in here.values() if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
        for position, parameter in enumerate(there.values()):
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
                assert positions[position] == parameter.name, name
                assert here[parameter.name].default is parameter.default, name
        for extra in [here[more] for more in here.keys() - there.keys()]:
            assert extra.kind is extra.VAR_KEYWORD or extra.default is not extra.empty, (name, extra.name)
            assert extra.kind is not extra.POSITIONAL_OR_KEYWORD or name == "__aexit__", (name, extra.name)
        assert inspect.iscoroutinefunction(callables(ours)[name]) == inspect.iscoroutinefunction(function)


# What the docstrings of 1.5.0 name beyond its signatures, which hide it behind **kwargs.
KEYWORDS: dict[str, dict[str, Any]] = {
    "CommunicationUserIdentifier": {"id": "8:acs:a_b", "raw_id": "8:acs:a_b"},
    "PhoneNumberIdentifier": {"value": "+1", "raw_id": "4:+1"},
    "MicrosoftTeamsUserIdentifier": {"user_id": "u", "is_anonymous": True, "cloud": "DOD", "raw_id": "8:dod:u"},
    "MicrosoftTeamsAppIdentifier": {"app_id": "a", "cloud": "GCCH", "raw_id": "28:gcch:a"},
    "UnknownIdentifier": {"identifier": "48:x"},
}


@pytest.mark.parametrize("name", KEYWORDS)
def test_every_keyword_of_an_identifier_is_taken_and_every_attribute_is_there(name: str) -> None:
    theirs, ours = getattr(official, name)(**KEYWORDS[name]), getattr(acs_identity, name)(**KEYWORDS[name])
    attributes: set[str] = {*vars(theirs), "kind"}
    assert attributes == {"raw_id", "kind", "properties"}
    assert (ours.raw_id, ours.kind) == (theirs.raw_id, theirs.kind)
    assert theirs.properties.items() <= ours.properties.items()
    assert ours == theirs


def test_every_identifier_of_the_official_package_is_compared() -> None:
    assert {name for name in official.__all__ if name.endswith("Identifier")} - set(KEYWORDS) == {
        "CommunicationIdentifier"
    }


def test_the_keyword_for_the_lifetime_is_taken_by_both(theirs: Any, ours: Any, emulator: Emulator) -> None:
    lifetimes: list[float] = []
    for client in (theirs, ours):
        user, token = client.create_user_and_token(scopes=["chat"], token_expires_in=timedelta(hours=1))
        again = client.get_token(user=user, scopes=["chat"], token_expires_in=timedelta(hours=1))
        for issued in (token, again):
            expires_on = emulator.introspect(issued.token).expires_on
            assert expires_on is not None
            lifetimes.append(expires_on.timestamp())
    assert max(lifetimes) - min(lifetimes) < 600


def test_every_difference_is_shown_and_stands_with_its_reason_in_the_guide() -> None:
    DIFFERENCES.check()


@pytest.mark.parametrize("line", re.findall(r"`(from \S+ import (?!\.).+?)`", guide()))
def test_every_import_line_of_the_guide_works(line: str) -> None:
    exec(line, {})


@shows("slash at the end of the endpoint")
def test_a_slash_at_the_end_of_the_endpoint_does_no_harm(emulator: Emulator) -> None:
    with pytest.raises(ClientAuthenticationError):
        made(official, emulator, f"{ENDPOINT}/").create_user()
    assert made(acs_identity, emulator, f"{ENDPOINT}/").create_user().raw_id


@shows("http in a connection string")
def test_the_scheme_in_a_connection_string_is_the_one_that_is_spoken(emulator: Emulator) -> None:
    text = "endpoint=http://emulator.localhost:8080;accesskey={key}"
    assert request_of(connected(official, emulator, text)).url.startswith("https://emulator.localhost:8080/")
    assert request_of(connected(acs_identity, emulator, text)).url.startswith("http://emulator.localhost:8080/")


@shows("scheme in capitals")
def test_a_scheme_may_be_in_capitals(emulator: Emulator) -> None:
    with pytest.raises(AttributeError, match="_host"):
        made(official, emulator, "HTTPS://emulator.localhost").create_user()
    assert made(acs_identity, emulator, "HTTPS://emulator.localhost").create_user().raw_id


@shows("host that begins with http")
def test_a_host_may_begin_with_http(emulator: Emulator) -> None:
    text = "endpoint=https://httpres.communication.azure.com/;accesskey={key}"
    with pytest.raises(AttributeError, match="_host"):
        connected(official, emulator, text).create_user()
    assert request_of(connected(acs_identity, emulator, text)).url.startswith("https://httpres.communication.azure.com")


@shows("blanks in a connection string")
def test_a_connection_string_may_have_blanks(emulator: Emulator) -> None:
    text = "endpoint=https://emulator.localhost/; accesskey={key}"
    with pytest.raises(ValueError, match="Invalid connection string"):
        connected(official, emulator, text)
    assert connected(acs_identity, emulator, text).create_user().raw_id


@shows("name given twice in a connection string")
def test_a_name_given_twice_in_a_connection_string_is_refused(emulator: Emulator) -> None:
    text = "endpoint=https://emulator.localhost;accesskey=YQ==;accesskey={key}"
    assert connected(official, emulator, text).create_user().raw_id
    with pytest.raises(ValueError, match="gives accesskey twice"):
        connected(acs_identity, emulator, text)


@shows("access key that is no base64")
def test_an_access_key_that_is_no_base64_is_refused_when_the_client_is_made(emulator: Emulator) -> None:
    client = made(official, emulator, credential="not base64!")
    with pytest.raises(ValueError, match="Invalid base64"):
        client.create_user()
    with pytest.raises(ValueError, match="access key is not base64"):
        made(acs_identity, emulator, credential="not base64!")


@shows("bytes as a body")
@pytest.mark.parametrize("body", [b"{}", io.BytesIO(b"{}")], ids=["bytes", "stream"])
def test_a_body_of_bytes_is_signed(theirs: Any, ours: Any, body: Any) -> None:
    with pytest.raises(AttributeError, match="encode"):
        theirs._identity_service_client.communication_identity.create(body=body)
    assert ours.raw.identity.create(body=body).identity.id


@shows("expires_on")
def test_expires_on_is_a_number_of_seconds(theirs: Any, ours: Any) -> None:
    _, token = theirs.create_user_and_token(["chat"])
    assert type(token.expires_on) is str
    _, token = ours.create_user_and_token(["chat"])
    assert type(token.expires_on) is int


@shows("lifetime with seconds")
def test_a_lifetime_with_seconds_is_refused_instead_of_cut(theirs: Any, ours: Any) -> None:
    with pytest.raises(HttpResponseError, match="ExpiresInMinutes value 59 is invalid"):
        theirs.create_user_and_token(["chat"], token_expires_in=timedelta(minutes=59, seconds=59))
    theirs.create_user_and_token(["chat"], token_expires_in=timedelta(minutes=61, seconds=59))
    for lifetime in (timedelta(minutes=59, seconds=59), timedelta(minutes=61, seconds=59)):
        with pytest.raises(ValueError, match="whole number of minutes"):
            ours.create_user_and_token(["chat"], token_expires_in=lifetime)


@shows("lifetime out of range")
def test_a_lifetime_out_of_range_is_refused_before_anything_is_sent(theirs: Any, ours: Any) -> None:
    with pytest.raises(HttpResponseError, match="1500 is invalid"):
        theirs.create_user_and_token(["chat"], token_expires_in=timedelta(hours=25))
    with pytest.raises(ValueError, match="from 60 to 1440"):
        ours.create_user_and_token(["chat"], token_expires_in=timedelta(hours=25))


@shows("no scopes")
def test_no_scopes_are_refused_before_anything_is_sent(theirs: Any, ours: Any) -> None:
    with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'token'"):
        theirs.create_user_and_token([])
    with pytest.raises(HttpResponseError, match="Scopes field is required"):
        theirs.get_token(theirs.create_user(), [])
    with pytest.raises(ValueError, match="At least one scope"):
        ours.create_user_and_token([])
    with pytest.raises(ValueError, match="At least one scope"):
        ours.get_token(ours.create_user(), [])


@shows("hash of an identifier")
def test_an_identifier_can_be_a_key() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(official.CommunicationUserIdentifier("8:acs:a_b"))
    users = {acs_identity.CommunicationUserIdentifier("8:acs:a_b"): 1}
    assert users[acs_identity.CommunicationUserIdentifier("8:acs:a_b")] == 1


@shows("closing the client")
def test_the_sync_client_can_be_closed(theirs: Any, ours: Any) -> None:
    assert [hasattr(theirs, name) for name in ("close", "__enter__", "send_request")] == [False] * 3
    with ours:
        ours.create_user()
    ours.close()
    with pytest.raises(RuntimeError, match="The client is closed"):
        ours.create_user()


@shows("types")
@pytest.mark.once
def test_the_types_of_1_5_0_are_incomplete(tmp_path: Path) -> None:
    # The other side is test_the_public_surface_is_typed_throughout of the packaging tests, which needs the wheel.
    # pyright asks the first Python on the PATH where packages are.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    process = subprocess.run(
        [sys.executable, "-m", "pyright", "--verifytypes", "azure.communication.identity", "--outputjson"],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert 0 < json.loads(process.stdout)["typeCompleteness"]["completenessScore"] < 0.5


WRONG_TYPES: dict[str, tuple[type[Exception] | None, Callable[[Any, Any], object]]] = {
    "endpoint": (ValueError, lambda p, c: p.CommunicationIdentityClient(None, "YQ==")),
    "credential": (ValueError, lambda p, c: p.CommunicationIdentityClient(ENDPOINT, None)),
    "connection string": (ValueError, lambda p, c: p.CommunicationIdentityClient.from_connection_string(None)),
    "deleted user": (AttributeError, lambda p, c: c.delete_user(None)),
    "revoked user": (ValueError, lambda p, c: c.revoke_tokens(None)),
    "lifetime": (AttributeError, lambda p, c: c.create_user_and_token(["chat"], token_expires_in=60)),
    "scopes": (SerializationError, lambda p, c: c.get_token(c.create_user(), "chat")),
    "no scopes": (HttpResponseError, lambda p, c: c.get_token(c.create_user(), None)),
    "Teams token": (ClientAuthenticationError, lambda p, c: c.get_token_for_teams_user(None, None, None)),
    "raw id": (AttributeError, lambda p, c: p.identifier_from_raw_id(None)),
    "user id": (None, lambda p, c: p.CommunicationUserIdentifier(None)),
    "phone number": (None, lambda p, c: p.PhoneNumberIdentifier(15550100)),
    "anonymity": (None, lambda p, c: p.MicrosoftTeamsUserIdentifier("user", is_anonymous="no")),
    "API version": (ValueError, lambda p, c: made(p, Emulator(), api_version=None).create_user()),
}


@shows("wrong types")
@pytest.mark.parametrize("what", WRONG_TYPES)
def test_a_wrong_type_is_a_type_error(theirs: Any, ours: Any, what: str) -> None:
    error, call = WRONG_TYPES[what]
    if error is None:
        assert call(official, theirs)
    else:
        with pytest.raises(error):
            call(official, theirs)
    with pytest.raises(TypeError, match="must be"):
        call(acs_identity, ours)


EMPTY_TEXTS: dict[str, Callable[[Any, Any], object]] = {
    "endpoint": lambda p, c: p.CommunicationIdentityClient("", "YQ=="),
    "raw id": lambda p, c: p.identifier_from_raw_id(""),
    "user id": lambda p, c: p.CommunicationUserIdentifier(""),
    "phone number": lambda p, c: p.PhoneNumberIdentifier(""),
    "given raw id": lambda p, c: p.PhoneNumberIdentifier("+1", raw_id=""),
    "cloud": lambda p, c: p.MicrosoftTeamsAppIdentifier("app", cloud=""),
    "unknown": lambda p, c: p.UnknownIdentifier(""),
}


@shows("empty texts")
@pytest.mark.parametrize("what", EMPTY_TEXTS)
def test_an_empty_text_is_a_value_error(theirs: Any, ours: Any, what: str) -> None:
    assert EMPTY_TEXTS[what](official, theirs)
    with pytest.raises(ValueError, match=r"must not be empty|no valid host"):
        EMPTY_TEXTS[what](acs_identity, ours)


@shows("unknown keywords of an identifier")
@pytest.mark.parametrize("name", [name for name in KEYWORDS if name != "UnknownIdentifier"])
def test_a_misspelt_keyword_of_an_identifier_is_refused(name: str) -> None:
    assert getattr(official, name)("x", rawid="y").raw_id.endswith("x")
    with pytest.raises(TypeError, match="rawid"):
        getattr(acs_identity, name)("x", rawid="y")


@shows("changing an identifier")
def test_an_identifier_stays_what_it_was() -> None:
    theirs: Any = official.CommunicationUserIdentifier("8:acs:a_b")
    theirs.raw_id = "8:acs:c_d"
    assert theirs.raw_id == "8:acs:c_d"
    ours: Any = acs_identity.CommunicationUserIdentifier("8:acs:a_b")
    with pytest.raises(AttributeError, match="cannot be changed"):
        ours.raw_id = "8:acs:c_d"
    assert ours.raw_id == "8:acs:a_b"


@shows("raw id in place of a user")
def test_a_raw_id_stands_for_its_user(theirs: Any, ours: Any) -> None:
    user = ours.create_user().raw_id
    with pytest.raises(AttributeError, match="properties"):
        theirs.get_token(user, ["chat"])
    assert ours.get_token(user, ["chat"]).token


@shows("id and raw_id that differ")
def test_of_an_id_and_a_raw_id_the_raw_id_is_sent(theirs: Any, ours: Any) -> None:
    first, second = ours.create_user(), ours.create_user()
    theirs.delete_user(official.CommunicationUserIdentifier(first.raw_id, raw_id=second.raw_id))
    with pytest.raises(HttpResponseError, match="doesn't exist"):
        ours.delete_user(first)
    ours.delete_user(acs_identity.CommunicationUserIdentifier(first.raw_id, raw_id=second.raw_id))
    with pytest.raises(HttpResponseError, match="doesn't exist"):
        ours.delete_user(second)


def test_users_of_the_official_package_are_taken_as_users(ours: Any) -> None:
    user = official.CommunicationUserIdentifier(ours.create_user().raw_id)
    assert ours.get_token(user, [official.CommunicationTokenScope.CHAT]).token
    ours.revoke_tokens(user)
    ours.delete_user(user)


@shows("phone numbers")
def test_a_phone_number_says_whether_it_is_anonymous_and_what_is_asserted() -> None:
    assert official.identifier_from_raw_id("4:anonymous").properties == {"value": "anonymous"}
    assert acs_identity.identifier_from_raw_id("4:anonymous").properties["is_anonymous"] is True  # type: ignore[typeddict-item]
    assert acs_identity.PhoneNumberIdentifier("+1_a").properties == {
        "value": "+1_a",
        "is_anonymous": False,
        "asserted_id": "a",
    }


@shows("Teams extension users")
def test_a_teams_extension_user_has_a_class_of_its_own() -> None:
    assert type(official.identifier_from_raw_id("8:acs:a_b_c")) is official.CommunicationUserIdentifier
    ours = acs_identity.identifier_from_raw_id("8:acs:a_b_c")
    assert type(ours) is acs_identity.TeamsExtensionUserIdentifier
    assert ours == official.identifier_from_raw_id("8:acs:a_b_c")


@shows("raw id that ends after its prefix")
@pytest.mark.parametrize("raw_id", ["4:", "8:acs:", "8:orgid:", "28:orgid:"])
def test_a_raw_id_that_ends_after_its_prefix_is_unknown(raw_id: str) -> None:
    assert official.identifier_from_raw_id(raw_id).kind != official.CommunicationIdentifierKind.UNKNOWN
    assert type(acs_identity.identifier_from_raw_id(raw_id)) is acs_identity.UnknownIdentifier


@shows("users of another kind")
def test_a_phone_number_is_no_user_and_the_error_says_so(theirs: Any, ours: Any) -> None:
    with pytest.raises(KeyError, match="id"):
        theirs.delete_user(official.PhoneNumberIdentifier("+15550100"))
    with pytest.raises(ValueError, match="phone number"):
        ours.delete_user(acs_identity.PhoneNumberIdentifier("+15550100"))


@shows("bot_id")
def test_the_id_of_an_application_is_its_app_id() -> None:
    theirs: Any = official.MicrosoftTeamsAppIdentifier("app").properties
    assert (theirs["bot_id"], theirs["is_resource_account_configured"]) == ("app", True)
    ours: Any = acs_identity.MicrosoftTeamsAppIdentifier("app").properties
    assert ours["app_id"] == "app"
    assert set(ours) == {"app_id", "cloud"}


@shows("MICROSOFT_BOT")
def test_the_old_name_of_a_kind_does_not_warn() -> None:
    kinds: Any = official.CommunicationIdentifierKind
    with pytest.warns(DeprecationWarning, match="MICROSOFT_TEAMS_APP"):
        theirs = kinds.MICROSOFT_BOT
    assert theirs == acs_identity.CommunicationIdentifierKind["MICROSOFT_BOT"]


@shows("str() of an enum member")
def test_the_text_of_an_enum_member_is_its_value() -> None:
    assert str(official.CommunicationTokenScope.CHAT) == "CommunicationTokenScope.CHAT"
    assert str(acs_identity.CommunicationTokenScope.CHAT) == "chat"
    assert str(acs_identity.CommunicationIdentifierKind.UNKNOWN) == "unknown"
    assert f"{acs_identity.CommunicationCloudEnvironment.GCCH}" == "GCCH"


@shows("default API version")
def test_the_default_api_version_is_the_newest(theirs: Any, ours: Any) -> None:
    assert request_of(theirs).url.endswith("?api-version=2023-10-01")
    assert request_of(ours).url.endswith("?api-version=2026-09-23")


@shows("unknown API version")
def test_an_unknown_api_version_is_refused_when_the_client_is_made(emulator: Emulator) -> None:
    client = made(official, emulator, api_version="1999-01-01")
    with pytest.raises(HttpResponseError, match="UnsupportedApiVersion"):
        client.create_user()
    with pytest.raises(ValueError, match=r"There is no API version.*Known are"):
        made(acs_identity, emulator, api_version="1999-01-01")


@shows("text of an error")
def test_the_text_of_an_error_says_what_to_do(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="Invalid connection string"):
        connected(official, emulator, "endpoint=https://emulator.localhost;key={key}")
    with pytest.raises(ValueError, match="lacks accesskey") as caught:
        connected(acs_identity, emulator, "endpoint=https://emulator.localhost;key={key}")
    assert emulator.access_key not in str(caught.value)


@shows("errors of the service")
def test_an_error_is_that_of_azure_core_and_says_more(theirs: Any, ours: Any) -> None:
    user = ours.create_user()
    ours.delete_user(user)
    with pytest.raises(ResourceNotFoundError) as caught:
        theirs.get_token(official.CommunicationUserIdentifier(user.raw_id), ["chat"])
    assert type(caught.value) is ResourceNotFoundError
    assert not hasattr(caught.value, "code")
    with pytest.raises(ResourceNotFoundError) as caught:
        ours.get_token(user, ["chat"])
    assert isinstance(caught.value, acs_identity.NotFoundError)
    assert (caught.value.code, caught.value.api_version) == ("IdentityNotFound", "2026-09-23")


@shows("errors of the service")
def test_an_error_does_not_repeat_what_a_gateway_shows_of_the_url() -> None:
    class Gateway:
        def handle(self, request: Request) -> Response:
            return Response(403, {"Content-Type": "text/plain"}, f"blocked: {request.path}".encode())

    behind: Any = Gateway()
    for package, shown in ((official, True), (acs_identity, False)):
        client: Any = package.CommunicationIdentityClient(ENDPOINT, "YQ==", transport=EmulatorTransport(behind))
        with pytest.raises(HttpResponseError, match="blocked: /identities/") as caught:
            client.delete_user(package.CommunicationUserIdentifier("8:acs:a_canary"))
        assert ("a_canary" in str(caught.value)) is shown


@shows("log lines, spans and reprs")
def test_log_lines_spans_and_reprs_hold_neither_ids_nor_tokens(
    theirs: Any, ours: Any, caplog: pytest.LogCaptureFixture, spans: Spans
) -> None:
    def leaks(client: Any) -> tuple[bool, bool, bool]:
        caplog.clear()
        seen = len(spans())
        user, token = client.create_user_and_token(["chat"])
        client.delete_user(user)
        part = user.raw_id.removeprefix("8:acs:")
        traced = "".join(str(dict(span.attributes or {})) for span in spans()[seen:])
        return part in caplog.text, part in traced, token.token in repr(token)

    caplog.set_level(logging.DEBUG)
    assert leaks(theirs) == (True, True, True)
    assert leaks(ours) == (False, False, False)


@shows("scope of spans")
def test_spans_have_the_same_names_and_say_which_library_made_them(theirs: Any, ours: Any, spans: Spans) -> None:
    for client, scope in ((theirs, "azure-core"), (ours, "acs-identity")):
        seen = len(spans())
        client.revoke_tokens(client.create_user())
        made = spans()[seen:]
        create, revoke = "CommunicationIdentityClient.create_user", "CommunicationIdentityClient.revoke_tokens"
        assert [span.name for span in made] == ["POST", create, "POST", revoke]
        assert {span.instrumentation_scope.name for span in made if span.instrumentation_scope} == {scope}


@shows("bearer tokens without TLS")
def test_a_bearer_token_goes_to_this_machine_without_tls(emulator: Emulator) -> None:
    credential = emulator.entra.credential()
    with pytest.raises(ServiceRequestError, match="non-TLS"):
        made(official, emulator, "http://127.0.0.1:8080", credential).create_user()
    assert made(acs_identity, emulator, "http://127.0.0.1:8080", credential).create_user().raw_id


@shows("parse_connection_str")
def test_a_parsed_connection_string_keeps_the_scheme() -> None:
    text = "endpoint=http://127.0.0.1:8080/;accesskey=YQ=="
    assert official_utils.parse_connection_str(text) == ("127.0.0.1:8080", "YQ==")
    assert acs_identity.parse_connection_string(text) == ("http://127.0.0.1:8080", "YQ==")


@shows("user agent")
def test_the_user_agent_names_the_package(theirs: Any, ours: Any) -> None:
    assert request_of(theirs).headers["User-Agent"].startswith("azsdk-python-communication-identity/1.5.0 ")
    assert request_of(ours).headers["User-Agent"].startswith(f"acs-identity/{acs_identity.__version__} ")


@shows("connections")
def test_the_requests_are_sent_by_a_transport_of_the_package() -> None:
    theirs: Any = official.CommunicationIdentityClient(ENDPOINT, AzureKeyCredential("YQ=="))
    assert type(theirs._identity_service_client._client._pipeline._transport) is RequestsTransport
    ours: Any = acs_identity.CommunicationIdentityClient(ENDPOINT, "YQ==")
    with ours:
        assert type(ours.raw._client._pipeline._transport) is acs_identity.Urllib3Transport


@shows("environment variables of proxies")
def test_the_proxy_of_the_environment_is_that_of_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(client: Any, proxies: list[EmulatorServer]) -> list[int]:
        before = [len(proxy.emulator.journal.entries()) for proxy in proxies]
        for proxy in proxies:
            monkeypatch.setenv("HTTP_PROXY", proxy.endpoint)
            with pytest.raises(HttpResponseError):
                client.create_user()
        return [len(proxy.emulator.journal.entries()) - number for proxy, number in zip(proxies, before, strict=True)]

    for name in ("http_proxy", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with EmulatorServer(Emulator()) as first, EmulatorServer(Emulator()) as second:
        theirs = official.CommunicationIdentityClient("http://contoso.example", AzureKeyCredential("YQ=="))
        assert asked(theirs, [first, second]) == [1, 1]
        with acs_identity.CommunicationIdentityClient("http://contoso.example", "YQ==") as ours:
            assert asked(ours, [first, second]) == [2, 0]


@shows("redirects")
def test_a_redirect_is_followed_only_where_that_is_asked_for() -> None:
    class Elsewhere:
        def __init__(self) -> None:
            self.hosts: list[str] = []

        def handle(self, request: Request) -> Response:
            self.hosts.append(request.header("host") or "")
            return Response(307, {"Location": "https://elsewhere.example.com/identities"}, b"")

    for package, options, follows in (
        (official, {}, True),
        (acs_identity, {}, False),
        (acs_identity, {"permit_redirects": True}, True),
    ):
        behind: Any = Elsewhere()
        made_of: Any = package.CommunicationIdentityClient
        client = made_of(ENDPOINT, "YQ==", transport=EmulatorTransport(behind), **options)
        with pytest.raises(AzureError):
            client.create_user(**({"redirect_max": 2} if follows else {}))
        assert ("elsewhere.example.com" in behind.hosts) is follows


@shows("body of a refusal that is malformed JSON")
def test_a_refusal_that_is_malformed_is_told_by_its_status() -> None:
    class Gateway:
        def handle(self, request: Request) -> Response:
            return Response(404, {"Content-Type": "application/json"}, b"nothing here")

    behind: Any = Gateway()
    for package, kind in ((official, DecodeError), (acs_identity, acs_identity.NotFoundError)):
        client: Any = package.CommunicationIdentityClient(ENDPOINT, "YQ==", transport=EmulatorTransport(behind))
        with pytest.raises(HttpResponseError, match="nothing here") as caught:
            client.create_user()
        assert type(caught.value) is kind
