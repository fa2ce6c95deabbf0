"""Tokens that stay alive: a provider that issues and keeps them, and credentials that refresh themselves.

The async client, which needs aiohttp.

Set AZURE_COMMUNICATION_CONNECTION_STRING. Run: python samples/token_refresh_async.py
"""

import asyncio
import os
from datetime import timedelta

from acs_identity import AccessToken
from acs_identity.aio import CommunicationIdentityClient, CommunicationTokenCredential, TokenProvider


async def main() -> None:
    connection_string = os.environ["AZURE_COMMUNICATION_CONNECTION_STRING"]
    async with CommunicationIdentityClient.from_connection_string(connection_string) as client:
        user = await client.create_user()

        # On a server: one provider for all users. It asks the service only when a token is about to expire.
        provider = TokenProvider(client, token_expires_in=timedelta(hours=1))
        token = await provider.get_token(user, ["chat"])
        print(f"kept: {await provider.get_token(user, ['chat']) == token}")

        # A credential goes wherever a client of azure-core takes one, for example into a chat client.
        async with provider.credential(user, ["chat"], proactive_refresh=True) as credential:
            print(f"the credential has {await credential.get_token()}")

        # In an application that has no key: the refresher asks a server of yours for a token.
        async def ask_the_server() -> AccessToken:
            print("asked the server")
            return await client.get_token(user, ["chat"])

        async with CommunicationTokenCredential(token_refresher=ask_the_server) as credential:
            first = await credential.get_token()
            print(f"asked once: {await credential.get_token() == first}")

        await client.delete_user(user)
        provider.forget(user)


if __name__ == "__main__":
    asyncio.run(main())
