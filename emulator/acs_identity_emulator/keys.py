"""The RSA keys that tokens are signed with, made when they are first needed and shared by the whole process."""

import base64
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An RSA key with the SHA-1 thumbprint of a certificate of it.

    Attributes:
        private: The key, 2048 bits.
        thumbprint: The 20 bytes of the SHA-1 thumbprint of a self-signed certificate.
    """

    private: "rsa.RSAPrivateKey"
    thumbprint: bytes

    @property
    def kid(self) -> str:
        """The thumbprint in upper-case hexadecimal, 40 characters."""
        return self.thumbprint.hex().upper()

    @property
    def x5t(self) -> str:
        """The thumbprint in base64url without padding, 27 characters."""
        return base64url(self.thumbprint)

    def sign(self, data: bytes) -> bytes:
        """Return the RS256 signature."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())


class LazyKey:
    """A signing key that is made at its first use; safe to use from several threads."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._key: SigningKey | None = None

    def get(self) -> SigningKey:
        """Return the key, always the same one."""
        with self._lock:
            self._key = self._key or _make_key(self._name)
            return self._key


# One key for the whole process: making one takes longer than a test.
ACCESS_TOKEN_KEY = LazyKey("access tokens of the ACS identity emulator")
ENTRA_KEY = LazyKey("Entra ID of the ACS identity emulator")


def base64url(data: bytes) -> str:
    """Return the base64url text without padding.

    >>> base64url(b"{}")
    'e30'
    """
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _make_key(name: str) -> SigningKey:
    # Loading cryptography takes longer than everything else in this package.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(private, hashes.SHA256())
    )
    return SigningKey(private, certificate.fingerprint(hashes.SHA1()))  # noqa: S303 - the header member is defined so


def make_keys() -> None:
    """Make every key that is not there yet, so that no token has to wait for its key."""
    for key in (ACCESS_TOKEN_KEY, ENTRA_KEY):
        key.get()
