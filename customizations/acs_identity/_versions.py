"""The API versions the client can speak, and what each of them has."""

import json
import sys
import warnings
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from types import ModuleType

from acs_identity_rest import API_VERSIONS, OPERATIONS

# Not simply the newest: what users get without asking changes by decision, not because a contract was added.
DEFAULT_API_VERSION = "2026-09-23"
# What came before has other operations, under other paths.
FIRST_API_VERSION = "2021-03-07"


def rest_package(api_version: str) -> str:
    """Return the name of the generated package of an API version; warn once about a preview.

    Raises:
        TypeError: The version is not a text.
        ValueError: There is no such version, or it is one for raw operations only; the text lists those there are.

    >>> rest_package("2023-10-01")
    'acs_identity_rest.v2023_10_01'
    """
    if not isinstance(api_version, str):
        raise TypeError(f"The API version must be a str, not {type(api_version).__name__}.")
    package = f"acs_identity_rest.v{api_version.replace('-', '_')}"
    known = [version for version in API_VERSIONS if version >= FIRST_API_VERSION]
    if api_version in API_VERSIONS and api_version not in known:
        raise ValueError(
            f"API version {api_version} has raw operations only: import them from {package}. "
            f"The client knows {', '.join(known)}."
        )
    if api_version not in known:
        # What is longer than any version may be a key or a token in the wrong place.
        shown = repr(api_version) if len(api_version) <= 20 else "of that name"
        raise ValueError(f"There is no API version {shown}. Known are: {', '.join(known)}.")
    if api_version.endswith("-preview"):
        warn_of_preview(api_version)
    return package


@cache
def warn_of_preview(api_version: str) -> None:
    """Warn that an API version is a preview; the cache makes it once in a process."""
    text = (
        f"API version {api_version} is a preview: the service may change it or switch it off. "
        f"The stable default is {DEFAULT_API_VERSION}."
    )
    if sys.version_info >= (3, 12):
        warnings.warn(text, UserWarning, skip_file_prefixes=(str(Path(__file__).parent),))
    else:
        warnings.warn(text, UserWarning, stacklevel=4)


def load(package: str, module: str = "") -> ModuleType:
    """Import a generated package or a module of it; only the version that is used is ever loaded."""
    return import_module(f"{package}.{module}" if module else package)


def require_operation(api_version: str, operation: str, what: str) -> None:
    """Make sure that an API version has an operation, for example ``identity.get``.

    Raises:
        ValueError: It has not; the text names the versions that have it.
    """
    _require(api_version, OPERATIONS.get(operation, ()), what)


def require_member(api_version: str, definition: str, member: str, what: str) -> None:
    """Make sure that a definition in the contract of an API version has a member.

    Raises:
        ValueError: It has not; the text names the versions that have it.
    """
    _require(api_version, _versions_with(definition, member), what)


def _require(api_version: str, having: tuple[str, ...], what: str) -> None:
    if api_version not in having:
        raise ValueError(f"{what} is not in API version {api_version}. It is in: {', '.join(having)}.")


@cache
def _versions_with(definition: str, member: str) -> tuple[str, ...]:
    def has(version: str) -> bool:
        contract = files("acs_identity_rest") / "contract" / version / "CommunicationIdentity.json"
        definitions = json.loads(contract.read_text("utf-8"))["definitions"]
        return member in definitions.get(definition, {}).get("properties", {})

    return tuple(version for version in API_VERSIONS if has(version))
