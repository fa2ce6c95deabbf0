"""Each format of the output, with whatever a command may give."""

import csv
import io
import json
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from acs_identity.cli.exits import CommandError
from acs_identity.cli.output import Format, Output

STRANGE = {
    "text": "a 'quote', a \"quote\", a $HOME, a `date`, a\ttab\nand a line \\ \u00e9\u20ac\U0001f600",
    "empty": "",
    "nothing": None,
    "number": 3,
    "truth": True,
    "list": ["a", "b"],
    "inner": {"a": 1},
    "when": datetime(2026, 11, 23, 10, 0, tzinfo=UTC),
}
AS_JSON = {**STRANGE, "when": "2026-11-23T10:00:00Z"}


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    def show(data: Any, output_format: Format, **options: Any) -> str:
        Output(output_format, **options).print(data)
        return capsys.readouterr().out

    return show


@pytest.mark.parametrize("data", [STRANGE, [STRANGE, {"other": 1}], [], {}, "text", ["a", "b"], 3, None])
def test_json_jsonl_and_yaml_are_read_back_as_they_were(printed: Any, data: Any) -> None:
    def plain(value: Any) -> Any:
        if isinstance(value, list):
            items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            return [plain(each) for each in items]
        return AS_JSON if value is STRANGE else value

    assert json.loads(printed(data, Format.JSON)) == plain(data)
    assert yaml.safe_load(printed(data, Format.YAML)) == plain(data)
    lines = [json.loads(line) for line in printed(data, Format.JSONL).splitlines()]
    assert lines == (plain(data) if isinstance(data, list) else [plain(data)])


@pytest.mark.parametrize("output_format", [Format.JSON, Format.JSONL, Format.YAML])
def test_where_stdout_takes_no_other_letters_they_are_written_in_another_way(
    monkeypatch: pytest.MonkeyPatch, output_format: Format
) -> None:
    content = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(content, encoding="ascii", errors="backslashreplace"))
    Output(output_format).print({**STRANGE, "name": "Zo\u00e9"})
    read = yaml.safe_load if output_format is Format.YAML else json.loads
    assert read(content.getvalue()) == {**AS_JSON, "name": "Zo\u00e9"}


def test_env_is_read_by_a_shell_as_it_was(printed: Any) -> None:
    script = printed(STRANGE, Format.ENV) + 'printf "%s" "$TEXT"\n'
    read = subprocess.run(["/bin/sh", "-c", script], capture_output=True, timeout=10, check=True).stdout.decode()
    assert read == STRANGE["text"]


@pytest.mark.parametrize("name", ["1st", "", "é", "user-id", "a b", "a;b", "$x", "_"])
def test_every_name_of_env_is_one_that_a_shell_takes(printed: Any, name: str) -> None:
    script = f"set -u\n{printed({name: 'a value'}, Format.ENV)}"
    variable = script.splitlines()[1].partition("=")[0]
    read = subprocess.run(
        ["/bin/sh", "-c", f'{script}printf "%s" "${variable}"'], capture_output=True, timeout=10, check=True
    )
    assert (read.stdout, read.stderr) == (b"a value", b"")


def test_env_numbers_the_rows_of_a_list(printed: Any) -> None:
    assert printed([{"user_id": "a"}, {"user_id": "b"}], Format.ENV) == "USER_ID_1=a\nUSER_ID_2=b\n"


def test_tsv_has_one_line_a_row_whatever_is_in_it(printed: Any) -> None:
    lines = printed([STRANGE, STRANGE], Format.TSV).splitlines()
    assert len(lines) == 2
    [row, _] = csv.reader(io.StringIO("\n".join(lines)), delimiter="\t", quoting=csv.QUOTE_NONE)
    assert len(row) == len(STRANGE)
    assert "a\\ttab\\nand a line \\\\ é€😀" in row[0]


