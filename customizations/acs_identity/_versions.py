"""The API versions the client can speak, and the generated package of each."""

from importlib import import_module
from types import ModuleType

from acs_identity_rest import API_VERSIONS

# Not simply the newest: what users get without asking changes by decision, not because a contract was added.
DEFAULT_API_VERSION = "2026-09-23"


def rest_package(api_version: str) -> str:
    """Return the name of the generated package of an API version.

    Raises:
        TypeError: The version is not a text.
        ValueError: There is no such version; the text lists those there are.

    >>> rest_package("2023-10-01")
    'acs_identity_rest.v2023_10_01'
    """
    if not isinstance(api_version, str):
        raise TypeError(f"The API version must be a str, not {type(api_version).__name__}.")
    if api_version not in API_VERSIONS:
        raise ValueError(f"There is no API version {api_version!r}. Known are: {', '.join(API_VERSIONS)}.")
    return f"acs_identity_rest.v{api_version.replace('-', '_')}"


def load(package: str, module: str = "") -> ModuleType:
    """Import a generated package or a module of it; only the version that is used is ever loaded."""
    return import_module(f"{package}.{module}" if module else package)
