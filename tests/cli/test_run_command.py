"""`agentgraph run`: its inputs, its outputs and its exit codes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from agentgraph.events import recorded

Call = Callable[..., Result]
Write = Callable[[str, str], str]


@pytest.mark.parametrize(
    ("text", "code", "status"),
    [
        ("good", 0, "done"),
        ("bad", 1, "failed"),
        ("ask", 4, "paused"),
        ("spin", 5, "exhausted"),
    ],
)
def test_the_exit_code_of_one_run_says_how_it_ended(
    call: Call, mixed: str, text: str, code: int, status: str
) -> None:
    done = call("run", mixed, "--set", f"text={text}", "--json")

    assert done.exit_code == code
    assert json.loads(done.stdout)["status"] == status


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (["good", "good"], 0),
        (["good", "ask"], 4),
        (["ask", "spin", "good"], 5),
        (["ask", "spin", "bad", "good"], 1),
    ],
)
def test_over_many_runs_the_first_of_1_5_4_0_that_occurs_is_the_exit_code(
    call: Call, mixed: str, write: Write, texts: list[str], code: int
) -> None:
    lines = write("in.jsonl", "".join(json.dumps({"text": text}) + "\n" for text in texts))

    assert call("run", mixed, "--input", lines).exit_code == code


def test_a_single_run_prints_its_state_and_its_way(call: Call, mixed: str) -> None:
    done = call("run", mixed, "--input", '{"id": "a7", "text": "good"}')

    assert done.stdout.splitlines() == [
        "id     a7",
        "text   good",
        "count  1",
        "",
        "status   done",
        "path     pick → good",
        "decided  pick: good",
        "used     2 steps",
    ]
    assert done.stderr == ""


def test_many_runs_print_a_table_and_say_on_stderr_how_many_ended_how(
    call: Call, mixed: str, write: Write
) -> None:
    lines = write("in.jsonl", '{"id": "x", "text": "good"}\n\n{"text": "spin a\\nb"}\n')

    done = call("run", mixed, "-i", lines)

    assert [row.split() for row in done.stdout.splitlines()] == [
        ["input", "text", "path", "conf.", "status"],
        ["x", "good", "pick", "→", "good", "done"],
        ["3", "spin", "a", "b", "pick", "→", "(spin", "→", "is_over)", "x2", "exhausted"],
    ]
    assert done.stderr.startswith("2 runs in ")
    assert done.stderr.endswith(": 1 done, 1 exhausted\n")


def test_a_table_is_as_wide_as_the_terminal(
    call: Call, mixed: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = write("in.jsonl", json.dumps({"text": "good " + "🌞 long " * 50}) + "\n")
    monkeypatch.setenv("COLUMNS", "70")

    done = call("run", mixed, "-i", lines)

    assert max(map(len, done.stdout.splitlines())) <= 70
    assert "…" in done.stdout


def test_json_is_one_object_a_run_with_everything_that_is_known(
    call: Call, mixed: str, write: Write
) -> None:
    lines = write("in.jsonl", '{"id": "x", "text": "good"}\n{"text": "bad luck"}\n')

    done = call("run", mixed, "-i", lines, "--json", "--concurrency", "1")

    first, second = map(json.loads, done.stdout.splitlines())
    assert first["state"] == {"id": "x", "text": "good", "count": 1}
    assert first["path"] == ["pick", "good"]
    assert first["decisions"][0]["label"] == "good"
    assert first["usage"]["steps"] == 2
    assert (second["number"], second["status"]) == (2, "failed")
    assert second["errors"] == ["ValueError: no luck with bad luck"]


def test_quiet_leaves_only_the_data(call: Call, mixed: str, write: Write) -> None:
    lines = write("in.jsonl", '{"text": "good"}\n{"text": "good"}\n')

    assert call("run", mixed, "-i", lines, "-q").stderr == ""


def test_a_failed_run_is_told_as_it_is_and_without_a_traceback(call: Call, mixed: str) -> None:
    done = call("run", mixed, "--set", "text=bad")

    assert done.stderr.startswith("[AG602] workflow 'mixed' failed at 'bad': ValueError: no luck")
    assert "fix:" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in call("run", mixed, "--set", "text=bad", "--debug").stderr


def test_a_line_that_is_no_input_is_named_and_the_others_run(
    call: Call, mixed: str, write: Write
) -> None:
    lines = write(
        "in.jsonl",
        '{"text": "good"}\nnot json\n{"txt": "good"}\n[1]\n{"text": "good", "text": "bad"}\n'
        '{"text": NaN}\n{"text": "good"}',
    )

    done = call("run", mixed, "-i", lines)

    assert done.exit_code == 1
    for number in (2, 3, 4, 5, 6):
        assert f"where: line {number} of in.jsonl" in done.stderr
    assert "did you mean 'text'?" in done.stderr
    assert done.stderr.endswith(": 5 invalid, 2 done\n")
    assert done.stdout.count("done") == 2


def test_a_single_input_that_is_none_is_a_wrong_usage(call: Call, mixed: str) -> None:
    done = call("run", mixed, "--input", '{"text": ')

    assert done.exit_code == 2
    assert done.stderr.startswith("[AG601] this is not JSON: ")
    assert call("run", mixed, "--input", '{"text": 3}').exit_code == 2
    assert call("run", mixed, "--input", "nowhere.json").exit_code == 2
    done = call("run", mixed, "--input", '{"text": "cut')
    assert "Unterminated string starting at column 10\n" in done.stderr


def test_without_an_input_the_fields_are_named(call: Call, mixed: str) -> None:
    done = call("run", mixed)

    assert done.exit_code == 2
    assert "text: Field required" in done.stderr
    assert "--set field=value" in done.stderr


@pytest.mark.parametrize(
    ("text", "statuses"),
    [
        ('{"text": "good"}', ["done"]),
        ('{\n  "text": "good"\n}\n', ["done"]),
        ('\ufeff{"text": "good"}\n', ["done"]),
        ('{"text": "good"}\n\n{"text": "good"}\r\n', ["done", "done"]),
        ('oops\n{"text": "good"}\n', ["invalid", "done"]),
    ],
)
def test_stdin_holds_an_object_or_one_a_line(
    call: Call, mixed: str, text: str, statuses: list[str]
) -> None:
    done = call("run", mixed, "--input", "-", "--json", stdin=text)

    assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == statuses


def test_a_json_file_is_one_run(call: Call, mixed: str, write: Write) -> None:
    done = call("run", mixed, "--input", write("in.json", '{\n "text": "good"\n}'))

    assert done.exit_code == 0
    assert "status   done" in done.stdout


def test_set_reads_json_or_takes_the_text_and_wins_over_the_input(call: Call, mixed: str) -> None:
    done = call(
        "run", mixed, "-i", '{"text": "bad"}', "-s", "text=good", "-s", "count=41", "--json"
    )

    assert json.loads(done.stdout)["state"]["count"] == 42
    assert call("run", mixed, "--set", "text").exit_code == 2


def test_an_input_that_is_nested_too_deeply_is_refused(
    call: Call, mixed: str, write: Write
) -> None:
    deep = '{"text": ' + "[" * 200 + "]" * 200 + "}"
    deeper = '{"text": ' + "[" * 100_000 + "]" * 100_000 + "}"
    lines = write("in.jsonl", f'{deep}\n{deeper}\n{{"text": "good"}}\n')

    done = call("run", mixed, "-i", lines)

    assert done.exit_code == 1
    assert done.stderr.count("nested 100 levels deep") == 2
    assert "1 done" in done.stderr


def test_an_input_that_is_too_long_is_refused(
    call: Call, mixed: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentgraph.cli.inputs.LENGTH_MAX", 100)
    lines = write("in.jsonl", f'{{"text": "{"x" * 250}"}}\n{{"text": "good"}}\n')

    done = call("run", mixed, "-i", lines)

    assert "where: line 1 of in.jsonl" in done.stderr
    assert "1 invalid, 1 done" in done.stderr


def test_bytes_that_are_no_text_are_refused(call: Call, mixed: str) -> None:
    done = call("run", mixed, "-i", "-", stdin=b'{"text": "\xff"}\n')

    assert done.exit_code == 2
    assert "no UTF-8" in done.stderr


def test_the_svg_counts_the_visits_of_all_runs(
    call: Call, mixed: str, write: Write, folder: Path
) -> None:
    lines = write("in.jsonl", '{"text": "good"}\n' * 37 + '{"text": "bad"}\n')

    done = call("run", mixed, "-i", lines, "--svg", "seen.svg")

    svg = (folder / "seen.svg").read_text(encoding="utf-8")
    assert svg.startswith(("<svg", "<?xml"))
    assert "START goes to pick, taken 38 times" in svg
    assert "pick goes to good when 'good', taken 37 times" in svg
    assert "seen.svg" in done.stderr


def test_a_folder_for_the_svg_that_is_not_there_is_told_before_anything_runs(
    call: Call, mixed: str
) -> None:
    done = call("run", mixed, "-s", "text=good", "--svg", "nowhere/seen.svg")

    assert done.exit_code == 2
    assert done.stdout == ""


def test_a_budget_holds_for_each_run(call: Call, mixed: str, write: Write) -> None:
    lines = write("in.jsonl", '{"text": "good"}\n' * 3)

    assert call("run", mixed, "-i", lines, "--steps", "2").exit_code == 0
    done = call("run", mixed, "-i", lines, "--steps", "1")
    assert done.exit_code == 5
    assert ": 3 exhausted" in done.stderr


def test_what_a_node_prints_never_mixes_with_the_data(call: Call, write: Write) -> None:
    target = write(
        "loud.py",
        """
        from agentgraph import State, node, workflow
        print("imported")
        class S(State):
            n: int = 0
        @node
        def say(s: S) -> None:
            print("working")
        loud = workflow("loud", S, say)
        """,
    )

    done = call("run", target, "--json")

    assert json.loads(done.stdout)["status"] == "done"
    assert done.stderr == "imported\nworking\n"


def test_texts_cannot_steer_the_terminal(call: Call, mixed: str) -> None:
    done = call("run", mixed, "-i", '{"text": "good \\u001b[31mred\\u0007 [bold]x[/bold]"}')

    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout
    assert "[bold]x[/bold]" in done.stdout


def test_services_come_from_a_name_in_the_file(call: Call, write: Write) -> None:
    target = write(
        "served.py",
        """
        from agentgraph import Ctx, State, node, workflow
        class S(State):
            said: str = ""
        class Services:
            word = "hello"
        @node
        def say(s: S, ctx: Ctx[Services]) -> None:
            s.said = ctx.deps.word
        served = workflow("served", S, say, deps=Services)
        """,
    )

    assert "hello" in call("run", target, "--deps", "Services").stdout
    missing = call("run", target)
    assert missing.exit_code == 2
    assert "--deps" in missing.stderr
    assert "did you mean 'Services'?" in call("run", target, "--deps", "Service").stderr


def test_the_runs_are_written_down_as_they_go(
    call: Call, mixed: str, write: Write, folder: Path
) -> None:
    lines = write("in.jsonl", '{"text": "good"}\n{"text": "bad"}\n')

    call("run", mixed, "-i", lines, "--record", "runs.jsonl")

    runs = recorded(folder / "runs.jsonl")
    assert sorted(run.status for run in runs) == ["done", "failed"]


def test_a_folder_for_the_recording_that_is_not_there_is_told(call: Call, mixed: str) -> None:
    done = call("run", mixed, "-s", "text=good", "--record", "nowhere/runs.jsonl")

    assert done.exit_code == 2
    assert "--record" in done.stderr


def test_what_looks_like_a_number_is_a_text_where_the_field_is_one(call: Call, mixed: str) -> None:
    done = call("run", mixed, "--set", "text=good", "--set", "id=12345", "--json")
    quoted = call("run", mixed, "--set", 'text="good"', "--set", "id=null", "--json")

    assert json.loads(done.stdout)["state"]["id"] == "12345"
    assert json.loads(quoted.stdout)["state"] == {"id": "null", "text": "good", "count": 1}


def test_an_input_that_is_none_has_its_line_of_json_too(
    call: Call, mixed: str, write: Write
) -> None:
    lines = write("in.jsonl", '{"text": "good"}\nnot json\n{"txt": 1}\n')

    rows = [
        json.loads(row) for row in call("run", mixed, "-i", lines, "--json").stdout.splitlines()
    ]

    assert {row["number"]: row["status"] for row in rows} == {1: "done", 2: "invalid", 3: "invalid"}
    assert all(row["errors"] for row in rows if row["status"] == "invalid")


def test_a_second_input_is_refused(call: Call, mixed: str) -> None:
    done = call("run", mixed, "-i", '{"text": "good"}', "-i", '{"text": "bad"}')

    assert done.exit_code == 2
    assert "give it once" in done.stderr


@pytest.mark.parametrize("columns", ["0", "20", "40"])
def test_on_a_narrow_terminal_the_rows_can_be_told_apart(
    call: Call, mixed: str, write: Write, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    lines = write(
        "in.jsonl", '{"id": "human-1", "text": "good a"}\n{"id": "human-2", "text": "spin"}\n'
    )
    monkeypatch.setenv("COLUMNS", columns)

    rows = [row.split() for row in call("run", mixed, "-i", lines).stdout.splitlines()]
    single = call("run", mixed, "-s", "text=good")

    assert [row[0] for row in rows[1:] if row[0].startswith("human")] == ["human-1", "human-2"]
    assert {row[-1] for row in rows[1:]} >= {"done", "exhausted"}
    assert "status   done" in single.stdout
