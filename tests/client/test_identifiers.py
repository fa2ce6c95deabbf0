"""Identifiers are what their raw ids say, and can be kept, compared, hashed and told apart."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import azure.communication.identity as official
import pytest

import acs_identity
from acs_identity import (
    CommunicationCloudEnvironment,
    CommunicationIdentifier,
    CommunicationIdentifierKind,
    CommunicationUserIdentifier,
    MicrosoftTeamsAppIdentifier,
    MicrosoftTeamsUserIdentifier,
    PhoneNumberIdentifier,
    TeamsExtensionUserIdentifier,
    UnknownIdentifier,
    identifier_from_raw_id,
    is_communication_user,
    is_microsoft_teams_app,
    is_microsoft_teams_user,
    is_phone_number,
    is_teams_extension_user,
    is_unknown,
)

from .conftest import USER

R, T, U = "2dee53b4-368b-45b4-ab52-8493fb117652", "87d349ed-44d7-43e1-9a83-5f2406dee5bd", "207ffef6-9444-41fb-92ab"


def user(raw_id: str) -> tuple[type, str, dict[str, Any]]:
    return CommunicationUserIdentifier, raw_id, {"id": raw_id}


def phone(raw_id: str, **properties: Any) -> tuple[type, str, dict[str, Any]]:
    return PhoneNumberIdentifier, raw_id, {"value": raw_id[2:], "is_anonymous": False, **properties}


def teams_user(raw_id: str, user_id: str, cloud: str, *, anonymous: bool = False) -> tuple[type, str, dict[str, Any]]:
    return MicrosoftTeamsUserIdentifier, raw_id, {"user_id": user_id, "is_anonymous": anonymous, "cloud": cloud}


def teams_app(raw_id: str, app_id: str, cloud: str) -> tuple[type, str, dict[str, Any]]:
    return MicrosoftTeamsAppIdentifier, raw_id, {"app_id": app_id, "cloud": cloud}


def extension_user(raw_id: str, cloud: str) -> tuple[type, str, dict[str, Any]]:
    return TeamsExtensionUserIdentifier, raw_id, {"user_id": U, "tenant_id": T, "resource_id": R, "cloud": cloud}


def unknown(raw_id: str) -> tuple[type, str, dict[str, Any]]:
    return UnknownIdentifier, raw_id, {}


# The rows of the REST reference and of azure-communication-callautomation 1.6.0.
KNOWN = [
    phone("4:112345556789"),
    phone("4:+112345556789"),
    phone("4:anonymous", is_anonymous=True),
    phone("4:+112345556789_207ffef6", asserted_id="207ffef6"),
    phone("4:+112345556789_1_207ffef6", asserted_id="207ffef6"),
    phone("4:anonymous_207ffef6", asserted_id="207ffef6"),
    phone("4:+112345556789_"),
    user(USER),
    user("8:acs:alone"),
    user(f"8:acs:{R}_wf_{T}_{U}"),
    user(f"8:dod-acs:{R}_{U}"),
    user(f"8:gcch-acs:{R}_{U}"),
    user(f"8:spool:{R}_{T}_{U}"),
    extension_user(f"8:acs:{R}_{T}_{U}", "PUBLIC"),
    extension_user(f"8:dod-acs:{R}_{T}_{U}", "DOD"),
    extension_user(f"8:gcch-acs:{R}_{T}_{U}", "GCCH"),
    teams_user(f"8:orgid:{U}", U, "PUBLIC"),
    teams_user(f"8:dod:{U}", U, "DOD"),
    teams_user(f"8:gcch:{U}", U, "GCCH"),
    teams_user(f"8:teamsvisitor:{U}", U, "PUBLIC", anonymous=True),
    teams_app(f"28:orgid:{U}", U, "PUBLIC"),
    teams_app(f"28:dod:{U}", U, "DOD"),
    teams_app(f"28:gcch:{U}", U, "GCCH"),
    unknown(f"28:dod-global:{U}"),
    unknown(f"28:gcch-global:{U}"),
    unknown(f"28:{U}"),
    unknown(f"48:{U}"),
    unknown(f"8:somethingelse:{U}"),
    unknown(f"8:acs;{U}"),
]
WEIRD = [
    *(unknown(text) for text in ("4:", "4: ", "8:", "28:", "8:acs:", "8:acs", "8:acs: \n", "8:orgid:", "28:dod:")),
    *(unknown(text) for text in (":", "::", ":" * 10_000, "8" * 10_000)),
    unknown("\N{WAVING HAND SIGN}"),
    unknown(" 4:+1"),
    unknown("8:ACS:a_b"),
    unknown("\N{FULLWIDTH DIGIT FOUR}:+1"),
    user("8:acs:__"),
    user("8:acs:a__b"),
    user("8:acs:a_b_ "),
    user("8:acs:a:b_c"),
    user("8:acs:a_b\n"),
    user("8:acs:\N{WAVING HAND SIGN}_\0"),
    user("8:acs:" + "_" * 10_000),
    phone("4::::"),
    phone("4:_207ffef6", asserted_id="207ffef6"),
    teams_user("8:orgid:a:b", "a:b", "PUBLIC"),
]
IDENTIFIERS = [identifier_from_raw_id(raw_id) for _, raw_id, _ in KNOWN]


def named(value: object) -> str | None:
    return value[:20] if isinstance(value, str) and value.isascii() and value.isprintable() else None


@pytest.mark.parametrize(("cls", "raw_id", "properties"), [*KNOWN, *WEIRD], ids=named)
def test_a_raw_id_becomes_its_identifier_and_comes_back_unchanged(
    cls: type, raw_id: str, properties: dict[str, Any]
) -> None:
    identifier = identifier_from_raw_id(raw_id)
    assert type(identifier) is cls
    assert identifier.raw_id == raw_id
    assert identifier.properties == properties


@pytest.mark.parametrize(
    ("identifier", "raw_id"),
    [
        (PhoneNumberIdentifier("+112345556789"), "4:+112345556789"),
        (PhoneNumberIdentifier("anonymous"), "4:anonymous"),
        (PhoneNumberIdentifier("+112345556789_207ffef6"), "4:+112345556789_207ffef6"),
        (CommunicationUserIdentifier(USER), USER),
        (MicrosoftTeamsUserIdentifier(U), f"8:orgid:{U}"),
        (MicrosoftTeamsUserIdentifier(U, cloud=CommunicationCloudEnvironment.PUBLIC), f"8:orgid:{U}"),
        (MicrosoftTeamsUserIdentifier(U, cloud="DOD"), f"8:dod:{U}"),
        (MicrosoftTeamsUserIdentifier(U, cloud=CommunicationCloudEnvironment.GCCH), f"8:gcch:{U}"),
        (MicrosoftTeamsUserIdentifier(U, is_anonymous=True), f"8:teamsvisitor:{U}"),
        (MicrosoftTeamsAppIdentifier(U), f"28:orgid:{U}"),
        (MicrosoftTeamsAppIdentifier(U, cloud=CommunicationCloudEnvironment.DOD), f"28:dod:{U}"),
        (MicrosoftTeamsAppIdentifier(U, cloud="GCCH"), f"28:gcch:{U}"),
        (TeamsExtensionUserIdentifier(user_id=U, tenant_id=T, resource_id=R), f"8:acs:{R}_{T}_{U}"),
        (TeamsExtensionUserIdentifier(user_id=U, tenant_id=T, resource_id=R, cloud="DOD"), f"8:dod-acs:{R}_{T}_{U}"),
        (TeamsExtensionUserIdentifier(user_id=U, tenant_id=T, resource_id=R, cloud="GCCH"), f"8:gcch-acs:{R}_{T}_{U}"),
        (UnknownIdentifier("48:45ab2481"), "48:45ab2481"),
    ],
)
def test_an_identifier_made_of_its_parts_comes_back_from_its_raw_id(
    identifier: CommunicationIdentifier, raw_id: str
) -> None:
    assert identifier.raw_id == raw_id
    again = identifier_from_raw_id(raw_id)
    assert again == identifier
    assert type(again) is type(identifier)
    assert again.properties == identifier.properties


def test_a_cloud_that_nobody_listed_is_kept_and_gets_the_prefix_of_the_public_one() -> None:
    teams = MicrosoftTeamsUserIdentifier(U, cloud="MOON")
    assert teams.properties["cloud"] == "MOON"
    assert teams.raw_id == f"8:orgid:{U}" == official.MicrosoftTeamsUserIdentifier(U, cloud="MOON").raw_id


def test_a_raw_id_that_is_given_counts_and_the_parts_stay_as_given() -> None:
    phone_number = PhoneNumberIdentifier("+112345556789", raw_id="4:+112345556789_207ffef6")
    assert phone_number.raw_id == "4:+112345556789_207ffef6"
    assert phone_number.properties == {"value": "+112345556789", "is_anonymous": False, "asserted_id": "207ffef6"}
    assert MicrosoftTeamsAppIdentifier("app", cloud="DOD", raw_id="28:other").raw_id == "28:other"
    assert MicrosoftTeamsUserIdentifier("user", raw_id="8:other").raw_id == "8:other"
    extension = TeamsExtensionUserIdentifier(user_id="u", tenant_id="t", resource_id="r", raw_id="8:other")
    assert extension.raw_id == "8:other"


MAKERS: dict[str, Callable[[Any], object]] = {
    "id of a CommunicationUserIdentifier": CommunicationUserIdentifier,
    "raw_id of a CommunicationUserIdentifier": lambda text: CommunicationUserIdentifier("id", raw_id=text),
    "value of a PhoneNumberIdentifier": PhoneNumberIdentifier,
    "raw_id of a PhoneNumberIdentifier": lambda text: PhoneNumberIdentifier("+1", raw_id=text),
    "user_id of a MicrosoftTeamsUserIdentifier": MicrosoftTeamsUserIdentifier,
    "cloud of a MicrosoftTeamsUserIdentifier": lambda text: MicrosoftTeamsUserIdentifier("user", cloud=text),
    "raw_id of a MicrosoftTeamsUserIdentifier": lambda text: MicrosoftTeamsUserIdentifier("user", raw_id=text),
    "app_id of a MicrosoftTeamsAppIdentifier": MicrosoftTeamsAppIdentifier,
    "cloud of a MicrosoftTeamsAppIdentifier": lambda text: MicrosoftTeamsAppIdentifier("app", cloud=text),
    "user_id of a TeamsExtensionUserIdentifier": lambda text: TeamsExtensionUserIdentifier(
        user_id=text, tenant_id="t", resource_id="r"
    ),
    "tenant_id of a TeamsExtensionUserIdentifier": lambda text: TeamsExtensionUserIdentifier(
        user_id="u", tenant_id=text, resource_id="r"
    ),
    "resource_id of a TeamsExtensionUserIdentifier": lambda text: TeamsExtensionUserIdentifier(
        user_id="u", tenant_id="t", resource_id=text
    ),
    "identifier of a UnknownIdentifier": UnknownIdentifier,
    "raw id": identifier_from_raw_id,
}


@pytest.mark.parametrize("what", MAKERS)
@pytest.mark.parametrize("wrong", [b"8:acs:a_b", 8, ["8:acs:a_b"], 0.5, False])
def test_what_is_no_text_is_refused_by_name(what: str, wrong: object) -> None:
    with pytest.raises(TypeError, match=f"{what} must be a str.*not {type(wrong).__name__}"):
        MAKERS[what](wrong)


@pytest.mark.parametrize("what", [what for what in MAKERS if what.split()[0] not in ("raw_id", "cloud")])
def test_none_is_no_id(what: str) -> None:
    with pytest.raises(TypeError, match=f"{what} must be a str.*not NoneType"):
        MAKERS[what](None)


@pytest.mark.parametrize("what", MAKERS)
@pytest.mark.parametrize("empty", ["", " ", "\t\n"])
def test_an_empty_text_is_refused_by_name(what: str, empty: str) -> None:
    with pytest.raises(ValueError, match=f"{what} must not be empty"):
        MAKERS[what](empty)


@pytest.mark.parametrize("name", ["user_id", "tenant_id", "resource_id"])
def test_an_underscore_in_a_part_would_change_the_kind_of_the_raw_id_so_it_is_refused(name: str) -> None:
    parts: Any = {"user_id": "u", "tenant_id": "t", "resource_id": "r", name: "with_underscore"}
    with pytest.raises(ValueError, match=f"{name} of a TeamsExtensionUserIdentifier must not hold an underscore") as e:
        TeamsExtensionUserIdentifier(**parts)
    assert "with_underscore" not in str(e.value)


@pytest.mark.parametrize("wrong", ["false", 0, None])
def test_anonymous_is_true_or_false(wrong: Any) -> None:
    with pytest.raises(TypeError, match="is_anonymous must be True or False"):
        MicrosoftTeamsUserIdentifier("user", is_anonymous=wrong)


def test_a_user_is_a_key_of_a_dict_and_equal_by_its_raw_id() -> None:
    users = {CommunicationUserIdentifier(USER): "alice"}
    assert users[CommunicationUserIdentifier("another id", raw_id=USER)] == "alice"
    assert CommunicationUserIdentifier(USER) != CommunicationUserIdentifier(USER + "0")
    assert CommunicationUserIdentifier(USER) != USER
    assert len({*IDENTIFIERS, *IDENTIFIERS}) == len(KNOWN)


def test_something_whose_raw_id_is_no_text_is_not_equal() -> None:
    class Odd:
        raw_id = None

    assert CommunicationUserIdentifier(USER) != Odd()


@pytest.mark.parametrize("identifier", IDENTIFIERS, ids=lambda identifier: identifier.raw_id[:16])
def test_an_identifier_equals_that_of_the_official_client_in_both_directions(
    identifier: CommunicationIdentifier,
) -> None:
    theirs = official.identifier_from_raw_id(identifier.raw_id)
    assert identifier == theirs
    assert theirs == identifier
    assert isinstance(identifier, official.CommunicationIdentifier)
    assert isinstance(theirs, CommunicationIdentifier)
    assert identifier != official.identifier_from_raw_id(identifier.raw_id + "0")
    if not is_teams_extension_user(identifier):
        assert identifier.kind == theirs.kind
        assert dict(theirs.properties).items() <= identifier.properties.items()


@pytest.mark.parametrize("identifier", IDENTIFIERS, ids=lambda identifier: identifier.raw_id[:16])
def test_an_identifier_cannot_be_changed(identifier: Any) -> None:
    before = dict(identifier.properties)
    for name in ("raw_id", "properties", "kind", "_raw_id", "_properties", "anything"):
        with pytest.raises(AttributeError, match="cannot be changed"):
            setattr(identifier, name, "changed")
        with pytest.raises(AttributeError, match="cannot be changed"):
            delattr(identifier, name)
    identifier.properties["added"] = "changed"
    assert identifier.properties == before


def pickled(protocol: int) -> Callable[[Any], Any]:
    return lambda identifier: pickle.loads(pickle.dumps(identifier, protocol))


DUPLICATES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle-{protocol}": pickled(protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)},
}


@pytest.mark.parametrize("identifier", IDENTIFIERS, ids=lambda identifier: identifier.raw_id[:16])
@pytest.mark.parametrize("duplicate", DUPLICATES.values(), ids=DUPLICATES)
def test_a_copy_of_an_identifier_is_the_same_identifier(identifier: Any, duplicate: Callable[[Any], Any]) -> None:
    again = duplicate(identifier)
    assert again == identifier
    assert hash(again) == hash(identifier)
    assert type(again) is type(identifier)
    assert (again.properties, again.kind) == (identifier.properties, identifier.kind)
    with pytest.raises(AttributeError):
        again.raw_id = "changed"


@pytest.mark.parametrize(("cls", "raw_id", "properties"), [*KNOWN, *WEIRD], ids=named)
def test_a_repr_names_the_class_and_hides_the_id(cls: type, raw_id: str, properties: dict[str, Any]) -> None:
    shown = repr(identifier_from_raw_id(raw_id))
    assert shown.startswith(f"{cls.__name__}('")
    assert len(shown) < 60
    assert "..." in shown
    secret = raw_id.rpartition(":")[2].strip()
    assert len(secret) < 3 or secret not in shown


def test_a_repr_shows_the_prefix_and_of_a_long_id_the_end() -> None:
    assert repr(CommunicationUserIdentifier(USER)) == "CommunicationUserIdentifier('8:acs:...0081')"
    assert repr(MicrosoftTeamsAppIdentifier("45ab")) == "MicrosoftTeamsAppIdentifier('28:orgid:...')"
    assert repr(UnknownIdentifier("a" * 100)) == "UnknownIdentifier('...')"
    assert repr(UnknownIdentifier("alice:4255550123:x")) == "UnknownIdentifier('...')"


GUARDS: dict[str, Callable[[Any], bool]] = {
    "communication_user": is_communication_user,
    "phone_number": is_phone_number,
    "microsoft_teams_user": is_microsoft_teams_user,
    "microsoft_teams_app": is_microsoft_teams_app,
    "teams_extension_user": is_teams_extension_user,
    "unknown": is_unknown,
}


@pytest.mark.parametrize("make", [identifier_from_raw_id, official.identifier_from_raw_id], ids=["ours", "official"])
@pytest.mark.parametrize(("cls", "raw_id", "properties"), KNOWN, ids=named)
def test_exactly_one_guard_says_yes_and_it_is_that_of_the_kind(
    make: Callable[[str], CommunicationIdentifier], cls: type, raw_id: str, properties: dict[str, Any]
) -> None:
    identifier = make(raw_id)
    assert [name for name, guard in GUARDS.items() if guard(identifier)] == [identifier.kind.value]


def test_every_kind_has_a_guard_and_a_class_and_is_public() -> None:
    assert set(GUARDS) == {kind.value for kind in CommunicationIdentifierKind}
    assert {cls.kind for cls, _, _ in KNOWN} == set(CommunicationIdentifierKind)  # type: ignore[attr-defined]
    assert {f"is_{kind}" for kind in CommunicationIdentifierKind} <= set(acs_identity.__all__)


@pytest.mark.parametrize("guard", GUARDS.values())
@pytest.mark.parametrize("wrong", [USER, None, 8, {"kind": "phone_number"}])
def test_a_guard_refuses_what_is_no_identifier(guard: Callable[[Any], bool], wrong: object) -> None:
    with pytest.raises(TypeError, match=r"An identifier is expected.*identifier_from_raw_id"):
        guard(wrong)


def test_the_old_name_of_a_kind_goes_on_working() -> None:
    old: CommunicationIdentifierKind = CommunicationIdentifierKind["MICROSOFT_BOT"]
    assert old is CommunicationIdentifierKind.MICROSOFT_TEAMS_APP
    assert CommunicationIdentifierKind["microsoft_bot"] is CommunicationIdentifierKind.MICROSOFT_TEAMS_APP
    assert "MICROSOFT_BOT" not in [kind.name for kind in CommunicationIdentifierKind]
