"""Whatever befalls a token credential or a token provider, nothing that a program could show holds a secret."""

import asyncio
import threading
from collections.abc import Callable
from inspect import isawaitable
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError
from opentelemetry.sdk.trace import ReadableSpan

import acs_identity
import acs_identity.aio

from .canaries import ENTRA_TOKEN, KEY, TOKEN, USER, Shown, watching
from .canned import COLOURS, ENDPOINT, AsyncTransport, Service, Transport, client_of
from .test_canaries import FAILURES, REPEATED
from .tokens import BOUND, NOW, jwt

Spans = Callable[[], list[ReadableSpan]]

# The public methods, and what they are called with. A method that is not here fails a test below.
CREDENTIAL: dict[str, tuple[Any, ...]] = {"get_token": ("scope",), "get_token_info": ("scope",), "close": ()}
PROVIDER: dict[str, tuple[Any, ...]] = {
    "get_token": (USER, ["chat"]),
    "refresher": (USER, ["chat"]),
    "credential": (USER, ["chat"]),
    "forget": (USER,),
}
WRONG_ANSWERS: list[Any] = [
    TOKEN,
    (TOKEN, USER),
    {"token": TOKEN},
    AccessToken(TOKEN, 0),
    AccessToken(f"{TOKEN} {USER}", NOW + 3600),
    AccessToken([TOKEN], NOW + 3600),  # type: ignore[arg-type]
    AccessToken(TOKEN, TOKEN),  # type: ignore[arg-type]
    AccessToken(TOKEN, float("nan")),  # type: ignore[arg-type]
]
LIVE = jwt({"exp": NOW + 60, "canary": USER})
NO_TOKENS = [TOKEN, f"{LIVE} ", f"Bearer {LIVE}", f"{ENTRA_TOKEN}\n", jwt({"exp": TOKEN}), jwt([USER]), USER, KEY]


@pytest.fixture(params=COLOURS)
def colour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def package_of(colour: str) -> Any:
    return acs_identity if colour == "sync" else acs_identity.aio


async def settled(given: Any) -> Any:
    return await given if isawaitable(given) else given


async def attempt(shown: Shown, where: str, call: Callable[..., Any], *arguments: Any) -> Any:
    """Do something, and note what it raises and what its result shows of itself."""
    try:
        result = await settled(call(*arguments))
    except (AzureError, RuntimeError, TimeoutError, TypeError, ValueError) as error:
        shown.add_error(f"error of {where}", error)
        return None
    shown.add(f"result of {where}", f"{result!r} {result}")
    return result


def refresher_of(colour: str, answer: Any) -> Callable[[], Any]:
    def refresh() -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def refresh_async() -> Any:
        return refresh()

    return refresh if colour == "sync" else refresh_async


def public_methods(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("_")}


def test_every_public_method_is_driven_here(colour: str) -> None:
    assert public_methods(package_of(colour).CommunicationTokenCredential) == CREDENTIAL.keys()
    assert public_methods(package_of(colour).TokenProvider) == PROVIDER.keys()


async def test_no_text_that_is_not_a_token_is_shown(colour: str, spans: Spans) -> None:
    with watching(spans) as shown:
        for text in NO_TOKENS:
            await attempt(shown, "a credential", package_of(colour).CommunicationTokenCredential, text)
    assert shown.leaks == {}
    assert len(shown.of("error of a credential, str").splitlines()) == len(NO_TOKENS)


async def test_no_wrong_answer_of_a_refresher_is_shown(colour: str, spans: Spans) -> None:
    with watching(spans) as shown:
        for answer in WRONG_ANSWERS:
            for token in (None, LIVE):
                credential = package_of(colour).CommunicationTokenCredential(
                    token, token_refresher=refresher_of(colour, answer), clock=lambda: NOW
                )
                shown.add("repr of a credential", repr(credential))
                for method, arguments in CREDENTIAL.items():
                    await attempt(shown, method, getattr(credential, method), *arguments)
    assert shown.leaks == {}
    assert "could not be refreshed" in shown.of("log of acs_identity")
    assert "must return an AccessToken" in shown.of("error of get_token")


async def test_the_error_of_a_refresher_is_logged_by_its_type_alone(colour: str, spans: Spans) -> None:
    refresher = refresher_of(colour, ConnectionError(REPEATED))
    with watching(spans) as shown:
        for proactive in (False, True):
            credential = package_of(colour).CommunicationTokenCredential(
                LIVE, token_refresher=refresher, proactive_refresh=proactive, clock=lambda: NOW
            )
            await attempt(shown, "get_token", credential.get_token)
            await settled(credential.close())
    assert shown.leaks == {}
    assert "ConnectionError" in shown.of("log of acs_identity")


