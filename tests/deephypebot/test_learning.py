import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import model.training.__main__ as module
from deephypebot import learning
from deephypebot.cli import app

_ADVICE = "The same command goes on from epoch 4."


def _stopped(*_: object, **__: object) -> Path:
    raise KeyboardInterrupt(_ADVICE)


def test_ctrl_c_in_a_training_leaves_one_line_of_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "train", _stopped)
    done = CliRunner().invoke(app, ["train", "--output", str(tmp_path)])
    assert done.exit_code == 130
    assert done.stderr == f"{_ADVICE}\n"
    assert not done.stdout


def test_ctrl_c_in_the_module_leaves_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "run", _stopped)
    monkeypatch.setattr(sys, "argv", ["training", "--output", str(tmp_path)])
    with pytest.raises(SystemExit) as end:
        module.main()
    assert end.value.code == 130
    assert capsys.readouterr().err == f"{_ADVICE}\n"


def test_the_options_reach_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    def run(output: Path, **options: object) -> Path:
        asked.update(options)
        return output / "bundle"

    monkeypatch.setattr("model.training.run", run)
    command = ["train", "--output", str(tmp_path), "--devices", "2", "--accelerator", "cpu"]
    done = CliRunner().invoke(app, [*command, "--epochs", "3", "--recipe", "long"])
    assert done.exit_code == 0, done.output
    assert asked == {
        "minutes": None, "epochs": 3, "seed": 2018, "recipe": "long", "accelerator": "cpu",
        "devices": 2,
    }  # fmt: skip
