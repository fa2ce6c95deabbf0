# Made by "make generate" from swagger/ and autorest.md. Do not edit.
"""The raw operations of the Azure Communication Services identity REST API, one package per API version.

A version is imported by itself, ``from acs_identity_rest.v2026_09_23 import CommunicationIdentityRestClient``, or by its
name, ``load(API_VERSIONS[-1])``. Importing this package imports none of them.
"""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType, ModuleType

__all__ = ["API_VERSIONS", "OPERATIONS", "load", "versions_with"]

API_VERSIONS: tuple[str, ...] = (
    "2020-07-20-preview2",
    "2021-03-07",
    "2021-10-31-preview",
    "2022-06-01",
    "2022-10-01",
    "2023-10-01",
    "2025-03-02-preview",
    "2025-06-30",
    "2026-09-23",
)
"""The API versions there is a package for, oldest first."""

OPERATIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "entra.delete_assignment": ("2025-03-02-preview",),
        "entra.exchange_access_token": ("2025-03-02-preview",),
        "entra.get_assignment": ("2025-03-02-preview",),
        "entra.list_assignments": ("2025-03-02-preview",),
        "entra.update_assignments": ("2025-03-02-preview",),
        "entra.upsert_assignment": ("2025-03-02-preview",),
        "identity.create": (
            "2020-07-20-preview2",
            "2021-03-07",
            "2021-10-31-preview",
            "2022-06-01",
            "2022-10-01",
            "2023-10-01",
            "2025-03-02-preview",
            "2025-06-30",
            "2026-09-23",
        ),
        "identity.delete": (
            "2020-07-20-preview2",
            "2021-03-07",
            "2021-10-31-preview",
            "2022-06-01",
            "2022-10-01",
            "2023-10-01",
            "2025-03-02-preview",
            "2025-06-30",
            "2026-09-23",
        ),
        "identity.get": ("2025-03-02-preview",),
        "identity.issue_access_token": (
            "2021-03-07",
            "2021-10-31-preview",
            "2022-06-01",
            "2022-10-01",
            "2023-10-01",
            "2025-03-02-preview",
            "2025-06-30",
            "2026-09-23",
        ),
        "identity.issue_token": ("2020-07-20-preview2",),
        "identity.revoke_access_tokens": (
            "2021-03-07",
            "2021-10-31-preview",
            "2022-06-01",
            "2022-10-01",
            "2023-10-01",
            "2025-03-02-preview",
            "2025-06-30",
            "2026-09-23",
        ),
        "identity.update": ("2020-07-20-preview2",),
        "teams_extension.delete_assignment": ("2025-03-02-preview", "2025-06-30", "2026-09-23"),
        "teams_extension.exchange_access_token": ("2025-03-02-preview", "2025-06-30", "2026-09-23"),
        "teams_extension.get_assignment": ("2025-03-02-preview", "2025-06-30", "2026-09-23"),
        "teams_extension.upsert_assignment": ("2025-03-02-preview", "2025-06-30", "2026-09-23"),
        "teams_user.exchange_access_token": (
            "2021-10-31-preview",
            "2022-06-01",
            "2022-10-01",
            "2023-10-01",
            "2025-03-02-preview",
            "2025-06-30",
            "2026-09-23",
        ),
    }
)
"""Which API versions have an operation, oldest first, by the operation group and the method of the client."""


def load(api_version: str) -> ModuleType:
    """Import the package of one API version and of no other.

    Args:
        api_version: One of ``API_VERSIONS``.

    Returns:
        The package, with ``CommunicationIdentityRestClient`` in it and in its module ``aio``.

    Raises:
        ValueError: There is no package for this API version.
    """
    if api_version not in API_VERSIONS:
        raise ValueError(f"There is no API version {api_version!r}. Known are: {', '.join(API_VERSIONS)}.")
    return import_module(f"{__name__}.v{api_version.replace('-', '_')}")


def versions_with(operation: str) -> tuple[str, ...]:
    """Return the API versions that have an operation, oldest first.

    Args:
        operation: The operation group and the method of the client, for example ``"identity.create"``.

    Raises:
        ValueError: No API version has this operation.
    """
    if operation not in OPERATIONS:
        raise ValueError(f"No API version has the operation {operation!r}. Known are: {', '.join(OPERATIONS)}.")
    return OPERATIONS[operation]
