import pytest
import torch

from model.cvae import multi_hot
from model.probe import GenreProbe

BANJO, SYNTH, VOICE = 5, 6, 7
FOLK, BLUEGRASS, TECHNO = 0, 1, 2


@pytest.fixture
def probe() -> GenreProbe:
    lines = [
        ([BANJO, VOICE], [FOLK]), ([BANJO], [BLUEGRASS]), ([SYNTH], [TECHNO]), ([VOICE], [FOLK])
    ] * 40  # fmt: skip
    ids, genres = zip(*lines, strict=True)
    return GenreProbe.fit(ids, multi_hot(genres, 3), pieces=8)


def _kin(*labels: int) -> torch.Tensor:
    return torch.tensor([label in labels for label in range(3)])


def test_a_sentence_is_of_the_family_whose_pieces_it_has(probe: GenreProbe) -> None:
    rural, urban = _kin(FOLK, BLUEGRASS), _kin(TECHNO)
    assert probe.kinship([BANJO], rural) > 0.7
    assert probe.kinship([BANJO], urban) < 0.3
    assert probe.kinship([SYNTH], urban) > probe.kinship([VOICE], urban)


def test_the_families_of_all_labels_are_certain(probe: GenreProbe) -> None:
    assert probe.kinship([BANJO], _kin(FOLK, BLUEGRASS, TECHNO)) == pytest.approx(1.0)
    assert probe.kinship([BANJO], _kin(FOLK)) + probe.kinship(
        [BANJO], _kin(BLUEGRASS, TECHNO)
    ) == pytest.approx(1.0)


def test_without_a_genre_or_a_piece_there_is_no_kinship(probe: GenreProbe) -> None:
    assert probe.kinship([BANJO], _kin()) == 0.0
    assert probe.kinship([], _kin(FOLK)) == 0.0
