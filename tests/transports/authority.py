"""An authority of certificates that no machine trusts."""

import ssl
from datetime import datetime
from pathlib import Path
from typing import Any

import trustme


class Authority:
    """Issues certificates; the one to trust it with is the file `certificate`."""

    def __init__(self, folder: Path) -> None:
        # Its methods are typed for pyOpenSSL as well, which need not be there.
        self._ca: Any = trustme.CA()
        self.certificate = str(folder / "authority.pem")
        self._ca.cert_pem.write_to_path(self.certificate)

    def tls(self, *names: str, expires: datetime | None = None) -> ssl.SSLContext:
        """Return what a server of these names encrypts with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names, not_after=expires).configure_cert(context)
        return context

    def demand_certificates(self, context: ssl.SSLContext) -> None:
        """Let a server in only those who show a certificate of this authority."""
        self._ca.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED

    def write_client_files(self, name: str, folder: Path) -> tuple[str, str, str]:
        """Write the certificate of a client: in one file with its key, alone, and the key alone."""
        certificate = self._ca.issue_cert(name)
        both, alone, key = (str(folder / file) for file in ("both.pem", "certificate.pem", "key.pem"))
        certificate.private_key_and_cert_chain_pem.write_to_path(both)
        certificate.cert_chain_pems[0].write_to_path(alone)
        certificate.private_key_pem.write_to_path(key)
        return both, alone, key
