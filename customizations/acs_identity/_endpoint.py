"""Endpoints and connection strings: what the portal shows, made into what a client needs."""

import ipaddress
from typing import Final
from urllib.parse import SplitResult, urlsplit

_EXPECTED = "It has the form endpoint=https://<resource>.communication.azure.com/;accesskey=<key>"
DEFAULT_PORTS = {"http": 80, "https": 443}

DEVELOPMENT_ENDPOINT: Final = "http://127.0.0.1:10100"
# Public, and of no use anywhere but at the emulator.
DEVELOPMENT_ACCESS_KEY: Final = "YWNzLWlkZW50aXR5IGVtdWxhdG9yIGRldmVsb3BtZW50IGtleTogb3BlbnMgbm90aGluZyBlbHNl"
_DEVELOPMENT = "usedevelopmentcommunication"


def normalize_endpoint(endpoint: str) -> str:
    """Return the endpoint as scheme, host and, when it is not the default one, port, without a trailing slash.

    Without a scheme, https is meant. A path is kept, since a gateway may serve the resource below one.

    Raises:
        TypeError: It is not a text.
        ValueError: It has no host, a scheme other than http and https, a port that is not a number, or a user, query
            or fragment.

    >>> normalize_endpoint("HTTPS://Contoso.Communication.Azure.com:443/")
    'https://contoso.communication.azure.com'
    >>> normalize_endpoint("localhost:8080")
    'https://localhost:8080'
    """
    if not isinstance(endpoint, str):
        raise TypeError(f"The endpoint must be a str, not {type(endpoint).__name__}.")
    text = endpoint.strip()
    if text.lower().startswith("endpoint=") or "accesskey=" in text.lower():
        raise ValueError("The endpoint is a whole connection string. Use from_connection_string for it.")
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        authority = authority_of(parts)
    except ValueError:
        # The cause would repeat the endpoint, which may be a whole connection string put in the wrong place.
        raise ValueError("The endpoint is not a URL: its host or port is malformed.") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError("The endpoint must start with https:// or http://.")
    if not parts.hostname or any(character in authority for character in " ;=\\"):
        raise ValueError("The endpoint has no valid host. It looks like https://<resource>.communication.azure.com")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("The endpoint must not hold a user, a query or a fragment.")
    return f"{parts.scheme}://{authority}{parts.path.rstrip('/')}"


def authority_of(parts: SplitResult) -> str:
    """Return host and port as the Host header carries them: lower case, without the scheme's default port."""
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if parts.port is None or parts.port == DEFAULT_PORTS.get(parts.scheme):
        return host
    return f"{host}:{parts.port}"


def is_loopback(endpoint: str) -> bool:
    """Tell whether the endpoint is on this machine: localhost, a name below it, 127.0.0.0/8 or ::1.

    >>> is_loopback("http://127.0.0.1:10100"), is_loopback("https://contoso.communication.azure.com")
    (True, False)
    """
    host = urlsplit(endpoint).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_connection_string(connection_string: str) -> tuple[str, str]:
    """Return endpoint and access key of a connection string.

    Names are taken in any order and case, with blanks around them and around values. No error shows the string.

    ``UseDevelopmentCommunication=true`` stands for the emulator on this machine: ``http://127.0.0.1:10100``, where
    ``acs-identity emulator start`` listens, and its well-known access key. Nothing else may stand beside it.

    Raises:
        TypeError: It is not a text.
        ValueError: A part is missing, empty or given twice, the endpoint is not valid, it stands in quotation marks, or
            UseDevelopmentCommunication is not true or not alone.

    >>> parse_connection_string("Endpoint=https://contoso.communication.azure.com/; AccessKey=c2VjcmV0")
    ('https://contoso.communication.azure.com', 'c2VjcmV0')
    >>> parse_connection_string("UseDevelopmentCommunication=true")[0]
    'http://127.0.0.1:10100'
    """
    if not isinstance(connection_string, str):
        raise TypeError(f"The connection string must be a str, not {type(connection_string).__name__}.")
    if not connection_string.strip():
        raise ValueError(f"The connection string is empty. {_EXPECTED}")
    if connection_string.strip()[0] in "\"'":
        raise ValueError(f"The connection string is in quotation marks, which are no part of it. {_EXPECTED}")
    members = [part.partition("=") for part in connection_string.split(";") if part.strip()]
    named = [(name.strip().lower(), value.strip()) for name, _, value in members]
    if any(name == _DEVELOPMENT for name, _ in named):
        if len(named) > 1:
            raise ValueError(
                "UseDevelopmentCommunication=true stands alone in a connection string. Leave out the rest, or give "
                "endpoint and accesskey instead of it."
            )
        if named[0][1].lower() != "true":
            raise ValueError(
                "UseDevelopmentCommunication can only be true. For a resource in Azure give endpoint and accesskey "
                "instead of it."
            )
        return DEVELOPMENT_ENDPOINT, DEVELOPMENT_ACCESS_KEY
    values: dict[str, str] = {}
    for name, value in named:
        if name not in ("endpoint", "accesskey"):
            continue
        if name in values:
            raise ValueError(f"The connection string gives {name} twice. {_EXPECTED}")
        values[name] = value
    missing = [name for name in ("endpoint", "accesskey") if not values.get(name)]
    if missing:
        raise ValueError(f"The connection string lacks {' and '.join(missing)}. {_EXPECTED}")
    return normalize_endpoint(values["endpoint"]), values["accesskey"]
