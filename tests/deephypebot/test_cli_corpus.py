"""`corpus`: counts for people and for scripts, and the import of open sets."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from deephypebot.cli import main

CAPTION = "A slow guitar rings over a soft and steady beat."


def _called(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> tuple[str, str]:
    """What the command printed, and its message when it failed."""
    monkeypatch.setattr("sys.argv", ["deephypebot", "corpus", *map(str, arguments)])
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()), pytest.raises(SystemExit) as left:
        main()
    return out.getvalue(), left.value.code if isinstance(left.value.code, str) else ""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    records = [
        {"text": f"Song {i % 5} hums.", "genres": ["folk", "rap"][: 1 + i % 2]} for i in range(6)
    ]
    (tmp_path / "plain_x.jsonl").write_text("\n".join(map(json.dumps, records)))
    return tmp_path


def test_count_prints_the_funnel_and_the_genres(
    monkeypatch: pytest.MonkeyPatch, corpus: Path
) -> None:
    out, _ = _called(monkeypatch, "count", "--corpus", corpus)
    rows = [line.rsplit(maxsplit=1) for line in out.splitlines() if line]
    counts = {name.strip(): number for name, number in rows}
    assert counts["lines read"] == "6"
    assert counts["repeats and empty lines dropped"] == "1"
    assert [number for name, number in counts.items() if name.startswith("folk ")] == ["5"]
    assert [number for name, number in counts.items() if name.startswith("rap ")] == ["2"]


def test_count_prints_one_object_for_scripts(monkeypatch: pytest.MonkeyPatch, corpus: Path) -> None:
    found = json.loads(_called(monkeypatch, "count", "--corpus", corpus, "--json")[0])
    assert (found["kept"], found["words"], found["genres"]) == (5, 15, {"folk": 5, "rap": 2})


def test_count_says_where_a_corpus_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _, error = _called(monkeypatch, "count", "--corpus", tmp_path)
    assert error.startswith(f"Error: no .jsonl files in {tmp_path}; pass the folder")


def test_import_prints_what_became_of_each_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "musiccaps").mkdir()
    (tmp_path / "musiccaps" / "musiccaps.csv").write_text(
        f'caption,aspect_list\n"{CAPTION} Call me.","[\'jazz\']"\n'
    )
    out, error = _called(monkeypatch, "import", tmp_path, "--output", tmp_path / "found")
    assert error == ""
    assert out == "musiccaps: 2 sentences: kept 1, length 1\n"
    assert CAPTION in (tmp_path / "found" / "found_musiccaps.jsonl").read_text()


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_import_says_which_sets_it_looks_for(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = tmp_path / name
    _, error = _called(monkeypatch, "import", data, "--output", tmp_path / "found")
    assert error.startswith("Error: none of musiccaps, genresinspace, lastfm_bios in ")
    assert not (tmp_path / "found").exists()


def test_import_names_a_set_that_is_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "musiccaps").mkdir()
    (tmp_path / "musiccaps" / "musiccaps.csv").write_text("a,b\n1,2\n")
    _, error = _called(monkeypatch, "import", tmp_path, "--output", tmp_path / "found")
    assert error.startswith(f"Error: The sets in {tmp_path} are not as they are published")


def test_import_wants_a_folder_to_write_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    _, error = _called(monkeypatch, "import", tmp_path, "--output", tmp_path / "file")
    assert error == f"Error: {tmp_path / 'file'} is a file; name a folder for the imported lines."
