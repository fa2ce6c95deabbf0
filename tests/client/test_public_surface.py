"""The names people import, and what importing them costs."""

import inspect
import subprocess
import sys

import pytest

import acs_identity
import acs_identity.aio


def test_the_public_names_are_these() -> None:
    assert sorted(acs_identity.__all__) == [
        "AccessToken",
        "CommunicationCloudEnvironment",
        "CommunicationIdentifier",
        "CommunicationIdentifierKind",
        "CommunicationIdentityClient",
        "CommunicationIdentityError",
        "CommunicationTokenCredential",
        "CommunicationTokenScope",
        "CommunicationUserDetail",
        "CommunicationUserIdentifier",
        "CommunicationUserProperties",
        "ConflictError",
        "EntraAssignment",
        "EntraPrincipalType",
        "HmacAuthenticationPolicy",
        "MicrosoftTeamsAppIdentifier",
        "MicrosoftTeamsAppProperties",
        "MicrosoftTeamsUserIdentifier",
        "MicrosoftTeamsUserProperties",
        "NotFoundError",
        "PhoneNumberIdentifier",
        "PhoneNumberProperties",
        "TeamsExtensionAssignment",
        "TeamsExtensionPrincipalType",
        "TeamsExtensionUserIdentifier",
        "TeamsExtensionUserProperties",
        "TokenProvider",
        "UnauthorizedError",
        "UnknownIdentifier",
        "UnreadableAnswerError",
        "__version__",
        "identifier_from_raw_id",
        "is_communication_user",
        "is_microsoft_teams_app",
        "is_microsoft_teams_user",
        "is_phone_number",
        "is_teams_extension_user",
        "is_unknown",
        "parse_connection_string",
    ]
    assert acs_identity.aio.__all__ == [
        "CommunicationIdentityClient",
        "CommunicationTokenCredential",
        "TokenProvider",
    ]
    assert all(hasattr(acs_identity, name) for name in acs_identity.__all__)


@pytest.mark.parametrize("name", acs_identity.aio.__all__)
def test_what_is_there_in_both_colours_has_the_same_methods_and_parameters(name: str) -> None:
    def surface(client: type) -> dict[str, list[tuple[str, object]]]:
        return {
            name.replace("__aenter__", "__enter__").replace("__aexit__", "__exit__"): [
                (parameter.name, parameter.kind) for parameter in inspect.signature(member).parameters.values()
            ]
            for name, member in vars(client).items()
            if inspect.isfunction(member)
        }

    assert surface(getattr(acs_identity, name)) == surface(getattr(acs_identity.aio, name))


def test_the_sync_client_does_not_import_aiohttp() -> None:
    code = "import sys, acs_identity; acs_identity.CommunicationIdentityClient('https://contoso.com', 'pw==')"
    loaded = subprocess.run(
        [sys.executable, "-c", f"{code}; print('aiohttp' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert loaded.strip() == "False"
