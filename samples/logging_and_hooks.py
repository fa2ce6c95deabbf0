"""What the client logs, and hooks that see each request and answer. No log line shows a key, a token or an id.

Set AZURE_COMMUNICATION_CONNECTION_STRING. Run: python samples/logging_and_hooks.py
"""

import logging
import os
import sys
from typing import Any

from azure.core.pipeline import PipelineResponse

from acs_identity import CommunicationIdentityClient


def note(response: PipelineResponse[Any, Any]) -> None:
    print(f"answered {response.http_response.status_code}, MS-CV present: {'MS-CV' in response.http_response.headers}")


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", stream=sys.stdout)
    # One line for each attempt. For headers as well: azure.core.pipeline.policies.http_logging_policy at INFO.
    logging.getLogger("acs_identity").setLevel(logging.DEBUG)

    connection_string = os.environ["AZURE_COMMUNICATION_CONNECTION_STRING"]
    with CommunicationIdentityClient.from_connection_string(
        connection_string, user_agent="my-shop/1.0", headers={"x-my-shop": "north"}
    ) as client:
        user = client.create_user(headers={"x-ms-client-request-id": "order-4711"})
        client.delete_user(user, raw_response_hook=note)


if __name__ == "__main__":
    main()
