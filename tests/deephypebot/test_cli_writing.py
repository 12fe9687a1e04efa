"""`generate` and `interpolate`: the shapes of the inference service, from the shipped writer."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deephypebot.cli import main
from services.inference.schemas import GenerateAnswer, InterpolateAnswer

GENRES = ("--genre", "dream pop", "--genre", "shoegaze")


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str, stdin: str = "") -> Done:
    """The command in this process, which has to import torch only once."""
    out, log = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(log):
        patch.setattr("sys.argv", ["deephypebot", *arguments])
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        patch.setenv("INFERENCE_DEVICE", "cpu")
        with pytest.raises(SystemExit) as left:
            main()
    if isinstance(left.value.code, str):
        return Done(1, out.getvalue(), left.value.code + "\n")
    return Done(left.value.code or 0, out.getvalue(), log.getvalue())


@pytest.fixture(scope="module")
def answer() -> GenerateAnswer:
    done = run("generate", *GENRES, "-n", "3", "--seed", "7", "--json")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    return GenerateAnswer.model_validate_json(done.stdout)


def test_generate_answers_as_the_service_does(answer: GenerateAnswer) -> None:
    assert answer.seed == 7
    assert len(answer.samples) == 3
    scores = [sample.score for sample in answer.samples]
    assert scores == sorted(scores, reverse=True)


def test_the_same_seed_gives_the_same_text_alone_and_among_others(answer: GenerateAnswer) -> None:
    same = {"genres": ["dream pop", "shoegaze"], "num_samples": 3, "seed": 7}
    other = {"genres": ["rock"], "artist": "Metallica", "num_samples": 1, "seed": 1}
    lines = "".join(json.dumps(request) + "\n" for request in (other, same, other))
    done = run("generate", "--jsonl", "-", stdin=lines)
    answers = [GenerateAnswer.model_validate_json(line) for line in done.stdout.splitlines()]
    assert [one.seed for one in answers] == [1, 7, 1]
    assert [one.text for one in answers[1].samples] == [one.text for one in answer.samples]
    assert answers[0].samples[0].text == answers[2].samples[0].text


def test_generate_prints_sentences_for_people() -> None:
    done = run("generate", *GENRES, "--genre", "no such genre", "-n", "2", "--seed", "7")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2
    assert "no such genre" in done.stderr


def test_options_hold_where_a_line_does_not_say() -> None:
    done = run("generate", "--jsonl", "-", "-n", "1", "--seed", "3", stdin='{}\n{"seed": 4}\n')
    answers: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(len(one["samples"]), one["seed"]) for one in answers] == [(1, 3), (1, 4)]


def test_unrefined_texts_come_when_asked_for() -> None:
    done = run("generate", "-n", "1", "--seed", "7", "--include-unrefined", "--json")
    assert "unrefined" in json.loads(done.stdout)["samples"][0]


def test_no_strength_is_the_same_as_no_refining() -> None:
    request = ("generate", "-n", "1", "--seed", "7", "--json")
    one, other = run(*request, "--strength", "0"), run(*request, "--no-refine")
    assert one.returncode == 0, one.stderr
    assert json.loads(one.stdout) == json.loads(other.stdout)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"num_samples": 0}', "line 2: num_samples:"),
        ('{"num_sample": 3}', "line 2: num_sample:"),
        ("{", "line 2: not JSON"),
    ],
)
def test_generate_names_the_line_that_is_wrong(line: str, said: str) -> None:
    done = run("generate", "--jsonl", "-", stdin=f"{{}}\n{line}\n")
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stdout == ""


def test_interpolate_walks_in_as_many_steps_as_asked() -> None:
    ends = ("A slow bass line hums.", "Bright guitars race to the chorus.")
    done = run("interpolate", *ends, "--steps", "4", "--json")
    assert done.returncode == 0, done.stderr
    assert len(InterpolateAnswer.model_validate_json(done.stdout).sentences) == 4


def test_interpolate_says_what_is_wrong_with_its_steps() -> None:
    done = run("interpolate", "a", "b", "--steps", "1")
    assert done.returncode == 1
    assert done.stderr == "Error: steps: Input should be greater than or equal to 2.\n"


def test_without_torch_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('No module named torch')\n")
    done = subprocess.run(
        [sys.executable, "-m", "deephypebot", "generate"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 1
    assert "pip install --constraint constraints.txt '.[inference]'" in done.stderr
    assert "Traceback" not in done.stderr
