"""`evaluate`: what it says when it can't, and what it hands on."""

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import pytest

from deephypebot.cli import main
from deephypebot.evaluating import verdicts
from model.bundle import SHIPPED
from model.evaluation import run
from model.evaluation.bars import BARS, Verdict
from model.evaluation.run import Evaluation
from model.evaluation.samples import Samples
from model.evaluation.settings import EvaluationSettings


def _called(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[str, str]:
    """What the command printed, and its message when it failed."""
    monkeypatch.setattr("sys.argv", ["deephypebot", "evaluate", *arguments])
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()), pytest.raises(SystemExit) as left:
        main()
    return out.getvalue(), left.value.code if isinstance(left.value.code, str) else ""


def _evaluation(settings: EvaluationSettings, found: list[Verdict]) -> Evaluation:
    return Evaluation("tiny", "r", settings, {}, found, Samples([], []), {})


def test_a_folder_without_a_bundle_is_a_plain_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, error = _called(monkeypatch, str(tmp_path))
    assert error.startswith(f"Error: no bundle in {tmp_path}")
    assert not (tmp_path.parent / f"{tmp_path.name}-evaluation").exists()


def test_a_folder_without_a_corpus_is_a_plain_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    output = str(tmp_path / "out")
    options = ("--corpus", str(tmp_path), "--output", output, "--threads", "1")
    _, error = _called(monkeypatch, str(SHIPPED), *options)
    assert error.startswith(f"Error: no .jsonl files in {tmp_path}")


def test_a_wrong_language_model_is_refused_before_anything_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    output, missing = tmp_path / "out", tmp_path / "no.safetensors"
    options = ("--language-model", str(missing), "--output", str(output), "--threads", "1")
    out, error = _called(monkeypatch, str(SHIPPED), *options)
    assert error.startswith(f"Error: {missing} is no language model")
    assert not out
    assert not output.exists()


def test_options_reach_the_evaluation_and_the_page_stands_beside_the_bundle(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []

    def evaluate(folder: Path, output: Path, settings: EvaluationSettings) -> Evaluation:
        asked.append((folder, output, settings))
        return _evaluation(settings, [])

    monkeypatch.setattr(run, "evaluate", evaluate)
    out, _ = _called(monkeypatch, str(tmp_path / "mine"), "--served", "10000", "--seed", "5")
    folder, output, settings = asked[0]
    assert (folder, output) == (tmp_path / "mine", tmp_path / "mine-evaluation")
    assert settings == EvaluationSettings(served=10_000, seed=5)
    assert str(output / "evaluation.html") in out


def test_quick_shrinks_what_was_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []

    def evaluate(_folder: Path, _output: Path, settings: EvaluationSettings) -> Evaluation:
        asked.append(settings)
        return _evaluation(settings, [])

    monkeypatch.setattr(run, "evaluate", evaluate)
    _called(monkeypatch, str(tmp_path), "--quick")
    _called(monkeypatch, str(tmp_path), "--quick", "--served", "300")
    assert asked == [
        EvaluationSettings().quick(),
        replace(EvaluationSettings().quick(), served=300),
    ]
    assert asked[0].drafts < EvaluationSettings().drafts


def test_a_bar_is_a_line_with_its_verdict() -> None:
    found = [
        Verdict(BARS[0], 1.05, True),
        Verdict(BARS[1], 4.0, False),
        Verdict(BARS[2], None, None),
    ]
    lines = list(verdicts(_evaluation(EvaluationSettings(), found)))
    assert ["1.05" in lines[0], "4" in lines[1]] == [True, True]
    assert [line.split("  ")[-1].strip() for line in lines] == [
        "holds", "DOES NOT HOLD", "not measured",
    ]  # fmt: skip
