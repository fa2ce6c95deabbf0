"""What a type checker knows of an identifier after each way of asking; mypy and pyright read the annotations."""

from typing import assert_never, assert_type

import azure.communication.identity as official
import pytest

from acs_identity import (
    CommunicationIdentifier,
    CommunicationIdentifierKind,
    CommunicationUserIdentifier,
    MicrosoftTeamsAppIdentifier,
    MicrosoftTeamsUserIdentifier,
    PhoneNumberIdentifier,
    TeamsExtensionUserIdentifier,
    UnknownIdentifier,
    identifier_from_raw_id,
    is_phone_number,
)


def described(raw_id: str) -> str:
    identifier = identifier_from_raw_id(raw_id)
    match identifier:
        case CommunicationUserIdentifier():
            return identifier.properties["id"]
        case PhoneNumberIdentifier():
            return identifier.properties["value"]
        case MicrosoftTeamsUserIdentifier() | TeamsExtensionUserIdentifier():
            return identifier.properties["user_id"]
        case MicrosoftTeamsAppIdentifier():
            return identifier.properties["app_id"]
        case UnknownIdentifier():
            return identifier.raw_id
        case _:
            assert_never(identifier)


@pytest.mark.parametrize(
    ("raw_id", "shown"),
    [
        ("8:acs:a_b", "8:acs:a_b"),
        ("4:+1", "+1"),
        ("8:orgid:b", "b"),
        ("8:acs:a_b_c", "c"),
        ("28:orgid:d", "d"),
        ("e", "e"),
    ],
)
def test_a_match_over_the_classes_is_complete_and_knows_the_properties(raw_id: str, shown: str) -> None:
    assert described(raw_id) == shown


def test_a_kind_tells_the_class() -> None:
    identifier = identifier_from_raw_id("4:+1")
    if identifier.kind != CommunicationIdentifierKind.PHONE_NUMBER:
        pytest.fail("4: is the prefix of phone numbers")
    assert_type(identifier, PhoneNumberIdentifier)
    assert identifier.properties == {"value": "+1", "is_anonymous": False}


@pytest.mark.parametrize("identifier", [PhoneNumberIdentifier("+1"), official.PhoneNumberIdentifier("+1")])
def test_a_guard_tells_the_properties_of_an_identifier_of_any_package(identifier: CommunicationIdentifier) -> None:
    assert is_phone_number(identifier)
    assert_type(identifier, PhoneNumberIdentifier)
    assert identifier.properties["value"] == "+1"
