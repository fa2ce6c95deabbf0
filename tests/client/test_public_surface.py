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
        "Bulk",
        "BulkError",
        "BulkFailure",
        "BulkInterrupted",
        "BulkProgress",
        "BulkResult",
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
        "JournalError",
        "MicrosoftTeamsAppIdentifier",
        "MicrosoftTeamsAppProperties",
        "MicrosoftTeamsUserIdentifier",
        "MicrosoftTeamsUserProperties",
        "NotFoundError",
        "PhoneNumberIdentifier",
        "PhoneNumberProperties",
        "RateBudget",
        "TeamsExtensionAssignment",
        "TeamsExtensionPrincipalType",
        "TeamsExtensionUserIdentifier",
        "TeamsExtensionUserProperties",
        "TokenProvider",
        "UnauthorizedError",
        "UnknownIdentifier",
        "UnreadableAnswerError",
        "Urllib3Transport",
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
        "AiohttpTransport",
        "Bulk",
        "CommunicationIdentityClient",
        "CommunicationTokenCredential",
        "TokenProvider",
    ]
    assert all(hasattr(acs_identity, name) for name in acs_identity.__all__)


@pytest.mark.parametrize("name", sorted({*acs_identity.aio.__all__} & {*acs_identity.__all__}))
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


def test_both_transports_have_the_same_settings() -> None:
    ours = [inspect.signature(kind) for kind in (acs_identity.Urllib3Transport, acs_identity.aio.AiohttpTransport)]
    assert ours[0] == ours[1]


HEAVY = {"acs_identity_rest", "aiohttp", "azure", "msrest", "requests", "requests_oauthlib", "urllib3"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import acs_identity", frozenset[str]()),
        ("import acs_identity.aio", frozenset[str]()),
        ("from acs_identity import CommunicationUserIdentifier", frozenset({"azure"})),
        (
            "import acs_identity; acs_identity.CommunicationIdentityClient('https://contoso.com', 'pw==')",
            frozenset({"acs_identity_rest", "azure", "urllib3"}),
        ),
        (
            "import acs_identity.aio; acs_identity.aio.CommunicationIdentityClient('https://contoso.com', 'pw==')",
            frozenset({"acs_identity_rest", "azure", "aiohttp"}),
        ),
    ],
    ids=["package", "async package", "identifier", "client", "async client"],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(code: str, expected: frozenset[str]) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert {name.partition(".")[0] for name in loaded.split()} & HEAVY == expected
