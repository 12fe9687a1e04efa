"""One bot per data folder, and one timeline."""

import os
from pathlib import Path

import pytest

from deephypebot.data_folder import claimed, folder_of, remember_timeline
from deephypebot.errors import CommandError


def test_the_wish_beats_the_environment_beats_dotenv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATA_DIR", raising=False)
    assert folder_of(None) == tmp_path / "data"
    (tmp_path / ".env").write_text("DATA_DIR=live\n")
    assert folder_of(None) == tmp_path / "live"
    monkeypatch.setenv("DATA_DIR", "set")
    assert folder_of(None) == tmp_path / "set"
    assert folder_of(Path("asked")) == tmp_path / "asked"


def test_a_second_bot_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with (
        claimed(tmp_path),
        pytest.raises(CommandError, match=rf"process {os.getpid()}\) runs on the data"),
        claimed(tmp_path),
    ):
        pytest.fail("both hold it")


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with claimed(tmp_path / "data"):
            assert (tmp_path / "data").is_dir()


def test_a_file_in_its_place_is_a_message(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.touch()
    with pytest.raises(CommandError, match="cannot be written to"), claimed(place):
        pytest.fail("a file is no folder")


def test_sandbox_drafts_never_reach_a_real_timeline(tmp_path: Path) -> None:
    remember_timeline(tmp_path, "sandbox")
    remember_timeline(tmp_path, "sandbox")
    with pytest.raises(CommandError, match="choose another folder with --data"):
        remember_timeline(tmp_path, "x")
