"""`report`: what it says when it can't, and what it hands on."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from deephypebot.cli import main
from model.bundle import SHIPPED
from model.report import run
from model.report.settings import ReportSettings


def _called(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> tuple[str, str]:
    """What the command printed, and its message when it failed."""
    monkeypatch.setattr("sys.argv", ["deephypebot", "report", *map(str, arguments)])
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()), pytest.raises(SystemExit) as left:
        main()
    return out.getvalue(), left.value.code if isinstance(left.value.code, str) else ""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, Path, ReportSettings]]:
    """What the reports that are asked for are given; none is made."""
    calls: list[tuple[Path, Path, ReportSettings]] = []
    monkeypatch.setattr(run, "report", lambda *given: calls.append(given))
    return calls


def test_options_reach_the_report_and_its_page_is_named(
    monkeypatch: pytest.MonkeyPatch,
    asked: list[tuple[Path, Path, ReportSettings]],
    tmp_path: Path,
) -> None:
    out, _ = _called(
        monkeypatch, tmp_path, "--output", tmp_path / "out", "--seed", 5, "--log", "a.csv"
    )
    assert asked == [
        (tmp_path, tmp_path / "out", ReportSettings(seed=5, log=Path("a.csv"))),
    ]
    assert out == f"The report: {tmp_path / 'out' / 'report.html'}\n"


def test_the_shipped_writer_is_drawn_unless_another_is_named(
    monkeypatch: pytest.MonkeyPatch, asked: list[tuple[Path, Path, ReportSettings]], tmp_path: Path
) -> None:
    _called(monkeypatch, "--output", tmp_path, "--quick")
    assert asked == [(SHIPPED, tmp_path, ReportSettings().quick())]


def test_a_folder_without_a_bundle_is_a_plain_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, error = _called(monkeypatch, tmp_path, "--output", tmp_path / "out", "--threads", 1)
    assert error.startswith(f"Error: no bundle in {tmp_path}")
    assert not (tmp_path / "out").exists()


def test_a_file_is_no_folder_for_a_report(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    _, error = _called(monkeypatch, tmp_path, "--output", tmp_path / "file")
    assert error == f"Error: {tmp_path / 'file'} is a file; name a folder for the report."


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('No module named torch')\n")
    done = subprocess.run(
        [sys.executable, "-m", "deephypebot", "report", "--output", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 1
    assert "pip install --constraint constraints.txt '.[train]'" in done.stderr
    assert "Traceback" not in done.stderr
