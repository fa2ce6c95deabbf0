"""What the commands share: where the service is, who asks, how the answer is printed."""

import inspect
import logging
import os
import sys
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, wraps
from threading import Timer
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from acs_identity.cli.exits import NO_CREDENTIAL, REFUSED, USAGE, CommandError, refusal
from acs_identity.cli.output import Format, Output, note, printable

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from acs_identity import CommunicationIdentityClient

CONNECTION_STRING: Final = "AZURE_COMMUNICATION_CONNECTION_STRING"
ENDPOINT: Final = "AZURE_COMMUNICATION_ENDPOINT"
KEY: Final = "AZURE_COMMUNICATION_KEY"
PROFILE: Final = "ACS_IDENTITY_PROFILE"

_SILENT_SECONDS: Final = 2
_UNAUTHORIZED: Final = 401
_NOTHING_GIVEN: Final = (
    f"There is no connection string. Set {CONNECTION_STRING}, or give --endpoint with {KEY} set or a sign-in to Entra, "
    "or --profile.\nThe portal shows the connection string on the resource's page, Keys. "
    "To try things out without Azure: acs-identity emulator exec -- COMMAND"
)


@dataclass(frozen=True)
class Printing:
    """The options of a command that prints data."""

    output: Annotated[
        Format | None,
        typer.Option("--output", "-o", help="Format. By default a table on a terminal, JSON elsewhere."),
    ] = None
    query: Annotated[
        str | None, typer.Option("--query", metavar="JMESPATH", help="Print only this part of the answer.")
    ] = None
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Show tokens and keys on a terminal, too.")] = (
        False
    )

    @cached_property
    def printer(self) -> Output:
        """What prints the data."""
        return Output(self.output, query=self.query, show_secrets=self.show_secrets)

    def print(self, data: Any) -> None:
        """Print data: a mapping, a list of them, or one value."""
        self.printer.print(data)


@dataclass(frozen=True)
class Session(Printing):
    """The options of a command that asks the service."""

    connection_string: Annotated[
        str | None,
        typer.Option("--connection-string", metavar="TEXT", help=f"Better in {CONNECTION_STRING}: others see it here."),
    ] = None
    endpoint: Annotated[
        str | None,
        typer.Option("--endpoint", metavar="URL", help=f"Instead of a connection string; also {ENDPOINT}."),
    ] = None
    key: Annotated[
        str | None,
        typer.Option(
            "--key", metavar="TEXT", help=f"- reads stdin or asks. Better in {KEY}; without one: Entra sign-in."
        ),
    ] = None
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help=f"Of acs-identity profiles; also {PROFILE}.")
    ] = None
    api_version: Annotated[
        str | None,
        typer.Option(
            "--api-version", metavar="DATE", help="By default 2026-09-23, or the preview that the command names."
        ),
    ] = None

    @property
    def version(self) -> str:
        """The API version that is used."""
        from acs_identity._versions import DEFAULT_API_VERSION

        return self.api_version or DEFAULT_API_VERSION

    @cached_property
    def target(self) -> "Target":
        """Where the service is and who asks.

        Raises:
            CommandError: There is nothing to tell (exit code 3), or it is contradictory or malformed (2).
        """
        return find_target(self)

    def client(self, *, warns: bool = True, **options: Any) -> "CommunicationIdentityClient":
        """Make a client.

        Args:
            warns: Warn of an endpoint to which the requests would go in the clear.
            options: Those of the client; an api_version among them goes before that of the command.

        Raises:
            CommandError: As for ``target``.
        """
        from acs_identity import CommunicationIdentityClient
        from acs_identity._endpoint import is_loopback

        endpoint = self.target.endpoint
        # A sign-in to Entra sends no token there.
        if warns and self.target.key is not None and endpoint.startswith("http:") and not is_loopback(endpoint):
            note(f"Warning: {endpoint} is not https. Others on the way to it can read requests and tokens.")
        if self.api_version is not None:
            options.setdefault("api_version", self.api_version)
        # Somebody waits at the terminal.
        options.setdefault("retry_connect", 1)
        with warnings.catch_warnings():
            # Who names a preview knows that it is one.
            warnings.filterwarnings("ignore", message="API version .* is a preview", category=UserWarning)
            return CommunicationIdentityClient(endpoint, self.target.credential(), **options)

    @contextmanager
    def asking(self, **options: Any) -> "Generator[CommunicationIdentityClient]":
        """Give a client for one request, and tell on a terminal when it takes long.

        Args:
            options: Those of the client.

        Raises:
            CommandError: As for ``target``.
        """
        with self.client(**options) as client, waiting_for(self.target.endpoint):
            yield client


