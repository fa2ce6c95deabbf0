"""The names people import, and what importing them costs."""

import inspect
import subprocess
import sys

import pytest

import acs_identity
import acs_identity.aio
import acs_identity_rest


def test_the_public_names_are_these() -> None:
    assert sorted(acs_identity.__all__) == [
        "AccessToken",
        "CommunicationIdentifier",
        "CommunicationIdentifierKind",
        "CommunicationIdentityClient",
        "CommunicationTokenScope",
        "CommunicationUserIdentifier",
        "CommunicationUserProperties",
        "HmacAuthenticationPolicy",
        "__version__",
    ]
    assert acs_identity.aio.__all__ == ["CommunicationIdentityClient"]
    assert all(hasattr(acs_identity, name) for name in acs_identity.__all__)


def test_the_sync_and_the_async_client_have_the_same_methods_and_parameters() -> None:
    def surface(client: type) -> dict[str, list[tuple[str, object]]]:
        return {
            name.replace("__aenter__", "__enter__").replace("__aexit__", "__exit__"): [
                (parameter.name, parameter.kind) for parameter in inspect.signature(member).parameters.values()
            ]
            for name, member in vars(client).items()
            if inspect.isfunction(member)
        }

    assert surface(acs_identity.CommunicationIdentityClient) == surface(acs_identity.aio.CommunicationIdentityClient)


@pytest.mark.parametrize("other", ["2023-10-01", "2026-09-23"])
def test_only_the_api_version_that_is_used_is_imported(other: str) -> None:
    used = next(version for version in acs_identity_rest.API_VERSIONS if version != other)
    code = (
        "import sys, acs_identity;"
        f"acs_identity.CommunicationIdentityClient('https://contoso.com', 'pw==', api_version='{used}');"
        "print(*[name for name in sys.modules if name.startswith('acs_identity_rest.v')])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert f"acs_identity_rest.v{used.replace('-', '_')}" in loaded
    assert f"acs_identity_rest.v{other.replace('-', '_')}" not in loaded


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
