"""A connection string as people paste it gives endpoint and key; a wrong one says what is wrong and shows no key."""

import inspect
import string
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs_identity import CommunicationIdentityClient
from acs_identity._endpoint import is_loopback, normalize_endpoint, parse_connection_string
from acs_identity_emulator import DEVELOPMENT_ACCESS_KEY, Emulator, EmulatorServer
from acs_identity_emulator.commands.start import running

KEY = "c2VjcmV0LWtleS10aGF0LW5vYm9keS1zZWVz"
ENDPOINT = "https://contoso.communication.azure.com"


@pytest.mark.parametrize(
    "connection_string",
    [
        f"endpoint={ENDPOINT}/;accesskey={KEY}",
        f"endpoint={ENDPOINT};accesskey={KEY}",
        f"accesskey={KEY};endpoint={ENDPOINT}/",
        f"Endpoint={ENDPOINT}/;AccessKey={KEY}",
        f" endpoint = {ENDPOINT}/ ; accesskey = {KEY} ",
        f"endpoint={ENDPOINT}/;accesskey={KEY};",
        f"endpoint={ENDPOINT}/;accesskey={KEY}\n",
        f"endpoint=contoso.communication.azure.com;accesskey={KEY}",
        f"endpoint=HTTPS://Contoso.Communication.Azure.Com:443/;accesskey={KEY}",
    ],
)
def test_a_connection_string_is_taken_as_people_write_it(connection_string: str) -> None:
    assert parse_connection_string(connection_string) == (ENDPOINT, KEY)


def test_plain_http_is_kept_so_that_an_emulator_can_be_used() -> None:
    assert parse_connection_string(f"endpoint=http://127.0.0.1:10100/;accesskey={KEY}")[0] == "http://127.0.0.1:10100"


@pytest.mark.parametrize(
    "connection_string",
    [
        "UseDevelopmentCommunication=true",
        "usedevelopmentcommunication=TRUE",
        " UseDevelopmentCommunication = True ; ",
        ";UseDevelopmentCommunication=true;;\n",
    ],
)
def test_the_short_connection_string_means_the_emulator_of_this_machine(connection_string: str) -> None:
    port = inspect.signature(running).parameters["port"].default
    assert parse_connection_string(connection_string) == (f"http://127.0.0.1:{port}", DEVELOPMENT_ACCESS_KEY)


@pytest.mark.parametrize(
    ("connection_string", "what"),
    [
        ("UseDevelopmentCommunication=false", "can only be true"),
        ("UseDevelopmentCommunication=", "can only be true"),
        ("UseDevelopmentCommunication", "can only be true"),
        ("UseDevelopmentCommunication=1", "can only be true"),
        (f"UseDevelopmentCommunication=true;accesskey={KEY}", "stands alone"),
        (f"endpoint={ENDPOINT};accesskey={KEY};UseDevelopmentCommunication=true", "stands alone"),
        ("UseDevelopmentCommunication=true;UseDevelopmentCommunication=true", "stands alone"),
        ("UseDevelopmentCommunication=true;x", "stands alone"),
        ("UseDevelopmentStorage=true", "lacks endpoint and accesskey"),
    ],
)
def test_the_short_connection_string_is_true_and_stands_alone(connection_string: str, what: str) -> None:
    with pytest.raises(ValueError, match=what) as caught:
        CommunicationIdentityClient.from_connection_string(connection_string)
    assert KEY not in str(caught.value)


def test_the_short_connection_string_reaches_an_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    with EmulatorServer(Emulator()) as server:
        # The port is free on this machine, that of every day may not be.
        monkeypatch.setattr("acs_identity._endpoint.DEVELOPMENT_ENDPOINT", server.endpoint)
        with CommunicationIdentityClient.from_connection_string("UseDevelopmentCommunication=true") as client:
            _, token = client.create_user_and_token(["chat"])
        assert server.emulator.introspect(token.token).state == "live"


def test_the_padding_of_the_key_is_not_taken_for_a_separator() -> None:
    assert parse_connection_string(f"endpoint={ENDPOINT};accesskey=pw==")[1] == "pw=="


