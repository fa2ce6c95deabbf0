from collections.abc import Iterator
from typing import Any

import pytest

from acs_identity import CommunicationIdentityClient
from acs_identity.testing import Target
from acs_identity.testing import vcr_config as safe_recordings


@pytest.fixture
def vcr_config() -> dict[str, Any]:
    return safe_recordings()


@pytest.fixture
def client(acs_target: Target) -> Iterator[CommunicationIdentityClient]:
    with CommunicationIdentityClient.from_connection_string(acs_target.connection_string) as client:
        yield client
