"""Commands that only one API version has pick that version by themselves."""

from dataclasses import replace
from typing import Final

from acs_identity.cli.session import Session

PREVIEW: Final = "2025-03-02-preview"
"""The only API version with custom ids, ``user get`` and the assignments of Entra ID principals."""


def in_preview(session: Session) -> Session:
    """Return the session with the preview as its API version, unless another one was asked for.

    It is silent: what the service refuses is explained with the API version.
    """
    return session if session.api_version is not None else replace(session, api_version=PREVIEW)