async def test_no_token_that_was_refreshed_is_shown(colour: str, spans: Spans) -> None:
    refresher = refresher_of(colour, AccessToken(TOKEN, NOW + 3600))
    with watching(spans) as shown:
        credential = package_of(colour).CommunicationTokenCredential(token_refresher=refresher, clock=lambda: NOW)
        for method, arguments in CREDENTIAL.items():
            await attempt(shown, method, getattr(credential, method), *arguments)
        shown.add("repr of a credential", repr(credential))
    assert shown.leaks == {}
    assert [method for method in CREDENTIAL if not shown.of(f"result of {method}")] == []


async def test_no_refresher_that_does_not_return_shows_a_secret(colour: str, spans: Spans) -> None:
    release = threading.Event()

    def refresh() -> Any:
        release.wait(BOUND)
        raise ConnectionError(REPEATED)

    async def refresh_async() -> Any:
        await asyncio.Event().wait()

    with watching(spans) as shown:
        credentials = [
            package_of(colour).CommunicationTokenCredential(
                token,
                token_refresher=refresh if colour == "sync" else refresh_async,
                refresh_timeout=0.05,
                clock=lambda: NOW,
            )
            for token in (None, LIVE)
        ]
        for credential in credentials:
            await attempt(shown, "get_token", credential.get_token)
        release.set()
        for thread in threading.enumerate():
            # Closing waits for no thread that is past its deadline, but what it logs is to be seen.
            if thread.name == "acs-identity refresh":
                thread.join(BOUND)
        for credential in credentials:
            await settled(credential.close())
    assert shown.leaks == {}
    assert "within 0.05 s, and there is no live one" in shown.of("error of get_token")
    assert ("ConnectionError" if colour == "sync" else "TimeoutError") in shown.of("log of acs_identity")
    assert shown.of("result of get_token")


class _EntraCredential:
    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken(ENTRA_TOKEN, NOW + 3600)


class _AsyncEntraCredential:
    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken(ENTRA_TOKEN, NOW + 3600)


async def test_no_exchange_that_fails_shows_a_secret(colour: str, spans: Spans) -> None:
    transport: Any = Transport if colour == "sync" else AsyncTransport
    with watching(spans) as shown:
        for failure in FAILURES.values():
            credential = package_of(colour).CommunicationTokenCredential(
                resource_endpoint=ENDPOINT,
                token_credential=_EntraCredential() if colour == "sync" else _AsyncEntraCredential(),
                transport=transport(Service(failure)),
                retry_total=0,
                redirect_max=0,
            )
            shown.add("repr of a credential", repr(credential))
            await attempt(shown, "get_token", credential.get_token)
            await settled(credential.close())
    assert shown.leaks == {}
    assert shown.of("error of get_token")
    assert "CommunicationTokenCredential.exchange" in shown.of("span")
    assert "EntraOperations" not in shown.of("span")


async def test_no_provider_that_fails_shows_a_secret(colour: str, spans: Spans) -> None:
    with watching(spans) as shown:
        for failure in FAILURES.values():
            async with client_of(colour, Service(failure), credential=KEY, retry_total=0, redirect_max=0) as client:
                provider = package_of(colour).TokenProvider(client.client)
                shown.add("repr of the provider", repr(provider))
                for method, arguments in PROVIDER.items():
                    result = await attempt(shown, method, getattr(provider, method), *arguments)
                    if method == "refresher":
                        await attempt(shown, "the refresher", result)
                    if method == "credential":
                        await attempt(shown, "the credential", result.get_token)
                        await settled(result.close())
    assert shown.leaks == {}
    assert all(shown.of(f"error of {where}") for where in ("get_token", "the refresher", "the credential"))


async def test_no_argument_of_a_provider_is_shown(colour: str, spans: Spans) -> None:
    with watching(spans) as shown:
        async with client_of(colour, Service(), credential=KEY) as client:
            provider = package_of(colour).TokenProvider(client.client)
            mistakes: list[tuple[Any, ...]] = [(TOKEN, ["chat"]), ([USER], ["chat"]), (USER, USER), (USER, [[TOKEN]])]
            for arguments in mistakes:
                for method in ("get_token", "refresher", "credential"):
                    await attempt(shown, method, getattr(provider, method), *arguments)
            await attempt(shown, "forget", provider.forget, TOKEN)
            await attempt(shown, "a provider", package_of(colour).TokenProvider, TOKEN)
    assert shown.leaks == {}
    assert "result of" not in str(shown.texts)
