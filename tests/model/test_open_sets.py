import json
from pathlib import Path

import pytest

from model.corpus.lines import read_corpus
from model.corpus.open_sets import Found, flaw, import_sets, sentences
from model.errors import CorpusError

KNOWN = {"the", "slow"}


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("The slow guitars ring over a soft and steady beat.", None),
        ("{artist} plays slow guitars over a soft and steady beat.", None),
        ("The slow guitars ring.", "length"),
        ("The album was released to mild reviews and sold well.", "no sound"),
        ("The guitars ring while she sings over a steady beat.", "person"),
        ("The guitars of Leeds ring over a soft and steady beat.", "name"),
        ("Fripp plays slow guitars over a soft and steady beat.", "name"),
        ("The slow guitars of 1987 ring over a steady beat.", "form"),
    ],
)
def test_only_sentences_about_sound_are_kept(sentence: str, reason: str | None) -> None:
    assert flaw(sentence, KNOWN) == reason


def test_the_performer_becomes_a_slot_and_brackets_go() -> None:
    found = Found("The Low Hum (born 1970) play organ. Fans of the Low Hum sing.", "Low Hum", ())
    assert sentences(found) == ["{artist} play organ.", "Fans of {artist} sing."]


def test_the_caption_of_a_poor_recording_loses_its_opening() -> None:
    found = Found("The low quality recording features a slow organ.", None, ())
    assert sentences(found) == ["The recording features a slow organ."]


def test_each_set_becomes_a_file_of_the_corpus(tmp_path: Path) -> None:
    (tmp_path / "musiccaps").mkdir()
    (tmp_path / "musiccaps" / "musiccaps.csv").write_text(
        "caption,aspect_list\n"
        "\"A slow guitar rings over a soft and steady beat. Call me.\",\"['jazz', 'sad']\"\n"
    )
    (tmp_path / "genresinspace").mkdir()
    (tmp_path / "genresinspace" / "data.json").write_text('{"nodes": [{"label": "Rock music"}]}')
    artist = {
        "name": "Low Hum",
        "genres": [0],
        "description": "'''Low Hum''' built songs on [[drone (music)|drones]] and a slow "
        "[[organ]] beat. It sold.",
    }
    (tmp_path / "genresinspace" / "artists.jsonl").write_text(json.dumps(artist))
    (tmp_path / "genresinspace" / "genres.jsonl").write_text("")
    fates = import_sets(tmp_path, tmp_path / "found")
    assert fates["musiccaps"] == {"kept": 1, "length": 1}
    lines = {line.text: line for line in read_corpus(tmp_path / "found")}
    assert lines["A slow guitar rings over a soft and steady beat."].genres == ("jazz",)
    wiki = lines["{artist} built songs on drones and a slow organ beat."]
    assert (wiki.genres, wiki.register) == (("rock",), "found")


def test_a_folder_without_any_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="musiccaps"):
        import_sets(tmp_path, tmp_path / "found")
