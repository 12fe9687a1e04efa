from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.tokenizer import Pieces


@given(text=st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_comes_back(pieces: Pieces, text: str) -> None:
    assert pieces.decode(pieces.encode(text)) == text


def test_slots_are_single_pieces(pieces: Pieces) -> None:
    ids = pieces.encode('{artist} and "{title}" {artist}s')
    assert sum(i in pieces.artist_ids for i in ids) == 2
    assert sum(i in pieces.title_ids for i in ids) == 1


def test_a_controls_name_is_text(pieces: Pieces) -> None:
    ids = pieces.encode("<eos> said the <pad>")
    assert min(ids) > 2
    assert pieces.decode(ids) == "<eos> said the <pad>"


def test_pieces_are_the_same_after_saving(pieces: Pieces, tmp_path: Path) -> None:
    pieces.save(tmp_path / "tokenizer.json")
    again = Pieces.load(tmp_path / "tokenizer.json")
    text = "The slow beat of {artist}, <bos> naïve 猫."
    assert again.encode(text) == pieces.encode(text)
    assert again.size == pieces.size


def test_many_texts_are_encoded_like_one(pieces: Pieces) -> None:
    texts = ["The bass.", "{title} turns.", ""]
    assert pieces.encode_all(texts) == [pieces.encode(text) for text in texts]
