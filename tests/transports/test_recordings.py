"""What was recorded by vcrpy through a transport plays back where there is no server."""

import gzip
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from .conftest import MakeCaller
from .wire import WireServer, answer

BODY = b'{"name": "Gr\xc3\xbc\xc3\x9fe"}'


def cassette(folder: Path, mode: str) -> Any:
    # It has no types.
    vcr: Any = import_module("vcr")
    return vcr.use_cassette(str(folder / "cassette.yaml"), record_mode=mode)


@pytest.mark.parametrize(
    ("body", "headers"), [(BODY, ()), (gzip.compress(BODY), ("Content-Encoding: gzip",))], ids=["plain", "gzipped"]
)
@pytest.mark.parametrize("stream", [False, True], ids=["read", "streamed"])
async def test_a_recorded_call_plays_back_without_a_server(
    make_caller: MakeCaller, tmp_path: Path, body: bytes, headers: tuple[str, ...], *, stream: bool
) -> None:
    async def call(mode: str, url: str) -> tuple[int, str, str, bytes]:
        caller = make_caller()
        with cassette(tmp_path, mode):
            response = await caller.send("POST", url, json={"a": 1}, call={"stream": stream})
            content = b"".join(await caller.parts(response))
        await caller.close()
        return response.status_code, response.reason, response.headers["X-Kept"], content

    with WireServer() as server:
        server.will(answer(body, "X-Kept: 1", *headers, status="201 Created"))
        url = server.url("/identities/8:acs:1?api-version=1")
        recorded = await call("once", url)
        assert len(server.received) == 1

    assert recorded == (201, "Created", "1", BODY)
    assert await call("none", url) == recorded


async def test_what_was_not_recorded_does_not_play_back(make_caller: MakeCaller, tmp_path: Path) -> None:
    with WireServer() as server:
        with cassette(tmp_path, "once"):
            await make_caller().get(server.url("/recorded"))
        with cassette(tmp_path, "none"), pytest.raises(Exception, match=r"(?s)cassette.*/another"):
            await make_caller().get(server.url("/another"))

        assert [request.target for request in server.received] == ["/recorded"]
