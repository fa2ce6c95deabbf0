"""Timeouts, retries and a policy of one's own, for the client and for a single call.

Set AZURE_COMMUNICATION_CONNECTION_STRING. Run: python samples/timeouts_retries_and_policies.py
"""

import os
from collections import Counter
from typing import Any

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from acs_identity import CommunicationIdentityClient


class CountAttempts(SansIOHTTPPolicy[Any, Any]):
    """Counts what is sent, retries included, by method."""

    def __init__(self) -> None:
        super().__init__()
        self.attempts: Counter[str] = Counter()

    def on_request(self, request: PipelineRequest[Any]) -> None:
        self.attempts[request.http_request.method] += 1


def main() -> None:
    connection_string = os.environ["AZURE_COMMUNICATION_CONNECTION_STRING"]
    counted = CountAttempts()
    with CommunicationIdentityClient.from_connection_string(
        connection_string,
        connection_timeout=5,  # seconds, as all times here
        read_timeout=20,
        retry_total=4,
        retry_backoff_factor=0.5,
        per_retry_policies=[counted],
    ) as client:
        user = client.create_user()
        client.delete_user(user, read_timeout=60, retry_total=0)
        print(f"sent {dict(counted.attempts)}")


if __name__ == "__main__":
    main()
