"""The commands for users."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from acs_identity.cli.exits import USAGE, CommandError
from acs_identity.cli.items import STDIN, Item, check_stdin, given_custom_ids, given_users
from acs_identity.cli.many import CONCURRENCY, Concurrency, DryRun, Journal, Yes, dry_run, run_many
from acs_identity.cli.session import Session, confirm, with_session
from acs_identity.cli.values import ManyWordsCommand
from acs_identity.cli.versions import in_preview

if TYPE_CHECKING:
    from acs_identity import BulkResult, CommunicationIdentityClient, CommunicationUserIdentifier

app: typer.Typer = typer.Typer(
    help="Create, read and delete users.", no_args_is_help=True, add_completion=False, rich_markup_mode=None
)

User = Annotated[str, typer.Option("--user", "-u", metavar="ID", help="Raw id of the user, 8:acs:...")]
Users = Annotated[
    list[str] | None, typer.Option("--user", "-u", metavar="ID...", help="Raw ids of the users, 8:acs:...")
]
UsersFrom = Annotated[
    str | None,
    typer.Option(
        "--users-from", metavar="FILE", help="Raw ids, one a line, or the JSON that commands print; - is stdin."
    ),
]
Count = Annotated[int | None, typer.Option("--count", min=1, metavar="N", help="Create so many users.")]
_IDENTITIES: Final = "/identities"


@app.callback()
def _users() -> None: ...


@app.command(cls=ManyWordsCommand)
@with_session
def create(
    session: Session,
    count: Count = None,
    custom_id: Annotated[
        list[str] | None,
        typer.Option("--custom-id", metavar="ID...", help="Ids of your own; a known one gives the user that is there."),
    ] = None,
    custom_ids_from: Annotated[
        str | None,
        typer.Option("--custom-ids-from", metavar="FILE", help="Such ids, one a line, or JSON; - is stdin."),
    ] = None,
    concurrency: Concurrency = CONCURRENCY,
    journal: Journal = None,
    is_dry: DryRun = False,
) -> None:
    """Create users: one, --count of them, or one for each custom id (API version 2025-03-02-preview)."""
    has_custom_ids = bool(custom_id) or custom_ids_from is not None
    if has_custom_ids and count is not None:
        raise CommandError("Give either --count or custom ids.", USAGE)
    check_stdin(session, custom_ids_from, option="--custom-ids-from")
    if not has_custom_ids:
        _create(session, count, concurrency, journal, is_dry=is_dry)
        return
    items = given_custom_ids(custom_id, custom_ids_from)
    is_one = len(items) == 1 and custom_ids_from is None and journal is None
    _create_with_custom_ids(in_preview(session), items, concurrency, journal, is_dry=is_dry, is_one=is_one)


def _create(session: Session, count: int | None, concurrency: int, journal: Any, *, is_dry: bool) -> None:
    if is_dry:
        dry_run(session, "identity.create", "POST", _IDENTITIES, count or 1)
    elif count is None and journal is None:
        with session.asking() as client:
            user = client.create_user()
        session.print({"user_id": user.raw_id})
    else:
        total = count or 1

        def call(
            client: "CommunicationIdentityClient", options: dict[str, Any]
        ) -> "BulkResult[CommunicationUserIdentifier]":
            return client.bulk.create_users(total, **options)

        run_many(
            session,
            call,
            lambda _, user: {"user_id": user.raw_id},
            lambda number: f"user {number + 1}",
            total=total,
            concurrency=concurrency,
            journal=journal,
        )


def _create_with_custom_ids(
    session: Session, items: list[Item], concurrency: int, journal: Any, *, is_dry: bool, is_one: bool
) -> None:
    if is_dry:
        member = ("CommunicationIdentityCreateRequest", "customId", "A custom id")
        dry_run(session, "identity.create", "POST", _IDENTITIES, len(items), member=member)
    elif is_one:
        custom_id = items[0].value
        with session.asking() as client:
            user = client.create_user(custom_id=custom_id)
        session.print({"user_id": user.raw_id, "custom_id": custom_id})
    else:
        custom_ids = [item.value for item in items]

        def call(
            client: "CommunicationIdentityClient", options: dict[str, Any]
        ) -> "BulkResult[CommunicationUserIdentifier]":
            return client.bulk.create_users(custom_ids=custom_ids, **options)

        run_many(
            session,
            call,
            lambda number, user: {"user_id": user.raw_id, "custom_id": custom_ids[number]},
            lambda number: items[number].place,
            total=len(items),
            concurrency=concurrency,
            journal=journal,
        )


@app.command()
@with_session
def get(session: Session, user: User) -> None:
    """Show what the service knows about a user (API version 2025-03-02-preview)."""
    with in_preview(session).asking() as client:
        detail = client.get_user(user)
    session.print(
        {
            "user_id": detail.user.raw_id,
            "custom_id": detail.custom_id,
            "last_token_issued_at": detail.last_token_issued_at,
        }
    )


@app.command(cls=ManyWordsCommand)
@with_session
def delete(
    session: Session,
    user: Users = None,
    users_from: UsersFrom = None,
    yes: Yes = False,
    concurrency: Concurrency = CONCURRENCY,
    journal: Journal = None,
    is_dry: DryRun = False,
) -> None:
    """Delete users, and with them every access token issued for them."""
    items = users_to_change(session, user, users_from, asks=not (yes or is_dry))
    if is_dry:
        dry_run(session, "identity.delete", "DELETE", f"{_IDENTITIES}/{{user_id}}", len(items))
        return
    confirm(f"Delete {counted(items)}, with all access tokens?", yes=yes)
    if len(items) == 1 and users_from is None and journal is None:
        with session.asking() as client:
            client.delete_user(items[0].value)
        return
    raw_ids = [item.value for item in items]
    run_many(
        session,
        lambda client, options: client.bulk.delete_users(raw_ids, **options),
        lambda number, _: {"user_id": raw_ids[number]},
        lambda number: items[number].place,
        total=len(items),
        concurrency=concurrency,
        journal=journal,
    )


def users_to_change(session: Session, users: list[str] | None, source: str | None, *, asks: bool) -> list[Item]:
    """Return the users that a command is for, each of them once; there must be one.

    Args:
        session: The options of the command.
        users: Those of --user.
        source: That of --users-from.
        asks: Whether somebody is to be asked before it is done.

    Raises:
        CommandError: There is none, one is malformed, or stdin is needed twice.
    """
    if not users and source is None:
        raise CommandError(f"Name the users: --user 8:acs:..., or --users-from FILE ({STDIN} is stdin).", USAGE)
    check_stdin(session, source, option="--users-from", asks=asks)
    once: dict[str, Item] = {}
    for item in given_users(users, source):
        # To delete it a second time would fail.
        once.setdefault(item.value, item)
    return list(once.values())


def counted(items: list[Item]) -> str:
    """Return how many users there are, as people say it.

    >>> counted([Item("8:acs:1_2", "--user")])
    '1 user'
    """
    return f"{len(items)} user{'' if len(items) == 1 else 's'}"
