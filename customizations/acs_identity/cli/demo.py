"""The whole journey, step by step, against an emulator that runs as long as the demo."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from azure.core.exceptions import HttpResponseError
from rich.console import Console
from rich.markup import escape

from acs_identity import AccessToken, CommunicationIdentityClient
from acs_identity_emulator import Emulator, EmulatorServer

app: typer.Typer = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def demo(
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Show keys, tokens and identity ids in full.")
    ] = False,
) -> None:
    """Walk from a connection string to an access token and back, against an emulator on a free port."""
    run(Console(highlight=False, soft_wrap=True), show_secrets=show_secrets)


def run(console: Console, *, show_secrets: bool) -> None:
    """Print every step of the journey and its answer.

    Args:
        console: Where to print.
        show_secrets: Show keys, tokens and identity ids in full instead of redacted.
    """
    emulator = Emulator()
    with EmulatorServer(emulator, port=0) as server:
        _Journey(console, emulator, server, show_secrets=show_secrets).walk()
    console.print("\nThe emulator has stopped; nothing of this is left.")
    if not show_secrets:
        console.print("Keys, tokens and identity ids are redacted. To see them: acs-identity demo --show-secrets")


class _Journey:
    def __init__(self, console: Console, emulator: Emulator, server: EmulatorServer, *, show_secrets: bool) -> None:
        self._console = console
        self._emulator = emulator
        self._server = server
        self._show_secrets = show_secrets
        self._steps = 0

    def walk(self) -> None:
        endpoint, key = self._server.endpoint, self._emulator.access_key
        self._step("An emulator of the identity service is running")
        self._answer("endpoint", endpoint)
        self._answer("connection string", f"endpoint={endpoint}/;accesskey={self._secret(key)}")

        self._step("A client from a connection string creates a user", "client.create_user()")
        with CommunicationIdentityClient.from_connection_string(self._server.connection_string) as client:
            user = client.create_user(raw_response_hook=self._status)
        self._answer("user", self._secret(user.raw_id, keep=6))

        self._step("A client from endpoint and key issues a token for chat", 'client.get_token(user, ["chat"])')
        with CommunicationIdentityClient(endpoint, key) as client:
            first = client.get_token(user, ["chat"], raw_response_hook=self._status)
        self._token(first)

        self._step(
            "A client from a token credential renews it, for one hour",
            'client.get_token(user, ["chat"], token_expires_in=timedelta(hours=1))',
        )
        with CommunicationIdentityClient(endpoint, self._emulator.entra.credential()) as client:
            second = client.get_token(
                user, ["chat"], token_expires_in=timedelta(hours=1), raw_response_hook=self._status
            )
            self._token(second)

            self._step("Revoking ends every token of the user", "client.revoke_tokens(user)")
            client.revoke_tokens(user, raw_response_hook=self._status)
            for name, token in (("first token", first), ("second token", second)):
                self._answer(name, self._state(token))

            self._step("Deleting ends the user", "client.delete_user(user)")
            client.delete_user(user, raw_response_hook=self._status)
            self._answer("first token", self._state(first))

        self._step("A wrong key is refused, and the emulator says why", "client.create_user()")
        with CommunicationIdentityClient(endpoint, base64.b64encode(b"another key").decode()) as client:
            try:
                client.create_user()
            except HttpResponseError as error:
                self._refusal(error)

    def _step(self, title: str, code: str = "") -> None:
        self._steps += 1
        self._console.print(f"\n[bold]{self._steps}. {escape(title)}[/bold]")
        if code:
            self._console.print(f"   [cyan]{escape(code)}[/cyan]")

    def _answer(self, name: str, value: str) -> None:
        self._console.print(f"   {name}: [green]{escape(value)}[/green]")

    def _status(self, response: Any) -> None:
        self._answer("status", f"{response.http_response.status_code} {response.http_response.reason}")

    def _token(self, token: AccessToken) -> None:
        self._answer("token", self._secret(token.token, keep=3))
        left = round((token.expires_at - datetime.now(UTC)).total_seconds() / 60)
        self._answer("expires", f"{token.expires_at:%Y-%m-%d %H:%M:%S} UTC, in {left} minutes")

    def _state(self, token: AccessToken) -> str:
        return self._emulator.introspect(token.token).state

    def _refusal(self, error: HttpResponseError) -> None:
        self._answer("status", f"{error.status_code} {error.reason}")
        if error.error is not None:
            self._answer("code", str(error.error.code))
            self._answer("message", str(error.error.message))
        headers: dict[str, str] = getattr(error.response, "headers", {})
        self._answer("reason", headers.get("x-emulator-reason", ""))

    def _secret(self, value: str, *, keep: int = 0) -> str:
        """Return a secret as it may be shown; `keep` is how many characters at its start tell nothing."""
        return value if self._show_secrets else f"{value[:keep]}***"
