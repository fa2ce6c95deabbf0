"""Errors: what they carry, and why the service refused.

Set AZURE_COMMUNICATION_CONNECTION_STRING. Run: python samples/errors_and_diagnostics_async.py
"""

import asyncio
import os
from typing import Any

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.core.pipeline import PipelineResponse

from acs_identity import CommunicationIdentityError, parse_connection_string
from acs_identity.aio import CommunicationIdentityClient
from acs_identity.diagnostics import explain, string_to_sign


def show_what_was_signed(response: PipelineResponse[Any, Any]) -> None:
    method, target, signed = string_to_sign(response.http_request).split("\n")
    print(f"signed: {method} {target}, and {len(signed.split(';'))} headers")


async def main() -> None:
    connection_string = os.environ["AZURE_COMMUNICATION_CONNECTION_STRING"]
    async with CommunicationIdentityClient.from_connection_string(connection_string) as client:
        user = await client.create_user(raw_response_hook=show_what_was_signed)
        await client.delete_user(user)

        # The types of azure-core catch what every Azure client raises; those of this package say more.
        try:
            await client.get_token(user, ["chat"])
        except ResourceNotFoundError as error:
            print(f"azure-core: {type(error).__name__} {error.status_code}")
        try:
            await client.get_token(user, ["chat"])
        except CommunicationIdentityError as error:
            print(f"the service: {error.code}, API version {error.api_version}, request id {bool(error.request_id)}")

    # A 401 has many causes. With the key that should have signed, they can be told apart.
    endpoint, access_key = parse_connection_string(connection_string)
    async with CommunicationIdentityClient(endpoint, "b3RoZXI=") as elsewhere:
        try:
            await elsewhere.create_user()
        except HttpResponseError as error:
            explanation = explain(error, access_key=access_key)
            print(f"{explanation.cause}: {explanation.likely}")


if __name__ == "__main__":
    asyncio.run(main())
