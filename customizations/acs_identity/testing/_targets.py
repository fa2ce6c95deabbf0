"""Where the requests of a test go: to its cassette, to the emulator, or to a resource in Azure."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from acs_identity._endpoint import parse_connection_string

if TYPE_CHECKING:
    from acs_identity_emulator import Emulator

CONNECTION_STRING: Final = "AZURE_COMMUNICATION_CONNECTION_STRING"


@dataclass(frozen=True)
class Target:
    """Where the requests of a test go (the fixture ``acs_target``).

    Attributes:
        name: ``cassette``, ``emulator`` or ``live``: the option ``--acs-target``.
        connection_string: What to make clients with, ours or the official one.
        emulator: The emulator, for example to get Entra tokens of; None for the others.
    """

    name: Literal["cassette", "emulator", "live"]
    connection_string: str
    emulator: "Emulator | None" = None

    @property
    def endpoint(self) -> str:
        """The endpoint, without a slash at its end, for clients that are not made with a connection string."""
        return parse_connection_string(self.connection_string)[0]

    @property
    def access_key(self) -> str:
        """The access key, in base64; a well-known one, except for ``live``."""
        return parse_connection_string(self.connection_string)[1]

    def __repr__(self) -> str:
        return f"Target(name={self.name!r})"


def live_connection_string() -> str:
    """Return the connection string of the resource.

    Raises:
        ValueError: There is none in the environment.
    """
    text = os.environ.get(CONNECTION_STRING, "")
    if not text:
        raise ValueError(
            f"--acs-target=live needs the connection string of a resource in the environment, in {CONNECTION_STRING}."
        )
    return text