def test_a_table_lines_up_and_cuts_nothing_off(printed: Any) -> None:
    long = "x" * 500
    header, first, second = printed([{"a": long, "b": "1"}, {"a": "y", "b": "2"}], Format.TABLE).splitlines()
    assert header.index("b") == first.index("1") == second.index("2")
    assert long in first


def test_one_mapping_in_a_table_has_a_line_for_each_member(printed: Any) -> None:
    assert printed({"user_id": "a", "token": "t"}, Format.TABLE) == "user_id  a\ntoken    t\n"


def test_a_query_picks_a_part_as_az_does(printed: Any) -> None:
    users = [{"user_id": "a", "token": "s"}, {"user_id": "b", "token": "t"}]
    assert printed(users, Format.TSV, query="[].user_id") == "a\nb\n"
    assert json.loads(printed(users, Format.JSON, query="[?user_id=='b'].{id: user_id}")) == [{"id": "b"}]
    assert printed(users, Format.TSV, query="[9].user_id") == ""


@pytest.mark.parametrize(
    "query",
    ["", "[", "nothing(@)", "max_by(@, &x)", "&a", "keys(@)[::0]", "`[" + "[" * 20_000 + "`", "(" * 5000 + "a"],
    ids=lambda query: query[:20],
)
def test_a_query_that_is_wrong_is_told(query: str) -> None:
    with pytest.raises(CommandError, match="--query") as refused:
        Output(Format.JSON, query=query).print({"a": 1})
    assert refused.value.code == 2


@pytest.mark.parametrize("query", ["abs(token)", "sort(@)", "sum([token])", "join(@, [token])"])
def test_a_query_that_is_wrong_is_told_without_the_token(query: str) -> None:
    with pytest.raises(CommandError, match=r"--query cannot be applied: \w+\(\) takes") as refused:
        Output(Format.JSON, query=query).print({"token": "eyJsecret.secret.secret"})
    assert "secret" not in f"{refused.value!r} {refused.value.__cause__!r}"


class _Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("query", [None, "token", "[token]", "{t: token}", "to_string(@)"])
@pytest.mark.parametrize("output_format", list(Format))
def test_a_terminal_never_shows_a_token_unasked(
    monkeypatch: pytest.MonkeyPatch, output_format: Format, query: str | None
) -> None:
    shown = _Terminal()
    monkeypatch.setattr("sys.stdout", shown)
    Output(output_format, query=query).print({"user_id": "8:acs:a", "token": "eyJsecret.secret.secret"})
    assert "secret" not in shown.getvalue()
    assert "eyJ***" in shown.getvalue()
    Output(output_format, query=query, show_secrets=True).print({"token": "eyJsecret.secret.secret"})
    assert "eyJsecret.secret.secret" in shown.getvalue()


def test_a_terminal_gets_a_table_and_a_pipe_json(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Output().format is Format.JSON
    monkeypatch.setattr("sys.stdout", _Terminal())
    assert Output().format is Format.TABLE


EVIL = "a\x1b[2J\x1b]0;title\x07\x9b31m\r\u202eb"


@pytest.mark.parametrize("output_format", list(Format))
@pytest.mark.parametrize("data", [{"user_id": EVIL}, [{"user_id": EVIL, "b": 1}] * 2, EVIL, {EVIL: 1}], ids=range(4))
def test_data_does_nothing_to_a_terminal(monkeypatch: pytest.MonkeyPatch, output_format: Format, data: Any) -> None:
    shown = _Terminal()
    monkeypatch.setattr("sys.stdout", shown)
    Output(output_format).print(data)
    assert not {letter for letter in shown.getvalue() if not letter.isprintable()} - {"\n", "\t"}


def test_on_a_terminal_what_is_escaped_is_still_json(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = _Terminal()
    monkeypatch.setattr("sys.stdout", shown)
    Output(Format.JSON).print({"user_id": EVIL})
    assert json.loads(shown.getvalue()) == {"user_id": EVIL}


def test_a_pipe_gets_data_as_it_is(printed: Any) -> None:
    assert printed(["a\x1b[31mb"], Format.TSV) == "a\x1b[31mb\n"
