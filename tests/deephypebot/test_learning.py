import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import model.training.__main__ as module
from deephypebot import learning
from deephypebot.cli import app
from model import training
from model.training.config import RECIPES, TrainingConfig

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


def test_a_recipe_is_what_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[TrainingConfig] = []

    def train(config: TrainingConfig, _command: str) -> Path:
        asked.append(config)
        return tmp_path

    monkeypatch.setattr("model.training.train", train)
    training.run(tmp_path, recipe="long", epochs=5)
    long = RECIPES["long"]
    assert asked[0].sizes == long.sizes != RECIPES["short"].sizes
    assert asked[0].cvae == replace(long.cvae, epochs=5)


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
