"""What the client logs, and hooks that see each request and answer. No log line shows a key, a token or an id.

The async client, which needs aiohttp.

Set AZURE_COMMUNICATION_CONNECTION_STRING. Run: python samples/logging_and_hooks_async.py
"""

import asyncio
import logging
import os
import sys
from typing import Any

from azure.core.pipeline import PipelineResponse

from acs_identity.aio import CommunicationIdentityClient


def note(response: PipelineResponse[Any, Any]) -> None:
    print(f"answered {response.http_response.status_code}, MS-CV present: {'MS-CV' in response.http_response.headers}")


async def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", stream=sys.stdout)
    # One line for each attempt. For headers as well: azure.core.pipeline.policies.http_logging_policy at INFO.
    logging.getLogger("acs_identity").setLevel(logging.DEBUG)

    connection_string = os.environ["AZURE_COMMUNICATION_CONNECTION_STRING"]
    async with CommunicationIdentityClient.from_connection_string(
        connection_string, user_agent="my-shop/1.0", headers={"x-my-shop": "north"}
    ) as client:
        user = await client.create_user(headers={"x-ms-client-request-id": "order-4711"})
        await client.delete_user(user, raw_response_hook=note)


if __name__ == "__main__":
    asyncio.run(main())