@dataclass(frozen=True)
class Target:
    """Where the service is and who asks.

    Attributes:
        endpoint: The URL of the resource.
        key: The access key (base64); None for a sign-in to Entra.
        source: Where they come from, for people: "--connection-string", the name of a variable, "profile NAME".
    """

    endpoint: str
    key: str | None
    source: str

    def __repr__(self) -> str:
        return f"<Target from {self.source}>"

    def credential(self) -> "str | TokenCredential":
        """Return the key, or the credential of azure-identity.

        Raises:
            CommandError: There is no key, and azure-identity is not installed.
        """
        if self.key is not None:
            return self.key
        try:
            from azure.identity import DefaultAzureCredential
        except ModuleNotFoundError:
            raise CommandError(
                f"There is no key for the endpoint (from {self.source}). Set {KEY}, or sign in to Entra: "
                'pip install "acs-identity[cli,entra]"',
                NO_CREDENTIAL,
            ) from None
        # Without a handler what it logs would appear at the terminal, beside the error that says the same.
        logging.getLogger("azure.identity").addHandler(logging.NullHandler())
        return DefaultAzureCredential()


def find_target(session: Session) -> Target:
    """Find out where the service is and who asks: options first, then a profile, then the environment.

    Raises:
        CommandError: There is nothing to tell (exit code 3), or it is contradictory or malformed (2).
    """
    if session.profile is not None:
        if (session.connection_string, session.endpoint, session.key) != (None, None, None):
            raise CommandError("Give either --profile or --connection-string or --endpoint and --key.", USAGE)
        return _profile(session.profile, "--profile")
    if session.connection_string is not None:
        if session.endpoint is not None or session.key is not None:
            raise CommandError("Give either --connection-string or --endpoint and --key.", USAGE)
        return _parsed(session.connection_string, "--connection-string")
    if session.endpoint is not None:
        return target_of(session.endpoint, _key(session), "--endpoint")
    endpoint = os.environ.get(ENDPOINT)
    if session.key is not None:
        if not endpoint:
            raise CommandError(f"--key needs --endpoint, or {ENDPOINT}.", USAGE)
        return target_of(endpoint, _key(session), ENDPOINT)
    if name := os.environ.get(PROFILE):
        return _profile(name, PROFILE)
    if connection_string := os.environ.get(CONNECTION_STRING):
        return _parsed(connection_string, CONNECTION_STRING)
    if endpoint:
        return target_of(endpoint, _key(session), ENDPOINT)
    from acs_identity.cli.profiles import default_name

    if name := default_name():
        return _profile(name, "The default profile")
    raise CommandError(_NOTHING_GIVEN, NO_CREDENTIAL)


def target_of(endpoint: str, key: str | None, source: str) -> Target:
    """Return where an endpoint leads.

    Args:
        endpoint: A URL.
        key: The access key; None for a sign-in to Entra.
        source: Where they come from, for people.

    Raises:
        CommandError: The endpoint is malformed, or one of them is a whole connection string.
    """
    from acs_identity._endpoint import normalize_endpoint

    for text, where in ((endpoint, source), (key or "", "The access key")):
        if "accesskey=" in text.lower():
            raise CommandError(
                f"{where} holds a whole connection string. Put it into {CONNECTION_STRING} instead.", USAGE
            )
    try:
        return Target(normalize_endpoint(endpoint), key, source)
    except ValueError as error:
        raise CommandError(f"{source}: {error}", USAGE) from error


