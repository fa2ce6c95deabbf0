"""What acs_identity_rest says about its API versions, held against the packages of those versions."""

import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import acs_identity_rest

VERSIONS = acs_identity_rest.API_VERSIONS


def methods(api_version: str, *, asynchronous: bool) -> set[str]:
    """The operations a client really has: its operation groups and their public methods."""
    package = acs_identity_rest.load(api_version)
    module = import_module(f"{package.__name__}.aio") if asynchronous else package
    client: object = module.CommunicationIdentityRestClient(endpoint="https://example.com")
    groups = {name: group for name, group in client.__dict__.items() if type(group).__name__.endswith("Operations")}
    return {
        f"{name}.{method}"
        for name, group in groups.items()
        for method, _ in inspect.getmembers(group, inspect.isroutine)
        if not method.startswith("_")
    }


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("api_version", VERSIONS)
def test_a_client_has_the_operations_the_table_names_and_no_others(api_version: str, asynchronous: bool) -> None:
    named = {name for name, versions in acs_identity_rest.OPERATIONS.items() if api_version in versions}

    assert methods(api_version, asynchronous=asynchronous) == named


def test_the_versions_are_those_with_a_contract_oldest_first(root: Path) -> None:
    contracts = sorted(folder.name for folder in (root / "swagger").iterdir() if folder.is_dir())

    assert list(VERSIONS) == contracts
    for versions in acs_identity_rest.OPERATIONS.values():
        assert list(versions) == sorted(versions)


def test_operations_are_called_alike_in_every_version() -> None:
    assert set(acs_identity_rest.OPERATIONS) == {
        *(f"identity.{name}" for name in ("create", "delete", "get", "issue_access_token", "revoke_access_tokens")),
        *(f"identity.{name}" for name in ("update", "issue_token")),
        "teams_user.exchange_access_token",
        *(
            f"{group}.{name}"
            for group in ("teams_extension", "entra")
            for name in ("exchange_access_token", "get_assignment", "upsert_assignment", "delete_assignment")
        ),
        "entra.list_assignments",
        "entra.update_assignments",
    }


def test_a_user_can_ask_which_versions_have_an_operation() -> None:
    assert acs_identity_rest.versions_with("identity.create") == VERSIONS
    assert acs_identity_rest.versions_with("identity.get") == ("2025-03-02-preview",)


def test_an_operation_that_no_version_has_is_refused_with_a_list_of_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"No API version has the operation 'identity.fetch'.*identity.get"):
        acs_identity_rest.versions_with("identity.fetch")


def test_an_unknown_version_is_refused_with_a_list_of_the_known_ones() -> None:
    with pytest.raises(ValueError, match="There is no API version '2026-09-24'") as caught:
        acs_identity_rest.load("2026-09-24")

    assert all(version in str(caught.value) for version in VERSIONS)


def imported_by(code: str) -> set[str]:
    process = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(process.stdout.split())


@pytest.mark.parametrize("api_version", VERSIONS)
def test_loading_one_version_loads_no_other(api_version: str) -> None:
    loaded = imported_by(f"import acs_identity_rest; acs_identity_rest.load({api_version!r})")
    packages = {name.split(".")[1] for name in loaded if name.startswith("acs_identity_rest.v")}

    assert packages == {"v" + api_version.replace("-", "_")}


def test_the_serializer_of_msrest_comes_without_the_rest_of_msrest() -> None:
    loaded = imported_by("import acs_identity_rest; acs_identity_rest.load('2026-09-23')")

    assert not {name for name in loaded if name.split(".")[0] in {"msrest", "requests", "requests_oauthlib"}}


def test_asking_for_versions_and_operations_loads_nothing_heavy() -> None:
    loaded = imported_by("import acs_identity_rest; acs_identity_rest.versions_with('identity.get')")

    assert not {name for name in loaded if name.split(".")[0] in {"azure", "msrest", "requests"}}
    assert {name for name in loaded if name.startswith("acs_identity_rest")} == {"acs_identity_rest"}


def test_the_table_cannot_be_changed_by_accident() -> None:
    with pytest.raises(TypeError, match="does not support item assignment"):
        acs_identity_rest.OPERATIONS["identity.create"] = ()  # type: ignore[index]
