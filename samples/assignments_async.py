"""Assignments: which Teams and Entra ID principals may act on the resource.

Set AZURE_COMMUNICATION_CONNECTION_STRING. Run: python samples/assignments_async.py
"""

import asyncio
import os
import warnings

from acs_identity import EntraAssignment, EntraPrincipalType, TeamsExtensionPrincipalType
from acs_identity.aio import CommunicationIdentityClient

TENANT_ID = "87d349ed-44d7-43e1-9a83-5f2406dee5bd"
OBJECT_ID = "37691ec4-57fb-4c0f-ae31-32791610cb14"
GROUP_ID = "eaf4bdca-9343-492b-a5e2-9310fbe393b8"
APPLICATION = "1fd5118e-2576-4263-8130-9503064c837a"


async def main() -> None:
    connection_string = os.environ["AZURE_COMMUNICATION_CONNECTION_STRING"]
    async with CommunicationIdentityClient.from_connection_string(connection_string) as client:
        # Teams Phone: a resource account or a user of Teams, in the API versions from 2025-06-30 on.
        assigned = await client.upsert_teams_extension_assignment(
            TENANT_ID, OBJECT_ID, TeamsExtensionPrincipalType.TEAMS_RESOURCE_ACCOUNT, client_ids=[APPLICATION]
        )
        print(f"assigned {assigned}")
        print(f"read {await client.get_teams_extension_assignment(TENANT_ID, OBJECT_ID) == assigned}")
        await client.delete_teams_extension_assignment(TENANT_ID, OBJECT_ID)

    # Entra ID principals, and users with an id of one's own: in a preview version, which warns once.
    warnings.filterwarnings("ignore", "API version 2025-03-02-preview", UserWarning)
    async with CommunicationIdentityClient.from_connection_string(
        connection_string, api_version="2025-03-02-preview"
    ) as client:
        await client.upsert_entra_assignment(
            OBJECT_ID, EntraPrincipalType.USER, tenant_id=TENANT_ID, client_ids=[APPLICATION]
        )
        group = EntraAssignment(GROUP_ID, TENANT_ID, EntraPrincipalType.GROUP, (APPLICATION,))
        await client.update_entra_assignments(upsert=[group], delete=[OBJECT_ID])
        async for assignment in client.list_entra_assignments():
            print(f"listed {assignment}")
        await client.delete_entra_assignment(GROUP_ID)

        user = await client.create_user(custom_id="alice@contoso.com")
        print(f"the same user: {await client.create_user(custom_id='alice@contoso.com') == user}")
        print(f"known by its own id: {(await client.get_user(user)).custom_id == 'alice@contoso.com'}")
        await client.delete_user(user)


if __name__ == "__main__":
    asyncio.run(main())
