"""Tokens that stay alive: a provider that issues and keeps them, and credentials that refresh themselves.

Set AZURE_COMMUNICATION_CONNECTION_STRING. Run: python samples/token_refresh.py
"""

import os
from datetime import timedelta

from acs_identity import AccessToken, CommunicationIdentityClient, CommunicationTokenCredential, TokenProvider


def main() -> None:
    connection_string = os.environ["AZURE_COMMUNICATION_CONNECTION_STRING"]
    with CommunicationIdentityClient.from_connection_string(connection_string) as client:
        user = client.create_user()

        # On a server: one provider for all users. It asks the service only when a token is about to expire.
        provider = TokenProvider(client, token_expires_in=timedelta(hours=1))
        token = provider.get_token(user, ["chat"])
        print(f"kept: {provider.get_token(user, ['chat']) == token}")

        # A credential goes wherever a client of azure-core takes one, for example into a chat client.
        with provider.credential(user, ["chat"], proactive_refresh=True) as credential:
            print(f"the credential has {credential.get_token()}")

        # In an application that has no key: the refresher asks a server of yours for a token.
        def ask_the_server() -> AccessToken:
            print("asked the server")
            return client.get_token(user, ["chat"])

        with CommunicationTokenCredential(token_refresher=ask_the_server) as credential:
            first = credential.get_token()
            print(f"asked once: {credential.get_token() == first}")

        client.delete_user(user)
        provider.forget(user)


if __name__ == "__main__":
    main()
