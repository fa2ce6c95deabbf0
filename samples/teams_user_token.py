"""Exchange the Entra ID token of a Teams user for an access token of Communication Services.

Set AZURE_COMMUNICATION_CONNECTION_STRING and, from your Entra ID application, TEAMS_USER_TOKEN (the user's token),
TEAMS_CLIENT_ID (the application) and TEAMS_USER_OBJECT_ID (the user). Run: python samples/teams_user_token.py
"""

import os

from azure.core.exceptions import HttpResponseError

from acs_identity import CommunicationIdentityClient


def main() -> None:
    connection_string = os.environ["AZURE_COMMUNICATION_CONNECTION_STRING"]
    with CommunicationIdentityClient.from_connection_string(connection_string) as client:
        try:
            token = client.get_token_for_teams_user(
                os.environ["TEAMS_USER_TOKEN"],
                client_id=os.environ["TEAMS_CLIENT_ID"],
                user_object_id=os.environ["TEAMS_USER_OBJECT_ID"],
            )
        except HttpResponseError as error:
            # 401: the token is no good. 400: it is for another application or another user.
            print(f"refused with {error.status_code}")
        else:
            # It expires together with the Entra ID token.
            print(f"exchanged for a token until {token.expires_at:%Y-%m-%d %H:%M} UTC")


if __name__ == "__main__":
    main()
