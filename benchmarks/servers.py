"""The servers that are compared, each in a process of its own: ``python -m benchmarks.servers KIND CORE``.

Prints its port and ends with its standard input.
"""

import os
import sys
import threading
from collections.abc import Callable

TOKEN_BYTES = 600
"""About as many bytes as an access token has before its signature."""


def serve(kind: str) -> Callable[[], int]:
    """Start a server and return what gives its port."""
    if kind in ("emulator", "limited"):
        from acs_identity_emulator import Emulator, EmulatorServer

        emulator = Emulator()
        if kind == "limited":
            emulator.limits.set()
        server = EmulatorServer(emulator)
        server.start()
        return lambda: int(server.endpoint.rpartition(":")[2])
    return _serve_starlette(with_signature=kind == "signing")


def _serve_starlette(*, with_signature: bool) -> Callable[[], int]:
    import socket

    import uvicorn
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    async def bare(_: Request) -> JSONResponse:
        return JSONResponse({"identity": {"id": "8:acs:" + "0" * 73}}, 201)

    async def signing(_: Request) -> JSONResponse:
        signature = key.sign(b"x" * TOKEN_BYTES, padding.PKCS1v15(), hashes.SHA256())
        return JSONResponse({"token": "x" * TOKEN_BYTES + signature.hex(), "expiresOn": "0" * 33})

    app = Starlette(routes=[Route("/identities", signing if with_signature else bare, methods=["POST"])])
    listener = socket.create_server(("127.0.0.1", 0))
    # The settings of the emulator's own server.
    config = uvicorn.Config(
        app, http="httptools", loop=_loop(), ws="none", lifespan="off", log_config=None, log_level="error",
        access_log=False, proxy_headers=False, server_header=False, date_header=False, timeout_keep_alive=60,
    )  # fmt: skip
    threading.Thread(target=uvicorn.Server(config).run, args=([listener],), daemon=True).start()
    return lambda: int(listener.getsockname()[1])


def _loop() -> str:
    return "asyncio" if sys.platform == "win32" else "uvloop"


def pin(core: int) -> None:
    """Keep this process on one core, where the system can."""
    if sys.platform == "linux" and core in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {core})


if __name__ == "__main__":
    pin(int(sys.argv[2]))
    print(serve(sys.argv[1])(), flush=True)
    sys.stdin.read()
