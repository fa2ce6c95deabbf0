"""The commands for access tokens."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from acs_identity.cli.exits import USAGE, CommandError
from acs_identity.cli.inspection import inspect_token
from acs_identity.cli.items import STDIN, check_stdin, given_users
from acs_identity.cli.many import CONCURRENCY, Concurrency, DryRun, Journal, Yes, dry_run, run_many
from acs_identity.cli.session import Session, confirm, read_secret, with_session
from acs_identity.cli.users import Users, UsersFrom, counted, users_to_change
from acs_identity.cli.values import ManyWordsCommand, filled, lifetime_of, scopes_of

app: typer.Typer = typer.Typer(
    help="Issue, inspect, revoke and exchange access tokens.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

_ENTRA_TOKEN: Final = "Entra ID access token"  # noqa: S105 - what it is called


@app.callback()
def _tokens() -> None: ...


app.command("inspect")(inspect_token)


@app.command(cls=ManyWordsCommand)
@with_session
def issue(
    session: Session,
    scope: Annotated[
        list[str],
        typer.Option(
            "--scope",
            "-s",
            metavar="SCOPE...",
            help="What the token permits: chat, voip, chat.join, chat.join.limited, voip.join.",
        ),
    ],
    user: Users = None,
    users_from: UsersFrom = None,
    count: Annotated[
        int | None, typer.Option("--count", min=1, metavar="N", help="Create so many users, each with a token.")
    ] = None,
    expires_in: Annotated[
        str | None,
        typer.Option("--expires-in", metavar="TIME", help="60m to 24h, for example 90m, 2h or PT2H. By default 24h."),
    ] = None,
    concurrency: Concurrency = CONCURRENCY,
    journal: Journal = None,
    is_dry: DryRun = False,
) -> None:
    """Issue access tokens: for the users named, or else for a user that is created with it."""
    scopes = scopes_of(scope)
    lifetime = None if expires_in is None else lifetime_of(expires_in)
    if not user and users_from is None:
        _issue_for_new_users(session, scopes, lifetime, count, concurrency, journal, is_dry=is_dry)
        return
    if count is not None:
        raise CommandError("--count creates users, so it goes with neither --user nor --users-from.", USAGE)
    check_stdin(session, users_from, option="--users-from")
    items = given_users(user, users_from)
    raw_ids = [item.value for item in items]
    if is_dry:
        path = "/identities/{user_id}/:issueAccessToken"
        dry_run(session, "identity.issue_access_token", "POST", path, len(items), member=_expiry(lifetime))
    elif len(items) == 1 and users_from is None and journal is None:
        with session.asking() as client:
            token = client.get_token(raw_ids[0], scopes, token_expires_in=lifetime)
        session.print(_row(raw_ids[0], token))
    else:
        run_many(
            session,
            lambda client, options: client.bulk.get_tokens(raw_ids, scopes, token_expires_in=lifetime, **options),
            lambda number, token: _row(raw_ids[number], token),
            lambda number: items[number].place,
            total=len(items),
            concurrency=concurrency,
            journal=journal,
        )


def _issue_for_new_users(
    session: Session,
    scopes: list[str],
    lifetime: timedelta | None,
    count: int | None,
    concurrency: int,
    journal: Path | None,
    *,
    is_dry: bool,
) -> None:
    total = count or 1
    if is_dry:
        dry_run(session, "identity.create", "POST", "/identities", total, member=_expiry(lifetime))
    elif count is None and journal is None:
        with session.asking() as client:
            user, token = client.create_user_and_token(scopes, token_expires_in=lifetime)
        session.print(_row(user.raw_id, token))
    else:
        run_many(
            session,
            lambda client, options: client.bulk.create_users_and_tokens(
                total, scopes, token_expires_in=lifetime, **options
            ),
            lambda _, answer: _row(answer[0].raw_id, answer[1]),
            lambda number: f"user {number + 1}",
            total=total,
            concurrency=concurrency,
            journal=journal,
        )


def _expiry(lifetime: timedelta | None) -> tuple[str, str, str] | None:
    return None if lifetime is None else ("CommunicationIdentityAccessTokenRequest", "expiresInMinutes", "--expires-in")


def _row(user_id: str, token: Any) -> dict[str, Any]:
    return {"user_id": user_id, "token": token.token, "expires_on": token.expires_at}


@app.command(cls=ManyWordsCommand)
@with_session
def revoke(
    session: Session,
    user: Users = None,
    users_from: UsersFrom = None,
    yes: Yes = False,
    concurrency: Concurrency = CONCURRENCY,
    journal: Journal = None,
    is_dry: DryRun = False,
) -> None:
    """Revoke every access token issued for users so far."""
    items = users_to_change(session, user, users_from, asks=not (yes or is_dry))
    if is_dry:
        path = "/identities/{user_id}/:revokeAccessTokens"
        dry_run(session, "identity.revoke_access_tokens", "POST", path, len(items))
        return
    confirm(f"Revoke all access tokens of {counted(items)}?", yes=yes)
    if len(items) == 1 and users_from is None and journal is None:
        with session.asking() as client:
            client.revoke_tokens(items[0].value)
        return
    raw_ids = [item.value for item in items]
    run_many(
        session,
        lambda client, options: client.bulk.revoke_tokens(raw_ids, **options),
        lambda number, _: {"user_id": raw_ids[number]},
        lambda number: items[number].place,
        total=len(items),
        concurrency=concurrency,
        journal=journal,
    )


@app.command("get-for-teams-user")
@with_session
def get_for_teams_user(
    session: Session,
    client_id: Annotated[
        str,
        typer.Option("--client", "-c", metavar="ID", callback=filled, help="Client id of the Entra ID application."),
    ],
    aad_user: Annotated[
        str,
        typer.Option("--aad-user", "-u", metavar="ID", callback=filled, help="Entra ID object id of the Teams user."),
    ],
    aad_token: Annotated[
        str | None,
        typer.Option(
            "--aad-token",
            "-a",
            metavar="TOKEN",
            callback=filled,
            help="Entra ID access token of the user; - reads stdin or asks.",
        ),
    ] = None,
) -> None:
    """Exchange the Entra ID access token of a Teams user for an access token of Communication Services."""
    if aad_token is None:
        if not sys.stdin.isatty():
            raise CommandError("--aad-token is missing; --aad-token - reads it from stdin.", USAGE)
        aad_token = STDIN
    if aad_token == STDIN:
        if session.key == STDIN and not sys.stdin.isatty():
            raise CommandError("--key - and --aad-token - cannot both read stdin.", USAGE)
        aad_token = read_secret(_ENTRA_TOKEN)
    with session.asking() as client:
        token = client.get_token_for_teams_user(aad_token, client_id, aad_user)
    session.print({"token": token.token, "expires_on": token.expires_at})
