"""Finds out why the service is not reached, or refuses: one check after the other, each with a remedy."""

import ipaddress
import shutil
import socket
import ssl
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

import typer

from acs_identity.cli.exits import NO_CONNECTION, NO_CREDENTIAL, REFUSED, USAGE, CommandError
from acs_identity.cli.output import Format, note, printable, write
from acs_identity.cli.session import Session, waiting_for, with_session

if TYPE_CHECKING:
    from azure.core.rest import HttpResponse

    from acs_identity import CommunicationIdentityClient
    from acs_identity.diagnostics import Explanation

app: typer.Typer = typer.Typer(add_completion=False, rich_markup_mode=None)

# The id of no resource. The service says so (401 IdentityNotOwned), but only after it has accepted who asks.
# Source: recordings of the live service.
_PATH: Final = (
    "/identities/8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000/:revokeAccessTokens"
)
_TIMEOUT_SECONDS: Final = 10
_CLOCK_WARNS: Final = timedelta(minutes=2)
# What OpenSSL calls X509_V_ERR_...
_NOT_YET_VALID, _EXPIRED, _OTHER_NAMES = 9, 10, (62, 64)


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Found:
    """What a check found.

    Attributes:
        state: How it ended.
        detail: What was found.
        remedy: What to do; empty when nothing is wrong.
        code: The exit code when it failed.
    """

    state: State
    detail: str
    remedy: str = ""
    code: int = 0


@app.command()
@with_session
def doctor(session: Session) -> None:
    """Find out why the service is not reached, or refuses.

    It looks at the connection string, proxy, DNS, connection, TLS, sign-in, clock, and key or role. It sends one
    request, which changes nothing: to revoke the tokens of a user that no resource has.
    """
    as_lines = session.printer.format is Format.TABLE and session.query is None
    found: dict[str, Found] = {}
    for name, each in _checks(session):
        found[name] = each
        if as_lines:
            write(_line(f"{each.state:<8} {name:<18} ", each.detail))
            if each.remedy:
                write(_line(" " * 28 + "-> ", each.remedy))
    if not as_lines:
        session.print(
            [
                {"check": name, "state": each.state.value, "detail": each.detail, "remedy": each.remedy}
                for name, each in found.items()
            ]
        )
    failed = [name for name, each in found.items() if each.state is State.FAILED]
    if failed:
        note(f"What to mend first: {failed[0]}.")
        raise typer.Exit(found[failed[0]].code)
    warned = [name for name, each in found.items() if each.state is State.WARNING]
    note(f"It works. Look at: {', '.join(warned)}." if warned else "All is well.")


