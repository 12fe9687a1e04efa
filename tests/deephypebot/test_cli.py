"""The command line's contracts: what scripts rely on, and what people are told."""

import json
import os
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from deephypebot.data_folder import claimed

COMMAND = [sys.executable, "-m", "deephypebot"]


def run(
    *arguments: str, stdin: str | None = None, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
        timeout=50,
    )


def test_help_names_the_commands() -> None:
    done = run("--help")
    assert done.returncode == 0
    commands = ("up", "doctor", "parse", "generate", "interpolate", "train", "evaluate", "report")
    for command in (*commands, "corpus", "sheet", "login"):
        assert f"\n  {command} " in done.stdout
    assert "..." not in done.stdout.partition("Commands:")[2]


def test_it_says_its_version() -> None:
    assert run("--version").stdout == f"deephypebot {version('deephypebot')}\n"


def test_help_imports_neither_torch_nor_a_web_framework() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "deephypebot", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "typer" in imported
    assert not imported & {"torch", "numpy", "fastapi", "httpx", "pydantic", "sqlalchemy"}


def test_parse_prints_the_song_of_a_text() -> None:
    done = run("parse", '"Alison" by Slowdive is the only song for rain')
    assert done.returncode == 0
    song = json.loads(done.stdout)
    assert list(song) == ["title", "artists", "confidence", "rule", "reason"]
    assert (song["title"], song["artists"], song["reason"]) == ("Alison", ["Slowdive"], None)
    assert 0 < song["confidence"] <= 1


def test_parse_says_why_there_is_no_song() -> None:
    song = json.loads(run("parse", "I had soup today").stdout)
    assert (song["title"], song["artists"]) == (None, [])
    assert song["reason"]


def test_parse_answers_every_line_in_order(tmp_path: Path) -> None:
    texts = ['"One" by Metallica', "nothing to hear", '"Hurt" by Johnny Cash']
    posts = tmp_path / "posts.jsonl"
    posts.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    lines = run("parse", "--jsonl", str(posts)).stdout.splitlines()
    assert [json.loads(line)["title"] for line in lines] == ["One", None, "Hurt"]


def test_parse_reads_standard_input() -> None:
    done = run("parse", "--jsonl", "-", stdin='{"text": "\\"Hurt\\" by Johnny Cash"}\n\n')
    assert [json.loads(line)["title"] for line in done.stdout.splitlines()] == ["Hurt"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("not json", "line 2: not JSON"),
        ("[1]", "line 2: a JSON object is needed, not list"),
        ('{"txt": "x"}', "line 2: an object with a string `text` is needed"),
        ('{"text": 7}', "line 2: an object with a string `text` is needed"),
    ],
)
def test_parse_names_the_line_that_is_wrong(line: str, said: str) -> None:
    done = run("parse", "--jsonl", "-", stdin=f'{{"text": "fine"}}\n{line}\n')
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [[], ["a text", "--jsonl", "-"]])
def test_parse_wants_one_source(arguments: list[str]) -> None:
    done = run("parse", *arguments, stdin="")
    assert done.returncode == 1
    assert "Give either a TEXT or --jsonl FILE." in done.stderr


def test_a_missing_file_is_a_message() -> None:
    done = run("parse", "--jsonl", "nowhere.jsonl")
    assert done.returncode == 1
    assert done.stderr == "Error: nowhere.jsonl cannot be read: No such file or directory.\n"


def test_debug_shows_where_it_went_wrong() -> None:
    done = run("--debug", "parse", "--jsonl", "nowhere.jsonl")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_up_refuses_a_feed_that_is_no_feed_before_anything_starts(tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    feed.write_text('{"text": "fine"}\n{"words": "not fine"}\n')
    done = run("up", "--feed", str(feed), "--data", str(tmp_path / "data"))
    assert done.returncode == 1
    assert f"{feed}:2: an object with a string `text` is needed" in done.stderr
    assert not (tmp_path / "data").exists()


def test_up_refuses_an_empty_feed(tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    feed.touch()
    done = run("up", "--feed", "feed.jsonl", cwd=tmp_path)
    assert done.returncode == 1
    assert f"{feed} holds no posts" in done.stderr


def test_up_names_the_setting_of_a_taken_port_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("up", "--data", "data", cwd=tmp_path, GATEWAY_PORT=port)
    assert done.returncode == 1
    assert f"Port {port} is taken: stop what uses it, or set GATEWAY_PORT." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("SHEET", "google", "set GOOGLE_SERVICE_ACCOUNT_FILE and GOOGLE_SHEET_KEY too"),
        ("INFERENCE_BUNDLE", "nowhere", "INFERENCE_BUNDLE is nowhere, where no bundle is"),
    ],
)
def test_up_refuses_what_could_never_become_ready(
    tmp_path: Path, setting: str, value: str, said: str
) -> None:
    done = run("up", cwd=tmp_path, **{setting: value})
    assert done.returncode == 1
    assert said in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_second_up_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with claimed(tmp_path / "data"):
        done = run("up", cwd=tmp_path)
    assert done.returncode == 1
    assert f"process {os.getpid()}) runs on the data folder" in done.stderr
