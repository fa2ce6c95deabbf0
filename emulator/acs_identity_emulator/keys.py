"""The RSA keys that tokens are signed with, made when they are first needed."""

import base64
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from .store import Store

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

    def verifies(self, data: bytes, signature: bytes) -> bool:
        """Whether it is an RS256 signature of this key."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        try:
            self.private.public_key().verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    def public_jwk(self) -> dict[str, str]:
        """The public key as a JSON Web Key (RFC 7517)."""
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "x5t": self.x5t,
            "n": base64url(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
            "e": base64url(numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, "big")),
        }

    def to_pem(self) -> str:
        """The private key as PEM text (PKCS #8), a secret."""
        from cryptography.hazmat.primitives import serialization

        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode("ascii")

    @classmethod
    def from_pem(cls, pem: str, thumbprint: bytes) -> "SigningKey":
        """Read a private key.

        Raises:
            ValueError: The text is no RSA private key of at least 2048 bits, or one with a password.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        try:
            private = serialization.load_pem_private_key(pem.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # The cause may quote the key.
            raise ValueError("The text is not a private key in PEM without password.") from None
        if not isinstance(private, rsa.RSAPrivateKey) or private.key_size < 2048:
            raise ValueError("The private key is not an RSA key of at least 2048 bits.")
        return cls(private, thumbprint)


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


# What every emulator of this process begins with: making a key takes longer than a test.
ACCESS_TOKEN_KEY = LazyKey("access tokens of the ACS identity emulator")
ENTRA_KEY = LazyKey("Entra ID of the ACS identity emulator")

KeyName = Literal["access_tokens", "entra"]

FIRST_KEYS: Final[dict[KeyName, LazyKey]] = {"access_tokens": ACCESS_TOKEN_KEY, "entra": ENTRA_KEY}
"""What signs until other keys are imported, by what it signs."""


class SigningKeys:
    """The signing keys of one resource. Safe to use from several threads.

    Args:
        store: Where they are kept, so that every process that shares it signs with the same ones.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loaded: dict[KeyName, tuple[tuple[str, str], SigningKey]] = {}

    def get(self, name: KeyName) -> SigningKey:
        """Return a key; the first process that needs it stores its own one."""
        with self._store.session():
            stored = self._read(name) or self._store_first(name)
            loaded = self._loaded.get(name)
            if loaded is None or loaded[0] != stored:
                thumbprint, private_key = stored
                loaded = stored, SigningKey.from_pem(private_key, bytes.fromhex(thumbprint))
                self._loaded[name] = loaded
            return loaded[1]

    def _store_first(self, name: KeyName) -> tuple[str, str]:
        key = FIRST_KEYS[name].get()
        row = (key.thumbprint.hex(), key.to_pem())
        self._loaded[name] = row, key
        self._store.execute(
            "INSERT OR IGNORE INTO signing_keys (name, thumbprint, private_key) VALUES (?, ?, ?)", (name, *row)
        )
        # Another process may have been faster.
        return self._read(name) or row

    def _read(self, name: KeyName) -> tuple[str, str] | None:
        find = "SELECT thumbprint, private_key FROM signing_keys WHERE name = ?"
        row: tuple[str, str] | None = self._store.execute(find, (name,)).fetchone()
        return row


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
    for key in FIRST_KEYS.values():
        key.get()
