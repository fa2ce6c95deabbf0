"""The life of a user: create it, issue tokens for it, revoke them, delete it.

Set AZURE_COMMUNICATION_CONNECTION_STRING. Run: python samples/users_and_tokens.py
"""

import os
from datetime import timedelta

from acs_identity import CommunicationIdentityClient, CommunicationTokenScope


def main() -> None:
    connection_string = os.environ["AZURE_COMMUNICATION_CONNECTION_STRING"]
    with CommunicationIdentityClient.from_connection_string(connection_string) as client:
        # The raw id is what to store: the service cannot list the users it has.
        user, token = client.create_user_and_token([CommunicationTokenScope.CHAT])
        print(f"created {user}, with a token until {token.expires_at:%Y-%m-%d %H:%M} UTC")

        token = client.get_token(user.raw_id, ["chat", "voip"], token_expires_in=timedelta(hours=1))
        print(f"issued {token}")

        client.revoke_tokens(user)
        print("revoked every token issued so far")

        client.delete_user(user)
        print("deleted the user")


if __name__ == "__main__":
    main()
