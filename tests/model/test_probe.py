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


def _kinship(probe: GenreProbe, piece: int, *labels: int) -> float:
    return float(probe.hear([[piece]]).kinship(_kin(*labels)))


def _kin(*labels: int) -> torch.Tensor:
    return torch.tensor([label in labels for label in range(3)])


def test_a_sentence_is_of_the_family_whose_pieces_it_has(probe: GenreProbe) -> None:
    assert _kinship(probe, BANJO, FOLK, BLUEGRASS) > 0.7
    assert _kinship(probe, BANJO, TECHNO) < 0.3
    assert _kinship(probe, SYNTH, TECHNO) > _kinship(probe, VOICE, TECHNO)


def test_the_families_of_all_labels_are_certain(probe: GenreProbe) -> None:
    assert _kinship(probe, BANJO, FOLK, BLUEGRASS, TECHNO) == pytest.approx(1.0)
    both = _kinship(probe, BANJO, FOLK) + _kinship(probe, BANJO, BLUEGRASS, TECHNO)
    assert both == pytest.approx(1.0)


def test_without_a_genre_there_is_neither_kinship_nor_fit(probe: GenreProbe) -> None:
    heard = probe.hear([[BANJO, VOICE], [SYNTH]])
    assert heard.kinship(_kin()).tolist() == heard.fit(()).tolist() == [0.0, 0.0]


def test_the_fit_is_the_mean_over_distinct_pieces_and_genres(probe: GenreProbe) -> None:
    heard = probe.hear([[BANJO, VOICE, BANJO], [SYNTH]])
    odds = probe.log_odds[[FOLK, TECHNO]]
    assert heard.fit((FOLK, TECHNO)).tolist() == pytest.approx(
        [float(odds[:, [BANJO, VOICE]].mean()), float(odds[:, SYNTH].mean())]
    )