@pytest.mark.parametrize(
    ("connection_string", "what"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        (KEY, "lacks endpoint and accesskey"),
        (f"endpoint={ENDPOINT}", "lacks accesskey"),
        (f"endpoint={ENDPOINT};accesskey=", "lacks accesskey"),
        (f"accesskey={KEY}", "lacks endpoint"),
        (f'"endpoint=https://contoso.communication.azure.com;accesskey={KEY}"', "in quotation marks"),
        (f" 'endpoint=https://contoso.communication.azure.com;accesskey={KEY}'", "in quotation marks"),
        (f"endpoint=;accesskey={KEY}", "lacks endpoint"),
        (f"endpoint={ENDPOINT};accesskey={KEY};AccessKey={KEY}", "gives accesskey twice"),
        (f"endpoint=https://;accesskey={KEY}", "no valid host"),
        (f"endpoint=https:///path;accesskey={KEY}", "no valid host"),
        (f"endpoint=ftp://contoso.com;accesskey={KEY}", "must start with https"),
        (f"endpoint=https://contoso.com:port;accesskey={KEY}", "malformed"),
        (f"endpoint=https://contoso.com:99999;accesskey={KEY}", "malformed"),
        (f"endpoint=https://[::1;accesskey={KEY}", "malformed"),
        (f"endpoint=https://me:pass@contoso.com;accesskey={KEY}", "must not hold a user"),
        (f"endpoint={ENDPOINT}?a=b;accesskey={KEY}", "must not hold a user, a query"),
        (f"endpoint={ENDPOINT};accesskey=not base64!", "not base64"),
        (f"endpoint={ENDPOINT};accesskey=YWJj=ZGVm", "not base64"),
    ],
)
def test_a_malformed_connection_string_is_refused_when_the_client_is_made(connection_string: str, what: str) -> None:
    with pytest.raises(ValueError, match=what) as caught:
        CommunicationIdentityClient.from_connection_string(connection_string)
    shown = "".join(traceback.format_exception(caught.value, chain=True)).replace(repr(connection_string), "")
    assert KEY not in shown.split("Error:")[-1]


@pytest.mark.parametrize("wrong", [None, 5, b"endpoint=https://contoso.com;accesskey=pw=="])
def test_a_connection_string_that_is_no_text_is_a_type_error(wrong: object) -> None:
    with pytest.raises(TypeError, match=f"must be a str, not {type(wrong).__name__}"):
        CommunicationIdentityClient.from_connection_string(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [None, 5, b"https://contoso.com"])
def test_an_endpoint_that_is_no_text_is_a_type_error(wrong: object) -> None:
    with pytest.raises(TypeError, match="The endpoint must be a str"):
        CommunicationIdentityClient(wrong, KEY)  # type: ignore[arg-type]


def test_a_whole_connection_string_given_as_endpoint_is_refused_without_showing_it() -> None:
    with pytest.raises(ValueError, match="from_connection_string") as caught:
        CommunicationIdentityClient(f"endpoint={ENDPOINT}/;accesskey={KEY}", KEY)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("httpres.communication.azure.com", "https://httpres.communication.azure.com"),
        ("https://contoso.com/gateway/acs/", "https://contoso.com/gateway/acs"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("http://contoso.com:80", "http://contoso.com"),
        ("https://contoso.com:80", "https://contoso.com:80"),
    ],
)
def test_an_endpoint_is_normalized(written: str, meant: str) -> None:
    assert normalize_endpoint(written) == meant
    assert normalize_endpoint(meant) == meant


@pytest.mark.parametrize(
    ("endpoint", "on_this_machine"),
    [
        ("http://localhost:1", True),
        ("http://emulator.localhost", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:80", True),
        ("http://10.0.0.1", False),
        ("https://localhost.example.com", False),
    ],
)
def test_only_this_machine_counts_as_loopback(endpoint: str, on_this_machine: bool) -> None:
    assert is_loopback(endpoint) is on_this_machine


labels = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=20)
blanks = st.text(" \t", max_size=2)


@given(
    host=st.lists(labels, min_size=1, max_size=4).map(".".join),
    key=st.binary(min_size=1, max_size=64),
    swapped=st.booleans(),
    blank=blanks,
    case=st.sampled_from([str.lower, str.upper, str.title]),
)
def test_any_spelling_of_a_connection_string_gives_the_same_endpoint_and_key(
    host: str, key: bytes, swapped: bool, blank: str, case: object
) -> None:
    import base64

    assert callable(case)
    text = base64.b64encode(key).decode()
    parts = [
        f"{blank}{case('endpoint')}{blank}={blank}https://{host}/{blank}",
        f"{blank}{case('accesskey')}{blank}={blank}{text}{blank}",
    ]
    assert parse_connection_string(";".join(reversed(parts) if swapped else parts)) == (f"https://{host}", text)


@given(st.text(max_size=200))
def test_no_text_at_all_gets_past_as_anything_but_an_endpoint_and_a_key(text: str) -> None:
    try:
        endpoint, key = parse_connection_string(text)
    except ValueError:
        return
    assert endpoint.startswith(("https://", "http://"))
    assert key
