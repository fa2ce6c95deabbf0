"""Without a connection string: an endpoint with a key, which can be rotated while the client lives.

Set AZURE_COMMUNICATION_ENDPOINT and AZURE_COMMUNICATION_ACCESS_KEY.
Run: python samples/endpoint_and_credential.py
"""

import os

from azure.core.credentials import AzureKeyCredential

from acs_identity import CommunicationIdentityClient


def main() -> None:
    # With Entra ID, DefaultAzureCredential() of azure-identity stands here.
    credential = AzureKeyCredential(os.environ["AZURE_COMMUNICATION_ACCESS_KEY"])
    with CommunicationIdentityClient(os.environ["AZURE_COMMUNICATION_ENDPOINT"], credential) as client:
        user = client.create_user()
        print(f"created {user}")

        # After a rotation in the portal: the next request is signed with the new key. Here it is the same.
        credential.update(os.environ["AZURE_COMMUNICATION_ACCESS_KEY"])
        client.delete_user(user)
        print("deleted the user with the key of then")


if __name__ == "__main__":
    main()