def _parsed(connection_string: str, source: str) -> Target:
    from acs_identity._endpoint import parse_connection_string

    try:
        endpoint, key = parse_connection_string(connection_string)
    except ValueError as error:
        raise CommandError(f"{source}: {error}", USAGE) from error
    return Target(endpoint, key, source)


def _profile(name: str, source: str) -> Target:
    from acs_identity.cli.profiles import load_profile

    try:
        return load_profile(name)
    except CommandError as error:
        raise CommandError(f"{source}: {error}", error.code) from error


def _key(session: Session) -> str | None:
    if session.key is None:
        return os.environ.get(KEY) or None
    return read_secret("Access key") if session.key == "-" else session.key


def read_secret(name: str) -> str:
    """Read a secret from stdin, or ask for it without echo on a terminal.

    Args:
        name: What it is called, for example "Access key".

    Raises:
        CommandError: There is nothing, or it is not UTF-8.
    """
    if sys.stdin.isatty():
        text = str(typer.prompt(name, hide_input=True, err=True))
    else:
        try:
            # With the mark that PowerShell puts first.
            text = sys.stdin.buffer.readline().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise CommandError(f"{name}: what is on stdin is not UTF-8.", USAGE) from None
    if not (secret := text.strip()):
        raise CommandError(f"{name}: there is nothing on stdin.", USAGE)
    return secret


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is destroyed.

    Args:
        question: What is to be done, as a question.
        yes: It has been said by --yes.

    Raises:
        CommandError: The answer is no, or nobody can be asked.
        typer.Abort: There is no answer.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError("Nobody can be asked here; add --yes to do it.", USAGE)
    # Not typer.confirm(): it ends its question on stdout, where only data belongs.
    typer.echo(f"{printable(question)} [y/N]: ", nl=False, err=True)
    if not (answer := sys.stdin.readline()):
        raise typer.Abort
    if answer.strip().lower() not in ("y", "yes"):
        raise CommandError("Nothing was done.", USAGE)


@contextmanager
def waiting_for(what: str) -> Generator[None]:
    """Tell on a terminal, after two seconds, what is waited for."""
    timer = Timer(_SILENT_SECONDS, note, [f"Waiting for {what} ... Ctrl-C stops it."])
    # Who interrupts does not wait for it.
    timer.daemon = True
    if sys.stderr.isatty():
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def with_session(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of :class:`Session`; it takes them as its first argument."""

    @wraps(command)
    def explained(session: Session, **values: Any) -> None:
        try:
            command(session, **values)
        except Exception as error:
            # Not above: to load azure-core takes long, and only what it raises is looked at; the rest goes on.
            from azure.core.exceptions import HttpResponseError

            if isinstance(error, HttpResponseError) and error.status_code == _UNAUTHORIZED:
                # With the key it is told whether the key is wrong, or what was signed.
                raise CommandError(refusal(error, session.target.key), REFUSED) from error
            raise

    return _with(Session, explained)


def with_printing(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that asks no service the options of :class:`Printing`; it takes them as its first argument."""
    return _with(Printing, command)


def _with(kind: type[Printing], command: Callable[..., None]) -> Callable[..., None]:
    _, *own = inspect.signature(command, eval_str=True).parameters.values()
    shared = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(kind, eval_str=True).parameters.values()
    ]

    @wraps(command)
    def wrapper(**values: Any) -> None:
        options = kind(**{parameter.name: values.pop(parameter.name) for parameter in shared})
        # A malformed --query is found before anything is sent.
        _ = options.printer
        command(options, **values)

    parameters = [*(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own), *shared]
    # Typer reads what a command takes from here.
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapper
