"""What both transports know of connections: their settings, the proxy to a host, and TLS."""

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

Verify = bool | str | os.PathLike[str]
Certificate = str | os.PathLike[str] | tuple[str | os.PathLike[str], str | os.PathLike[str]] | None
Proxies = Mapping[str, str]


@dataclass(frozen=True)
class ConnectionSettings:
    """How a transport connects, under the names that azure-core has for it.

    Raises:
        TypeError: A timeout or the size of the pool is no number.
        ValueError: It is not above zero.
    """

    connection_timeout: float | None = 300
    read_timeout: float | None = 300
    connection_verify: Verify = True
    connection_cert: Certificate = None
    connection_pool_size: int = 100
    proxies: Proxies | None = None
    use_env_settings: bool = True

    def __post_init__(self) -> None:
        for name in ("connection_timeout", "read_timeout", "connection_pool_size"):
            value: Any = getattr(self, name)
            if value is None and name != "connection_pool_size":
                continue
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise TypeError(f"{name} must be a number, not {type(value).__name__}.")
            if value <= 0:
                raise ValueError(f"{name} must be above zero, not {value}.")

    def for_call(self, options: dict[str, Any]) -> Self:
        """Return the settings for one call with options of its own.

        Raises:
            TypeError: There is no such option.
        """
        return replace(self, **options) if options else self

    @cached_property
    def way(self) -> tuple[Any, ...]:
        """What tells connections apart that must not serve for one another."""
        proxies = tuple(self.proxies.items()) if self.proxies else None
        return self.connection_verify, self.connection_cert, proxies, self.use_env_settings

    def proxy(self, origin: str) -> str | None:
        """Return the URL of the proxy to an origin; None where the way is direct."""
        return proxy_for(origin, self.proxies, use_env_settings=self.use_env_settings)

    def tls(self, default_ca: str | None = None) -> ssl.SSLContext:
        """Return the TLS context, with other certificates than the system's to verify with where that is the default.

        Raises:
            OSError: A file cannot be read; the text names it.
            ssl.SSLError: A file holds no certificate or no key.
        """
        verify = self.connection_verify
        if verify is True and self.use_env_settings:
            # The variables that requests knows.
            verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        if verify is True:
            verify = default_ca or True
        certificate = self.connection_cert or ()
        files = certificate if isinstance(certificate, tuple) else (certificate,)
        return _tls_context(
            verify if isinstance(verify, bool) else os.fspath(verify), tuple(os.fspath(file) for file in files)
        )


_ORIGIN = re.compile(r"https?://[^/?#]+", re.IGNORECASE)
SETTINGS = tuple(field.name for field in fields(ConnectionSettings))


def origin_of(url: str) -> str:
    """Return scheme, host and port of an absolute URL, as they are written.

    Raises:
        ValueError: The URL is not one of http or https, or has no host.

    >>> origin_of("https://contoso.communication.azure.com/identities?api-version=2026-09-23")
    'https://contoso.communication.azure.com'
    """
    found = _ORIGIN.match(url)
    if found is None:
        raise ValueError("The URL must start with http:// or https:// and a host.")
    return found[0]


def proxy_for(origin: str, proxies: Proxies | None, *, use_env_settings: bool) -> str | None:
    """Return the URL of the proxy to an origin; None where the way is direct.

    Args:
        origin: Scheme, host and port.
        proxies: URLs by scheme, or by scheme and host as requests has it; they go before the environment.
        use_env_settings: Whether HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY count, in any case, or what the
            system has in their place.
    """
    parts = urlsplit(origin)
    names = [f"{parts.scheme}://{parts.hostname}", parts.scheme, f"all://{parts.hostname}", "all"]
    proxy = next((proxies[name] for name in names if proxies and name in proxies), None)
    if proxy is None and use_env_settings:
        # Only the first call to a host needs it.
        from urllib.request import getproxies, proxy_bypass

        found = getproxies()
        proxy = None if proxy_bypass(parts.netloc.rpartition("@")[2]) else found.get(parts.scheme, found.get("all"))
    if not proxy:
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


@cache
def _tls_context(verify: bool | str, certificate: tuple[str, ...]) -> ssl.SSLContext:
    """Return a TLS context; the same one for the same settings, since it takes long to make."""
    ca = Path(verify) if isinstance(verify, str) else None
    if ca is not None and not ca.exists():
        raise FileNotFoundError(f"There is no file or folder of certificates at {ca}.")
    if ca is not None and ca.is_dir():
        context = ssl.create_default_context(capath=str(ca))
    else:
        context = ssl.create_default_context(cafile=ca)
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(*certificate)
    return context
