"""Keeps what plays back off the network; this machine itself can be reached."""

import ipaddress
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, cast

_TARGETS = "--acs-target=emulator or --acs-target=live"


class NetworkInPlaybackError(RuntimeError):
    """Something tried to reach the network while a cassette was played back."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"This test plays back a cassette and needs no network, but something tried to reach {host}. "
            f"What vcrpy cannot play back has to be replaced in the test; to reach a service, run it with {_TARGETS}."
        )


@contextmanager
def no_network() -> Generator[None]:
    """Refuse every connection and every look-up of a name that leads away from this machine."""
    real: Any = socket.socket
    originals = {name: getattr(real, name) for name in ("connect", "connect_ex")}
    look_up = socket.getaddrinfo

    def refusing(original: Callable[..., Any]) -> Callable[..., Any]:
        def connect(self: socket.socket, address: object) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                _check(str(cast("tuple[object, ...]", address)[0]))
            return original(self, address)

        return connect

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        if host:
            _check(host.decode("ascii", "replace") if isinstance(host, bytes) else str(host))
        return look_up(host, *arguments, **options)

    for name, original in originals.items():
        setattr(real, name, refusing(original))
    socket.getaddrinfo = getaddrinfo
    try:
        yield
    finally:
        socket.getaddrinfo = look_up
        for name, original in originals.items():
            setattr(real, name, original)


def _check(host: str) -> None:
    if host.rstrip(".").lower() == "localhost":
        return
    try:
        is_here = ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        is_here = False
    if not is_here:
        raise NetworkInPlaybackError(host)