def _line(head: str, text: str) -> str:
    """Return one line, which goes on below its beginning where a terminal is wide enough for that."""
    columns = shutil.get_terminal_size().columns
    if not sys.stdout.isatty() or columns < 2 * len(head):
        return head + printable(text)
    return textwrap.fill(
        printable(text),
        columns,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _checks(session: Session) -> Iterator[tuple[str, Found]]:
    """Yield each check's name and what it found; after one that failed the others are skipped."""
    examination = _Examination(session)
    failed = ""
    for name, check in examination.checks:
        if failed:
            yield name, Found(State.SKIPPED, f"{failed} comes first")
            continue
        with waiting_for(f"the check of {name}"):
            found = check()
        yield name, found
        if found.state is State.FAILED:
            failed = name


class _Examination:
    """The checks in their order. Each may rely on those before it having passed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        try:
            self._failure: CommandError | None = None
            self._target = session.target
        except CommandError as error:
            self._failure = error
        has_key = self._failure is not None or self._target.key is not None
        self.checks: list[tuple[str, Callable[[], Found]]] = [
            ("connection string", self._connection_string),
            ("proxy", self._proxy_setting),
            ("DNS", self._dns),
            ("connection", self._connection),
            ("TLS", self._tls),
            *([] if has_key else [("sign-in", self._sign_in)]),
            ("service", self._service),
            ("clock", self._clock),
            ("key" if has_key else "role", self._permission),
        ]

    def _connection_string(self) -> Found:
        if self._failure is None:
            try:
                self._client().close()
            except CommandError as error:
                self._failure = error
            except ValueError as error:
                return Found(
                    State.FAILED, str(error), "Copy it again from the resource's page in the portal, Keys.", USAGE
                )
            else:
                return Found(State.OK, f"{self._target.endpoint}, from {self._target.source}")
        what, _, remedy = str(self._failure).partition("\n")
        return Found(State.FAILED, what, remedy.replace("\n", " "), self._failure.code)

    def _client(self) -> "CommunicationIdentityClient":
        from acs_identity._versions import DEFAULT_API_VERSION

        return self._session.client(
            # A check says it.
            warns=False,
            # The one that is asked for stands in the URL: the client need not know it.
            api_version=DEFAULT_API_VERSION,
            connection_timeout=_TIMEOUT_SECONDS,
            read_timeout=3 * _TIMEOUT_SECONDS,
            retry_total=0,
            retry_connect=0,
        )

    @cached_property
    def _url(self) -> SplitResult:
        return urlsplit(self._target.endpoint)

    @cached_property
    def _proxy(self) -> SplitResult | None:
        from acs_identity._connections import origin_of, proxy_for

        proxy = proxy_for(origin_of(self._target.endpoint), None, use_env_settings=True)
        return urlsplit(proxy) if proxy else None

    @property
    def _peer(self) -> tuple[str, int]:
        """Host and port to connect to: those of the proxy where there is one."""
        url = self._proxy or self._url
        return url.hostname or "", url.port or (443 if url.scheme == "https" else 80)

    def _proxy_setting(self) -> Found:
        try:
            proxy, (host, port) = self._proxy, self._peer
            if proxy is None:
                return Found(State.OK, "none")
        except ValueError:
            host, port = "", 0
        if not host:
            return Found(
                State.FAILED,
                "the proxy in the environment is no URL",
                f"Write {self._url.scheme.upper()}_PROXY like http://proxy.contoso.com:8080",
                USAGE,
            )
        return Found(State.OK, f"{host}:{port}, from the environment")

    def _dns(self) -> Found:
        host, port = self._peer
        try:
            ipaddress.ip_address(host)
        except ValueError:
            pass
        else:
            return Found(State.SKIPPED, f"{host} is an address already")
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            remedy = (
                "Correct the proxy in the environment."
                if self._proxy
                else "Compare the endpoint with the portal. If it is right: is there a network?"
            )
            return Found(State.FAILED, f"{host} is not known: {_said(error)}", remedy, NO_CONNECTION)
        addresses = list(dict.fromkeys(str(address[0]) for *_, address in answers))
        return Found(State.OK, f"{host} is {', '.join(addresses[:3])}")

    def _connection(self) -> Found:
        host, port = self._peer
        try:
            socket.create_connection((host, port), _TIMEOUT_SECONDS).close()
        except OSError as error:
            remedy = (
                "HTTP_PROXY or HTTPS_PROXY names it; NO_PROXY names hosts that need none."
                if self._proxy
                else "Is it the right port, and does a firewall let it through? "
                "The emulator is started by: acs-identity emulator start"
            )
            return Found(State.FAILED, f"{host}:{port} does not answer: {_said(error)}", remedy, NO_CONNECTION)
        return Found(State.OK, f"{'the proxy ' if self._proxy else ''}{host}:{port} answers")

    def _tls(self) -> Found:
        from acs_identity._connections import ConnectionSettings
        from acs_identity._endpoint import is_loopback

        if self._url.scheme != "https":
            if is_loopback(self._target.endpoint):
                return Found(State.SKIPPED, "http to this machine needs none")
            return Found(State.WARNING, "the endpoint is http: others can read tokens", "Use https.")
        import certifi

        try:
            context = ConnectionSettings().tls(certifi.where())
        except OSError as error:
            return Found(
                State.FAILED,
                f"the authorities to trust cannot be read: {error}",
                "Correct REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE.",
                USAGE,
            )
        if self._proxy:
            return Found(State.SKIPPED, "through a proxy the request itself shows it")
        host, port = self._peer
        try:
            with (
                socket.create_connection((host, port), _TIMEOUT_SECONDS) as connection,
                context.wrap_socket(connection, server_hostname=host) as secured,
            ):
                return Found(State.OK, f"{secured.version()}, the certificate ends on {_end_of(secured)}")
        except ssl.SSLCertVerificationError as error:
            return Found(
                State.FAILED,
                f"the certificate is refused: {error.verify_message}",
                _certificate_remedy(error.verify_code),
                NO_CONNECTION,
            )
        except OSError as error:
            remedy = "Does the service speak https on that port? An emulator's ports for http and https differ."
            return Found(State.FAILED, f"there is no TLS: {_said(error)}", remedy, NO_CONNECTION)

    def _sign_in(self) -> Found:
        from azure.core.exceptions import AzureError

        from acs_identity._authentication import BEARER_SCOPE
        from acs_identity._redaction import redact

        credential: Any = self._target.credential()
        try:
            credential.get_token(BEARER_SCOPE)
        except AzureError as error:
            said = redact(str(error).strip().partition("\n")[0])
            remedy = "Sign in, for example by: az login. With an access key no sign-in is needed."
            return Found(State.FAILED, said, remedy, NO_CREDENTIAL)
        return Found(State.OK, "Entra gave a token")

    @cached_property
    def _answer(self) -> "tuple[HttpResponse, timedelta | None]":
        """The answer to the request, and how far the clock of the service is ahead."""
        from email.utils import parsedate_to_datetime

        from azure.core.rest import HttpRequest

        begin = datetime.now(UTC)
        with self._client() as client:
            answer = client.send_request(
                HttpRequest("POST", f"{self._target.endpoint}{_PATH}?api-version={self._session.version}")
            )
        end = datetime.now(UTC)
        try:
            date = parsedate_to_datetime(answer.headers["Date"])
            # It is cut to the second.
            return answer, date + timedelta(seconds=0.5) - (begin + (end - begin) / 2)
        except (KeyError, TypeError, ValueError):
            return answer, None

    @cached_property
    def _explanation(self) -> "Explanation":
        from azure.core.exceptions import HttpResponseError

        from acs_identity.diagnostics import explain

        return explain(HttpResponseError(response=self._answer[0]), access_key=self._target.key)

    def _service(self) -> Found:
        from azure.core.exceptions import AzureError

        from acs_identity._redaction import redact
        from acs_identity.diagnostics import Cause

        try:
            answer, _ = self._answer
        except AzureError as error:
            said = redact(str(error).strip().partition("\n")[0])
            remedy = (
                "The proxy may refuse it: ask who runs it, or name the service's host in NO_PROXY."
                if self._proxy
                else "Run this again. If it stays: what is on the way, a firewall or a gateway?"
            )
            return Found(State.FAILED, f"there is no answer: {said}", remedy, NO_CONNECTION)
        found = self._explanation
        head = f"{answer.status_code} {found.code or answer.reason or ''}".strip()
        if found.code is None and answer.status_code < 500 and answer.status_code != 429:
            return Found(
                State.FAILED,
                f"{head}: the answer is not one of Communication Services",
                "Compare the endpoint with the portal; look at proxies and gateways on the way.",
                NO_CONNECTION,
            )
        if found.cause in {Cause.NOT_THE_SERVICE, Cause.SERVICE_FAULT, Cause.API_VERSION}:
            code = NO_CONNECTION if found.cause is Cause.NOT_THE_SERVICE else REFUSED
            return Found(State.FAILED, f"{head}: {found.likely}", found.remedy, code)
        return Found(State.OK, f"{head}, the answer to: revoke the tokens of an identity that no resource has")

    def _clock(self) -> Found:
        from acs_identity.diagnostics import Cause

        _, offset = self._answer
        if offset is None:
            return Found(State.SKIPPED, "the answer has no date that can be read")
        seconds = round(abs(offset).total_seconds())
        detail = (
            f"the service is {seconds:,} s {'ahead' if offset > timedelta() else 'behind'}"
            if seconds > 1
            else "that of the service"
        )
        remedy = "Set this machine's clock; a time server keeps it right."
        if self._explanation.cause is Cause.CLOCK:
            return Found(State.FAILED, detail, remedy, REFUSED)
        if abs(offset) >= _CLOCK_WARNS:
            return Found(State.WARNING, detail, remedy)
        return Found(State.OK, detail)

    def _permission(self) -> Found:
        from acs_identity.diagnostics import Cause

        found = self._explanation
        if found.cause is Cause.THROTTLED:
            return Found(State.WARNING, found.likely, found.remedy)
        # It has looked at the id, and so after who asks.
        if found.cause in {Cause.INVALID_REQUEST, Cause.NOT_FOUND, Cause.NOT_OWNED}:
            return Found(State.OK, "the service accepts it")
        return Found(State.FAILED, found.likely, found.remedy, REFUSED)


def _said(error: OSError | UnicodeError) -> str:
    """Return what the system said, without its numbers."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no handshake").replace("_", " ").lower()
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _end_of(secured: ssl.SSLSocket) -> str:
    certificate = secured.getpeercert() or {}
    end = str(certificate.get("notAfter", ""))
    return f"{datetime.fromtimestamp(ssl.cert_time_to_seconds(end), UTC):%Y-%m-%d}" if end else "no known day"


def _certificate_remedy(code: int) -> str:
    if code in {_NOT_YET_VALID, _EXPIRED}:
        return "Is this machine's clock right? If it is, the service needs a new certificate."
    if code in _OTHER_NAMES:
        return "The certificate is for another host: compare the endpoint with the portal."
    return "If an emulator or a proxy has an authority of its own, name its file in REQUESTS_CA_BUNDLE."
