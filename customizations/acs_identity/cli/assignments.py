"""The commands for assignments: which Entra ID principals may act on the resource."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from acs_identity.cli.many import DryRun, Yes, dry_run
from acs_identity.cli.session import Session, confirm, with_session
from acs_identity.cli.values import ManyWordsCommand, checked_word, filled
from acs_identity.cli.versions import in_preview

if TYPE_CHECKING:
    from acs_identity import EntraAssignment, TeamsExtensionAssignment

app: typer.Typer = typer.Typer(
    help="Assign Entra users to the resource.", no_args_is_help=True, add_completion=False, rich_markup_mode=None
)
entra: typer.Typer = typer.Typer(
    help="Entra ID users, groups and tenants (API version 2025-03-02-preview).",
    no_args_is_help=True,
    rich_markup_mode=None,
)
teams: typer.Typer = typer.Typer(
    help="Teams users and resource accounts, for Teams Phone extensibility.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(entra, name="entra")
app.add_typer(teams, name="teams")

ObjectId = Annotated[
    str, typer.Option("--object-id", metavar="ID", callback=filled, help="Entra ID object id of the principal.")
]
TenantId = Annotated[
    str, typer.Option("--tenant-id", metavar="ID", callback=filled, help="Entra ID tenant of the principal.")
]
_ENTRA = "/access/entra/assignments/{object_id}"
_TEAMS = "/access/teamsExtension/tenants/{tenant_id}/assignments/{object_id}"


@app.callback()
def _assignments() -> None: ...


@entra.command("list")
@with_session
def list_entra(session: Session) -> None:
    """List the assignments of Entra ID principals."""
    with in_preview(session).asking() as client:
        found = list(client.list_entra_assignments())
    session.print([_row(assignment) for assignment in found])


@entra.command("get")
@with_session
def get_entra(session: Session, object_id: ObjectId) -> None:
    """Show the assignment of an Entra ID principal."""
    with in_preview(session).asking() as client:
        found = client.get_entra_assignment(object_id)
    session.print(_row(found))


@entra.command("set", cls=ManyWordsCommand)
@with_session
def set_entra(
    session: Session,
    object_id: ObjectId,
    tenant_id: TenantId,
    principal_type: Annotated[
        str, typer.Option("--principal-type", metavar="TYPE", help="What the principal is: user, group or tenant.")
    ],
    client_id: Annotated[
        list[str],
        typer.Option("--client-id", metavar="ID...", help="Client ids of the applications that it may act through."),
    ],
    is_dry: DryRun = False,
) -> None:
    """Assign an Entra ID principal to the resource, or replace its assignment."""
    # It loads azure-core, which help does without.
    from acs_identity import EntraPrincipalType

    checked_word("--principal-type", principal_type, list(EntraPrincipalType))
    session = in_preview(session)
    if is_dry:
        dry_run(session, "entra.upsert_assignment", "PUT", _ENTRA, 1)
        return
    with session.asking() as client:
        done = client.upsert_entra_assignment(object_id, principal_type, tenant_id=tenant_id, client_ids=client_id)
    session.print(_row(done))


@entra.command("delete")
@with_session
def delete_entra(session: Session, object_id: ObjectId, yes: Yes = False, is_dry: DryRun = False) -> None:
    """Delete the assignment of an Entra ID principal."""
    session = in_preview(session)
    if is_dry:
        dry_run(session, "entra.delete_assignment", "DELETE", _ENTRA, 1)
        return
    confirm("Delete the assignment?", yes=yes)
    with session.asking() as client:
        client.delete_entra_assignment(object_id)


@teams.command("get")
@with_session
def get_teams(session: Session, tenant_id: TenantId, object_id: ObjectId) -> None:
    """Show the assignment of a Teams principal."""
    with session.asking() as client:
        found = client.get_teams_extension_assignment(tenant_id, object_id)
    session.print(_row(found))


@teams.command("set", cls=ManyWordsCommand)
@with_session
def set_teams(
    session: Session,
    tenant_id: TenantId,
    object_id: ObjectId,
    principal_type: Annotated[
        str,
        typer.Option(
            "--principal-type",
            metavar="TYPE",
            help="What the principal is: user, resourceAccount, teamsResourceAccount.",
        ),
    ],
    client_id: Annotated[
        list[str] | None,
        typer.Option("--client-id", metavar="ID...", help="Client ids of the applications that it may act through."),
    ] = None,
    is_dry: DryRun = False,
) -> None:
    """Assign a Teams principal to the resource, or replace its assignment."""
    from acs_identity import TeamsExtensionPrincipalType

    checked_word("--principal-type", principal_type, list(TeamsExtensionPrincipalType))
    if is_dry:
        dry_run(session, "teams_extension.upsert_assignment", "PUT", _TEAMS, 1)
        return
    with session.asking() as client:
        done = client.upsert_teams_extension_assignment(
            tenant_id, object_id, principal_type, client_ids=client_id or None
        )
    session.print(_row(done))


@teams.command("delete")
@with_session
def delete_teams(
    session: Session, tenant_id: TenantId, object_id: ObjectId, yes: Yes = False, is_dry: DryRun = False
) -> None:
    """Delete the assignment of a Teams principal."""
    if is_dry:
        dry_run(session, "teams_extension.delete_assignment", "DELETE", _TEAMS, 1)
        return
    confirm("Delete the assignment?", yes=yes)
    with session.asking() as client:
        client.delete_teams_extension_assignment(tenant_id, object_id)


def _row(assignment: "EntraAssignment | TeamsExtensionAssignment") -> dict[str, Any]:
    return {
        "object_id": assignment.object_id,
        "tenant_id": assignment.tenant_id,
        "principal_type": assignment.principal_type,
        "client_ids": list(assignment.client_ids or ()),
    }
