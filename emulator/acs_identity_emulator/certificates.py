"""Certificates for HTTPS on this machine: an authority to trust, made once and kept, and a certificate from it."""

import ipaddress
import os
import shutil
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from .times import utc_now

NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1", "emulator.localhost", "*.emulator.localhost"})
"""The names that every certificate made here is for."""

_LIFETIME = timedelta(days=365)
_RENEWED_BEFORE_END = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files of a certificate, in PEM form.

    Attributes:
        chain: The certificate of the server, followed by those between it and the authority.
        key: Its private key, without a password.
        authority: The certificate that clients have to trust; None when that is up to them.
    """

    chain: Path
    key: Path
    authority: Path | None = None

    def check(self) -> None:
        """Make sure that the files can be used.

        Raises:
            ValueError: A file cannot be read, is no PEM file or wants a password, or the key is of another
                certificate.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            # Without a password of ours OpenSSL would ask for one at the terminal.
            context.load_cert_chain(self.chain, self.key, password="")
        except ssl.SSLError as error:
            raise ValueError(
                f"{self.chain} and {self.key} are not a certificate and its private key, in PEM form and without a "
                f"password ({error.reason or 'the key is encrypted'})."
            ) from error
        except OSError as error:
            raise ValueError(f"{self.chain} or {self.key} cannot be read: {error.strerror}.") from error


def state_folder() -> Path:
    """Return where the emulator keeps what outlives it on this machine; the folder need not be there.

    That is ``acs-identity-emulator`` in ``XDG_STATE_HOME`` (``~/.local/state`` when it is not set), on Windows in
    ``LOCALAPPDATA`` and on macOS in ``~/Library/Application Support``.

    Raises:
        OSError: The user has no home.
    """
    try:
        home = Path.home()
    except RuntimeError as error:
        raise OSError(str(error)) from error
    if sys.platform == "win32":
        parent, default = os.environ.get("LOCALAPPDATA", ""), home / "AppData" / "Local"
    elif sys.platform == "darwin":
        parent, default = "", home / "Library" / "Application Support"
    else:
        parent, default = os.environ.get("XDG_STATE_HOME", ""), home / ".local" / "state"
    # The XDG specification has relative paths ignored.
    return (Path(parent) if Path(parent).is_absolute() else default) / "acs-identity-emulator"


def local_certificate(
    folder: Path | None = None, names: Iterable[str] = (), *, clock: Callable[[], datetime] = utc_now
) -> Certificate:
    """Return a certificate for this machine, the one in the folder as long as it will do.

    A new one comes with a new authority, and is made when there is none, when it ends within a week or when a name is
    missing. The private key of the authority is never written: nobody can make another certificate that those who
    trust the authority would trust.

    Args:
        folder: Where the certificate is kept, in ``https``; by default `state_folder`. Made when it is not there,
            readable by its owner only.
        names: Host names and IP addresses besides `NAMES`.
        clock: Gives the present time, in UTC.

    Raises:
        OSError: The folder cannot be read or written.
        ValueError: One of the names is neither a host name nor an IP address.
    """
    target = (state_folder() if folder is None else folder) / "https"
    certificate = Certificate(target / "certificate.pem", target / "key.pem", target / "ca.pem")
    is_there = target.exists()
    covered = _covered_names(certificate, clock())
    wanted = {_normal_name(name) for name in names}
    if not covered or not wanted <= covered:
        _make(target, NAMES | covered | wanted, clock() + _LIFETIME, replace=is_there)
    return certificate


def _normal_name(name: str) -> str:
    """The name as a certificate holds it."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        # A name that is none is a UnicodeError, and so a ValueError.
        return name.lower().rstrip(".").encode("idna").decode("ascii")


def _covered_names(certificate: Certificate, now: datetime) -> set[str]:
    """The names of a certificate that can be used still; none when it cannot."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    if certificate.authority is None or not certificate.authority.exists():
        return set()
    try:
        certificate.check()
        leaf = x509.load_pem_x509_certificate(certificate.chain.read_bytes())
        leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(certificate.authority.read_bytes()))
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return set()
    if not leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc - _RENEWED_BEFORE_END:
        return set()
    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    return addresses | set(names.get_values_for_type(x509.DNSName))


def _make(target: Path, names: Iterable[str], end: datetime, *, replace: bool) -> None:
    import trustme

    authority = trustme.CA(organization_name="acs-identity emulator", organization_unit_name="this machine only")
    leaf = authority.issue_cert(*sorted(names), not_after=end)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The three files appear at once, so that programs which start together agree on them.
    folder = Path(tempfile.mkdtemp(prefix=".https-", dir=target.parent))
    try:
        _write(folder / "certificate.pem", b"".join(part.bytes() for part in leaf.cert_chain_pems))
        _write(folder / "key.pem", leaf.private_key_pem.bytes())
        _write(folder / "ca.pem", authority.cert_pem.bytes())
        if replace:
            target.rename(folder / "before")
        try:
            folder.rename(target)
        except OSError:
            # Another program was faster: its files are as good.
            if not target.exists():
                raise
        shutil.rmtree(target / "before", ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
