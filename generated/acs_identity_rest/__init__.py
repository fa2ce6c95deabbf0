# Made by "make generate" from swagger/ and autorest.md. Do not edit.
"""The raw operations of the Azure Communication Services identity REST API, one package per API version.

A version is imported by itself: ``from acs_identity_rest.v2026_09_23 import CommunicationIdentityRestClient``.
"""

API_VERSIONS = (
    "2023-10-01",
    "2026-09-23",
)
"""The API versions there is a package for, oldest first."""

__all__ = ["API_VERSIONS"]
