// Drives the official JavaScript client through all it can do, and prints the tokens it got, one a line.
import { CommunicationIdentityClient } from "@azure/communication-identity";

const { AZURE_COMMUNICATION_CONNECTION_STRING, TEAMS_USER_TOKEN, TEAMS_APP, TEAMS_USER } = process.env;
const client = new CommunicationIdentityClient(AZURE_COMMUNICATION_CONNECTION_STRING);

const user = await client.createUser();
const live = await client.getToken(user, ["chat", "voip"], { tokenExpiresInMinutes: 60 });
const created = await client.createUserAndToken(["chat"]);
await client.revokeTokens(created.user);
const teams = await client.getTokenForTeamsUser({
  teamsUserAadToken: TEAMS_USER_TOKEN,
  clientId: TEAMS_APP,
  userObjectId: TEAMS_USER,
});
await client.deleteUser(user);
await client.deleteUser(created.user);

const refusal = await client.getToken(user, ["chat"]).catch((error) => error);
if (refusal.statusCode !== 404) throw new Error(`a deleted user got ${refusal.statusCode ?? "a token"}`);
const lifetime = live.expiresOn.getTime() - Date.now();
if (Math.abs(lifetime - 3600_000) > 60_000) throw new Error(`the token lives ${lifetime} ms`);

console.log([live.token, created.token, teams.token].join("\n"));
