"""Likelihoods and judges that are networks, on tiny ones."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from model.bundle import Bundle
from model.corpus.lines import Line
from model.cvae import CVAE, CVAEConfig, Posterior
from model.errors import ModelError
from model.evaluation import language_model
from model.evaluation.language_model import (
    LanguageModel,
    LanguageModelConfig,
    load_language_model,
    train_language_model,
    trained_language_model,
)
from model.evaluation.likelihood import (
    importance_weighted,
    importance_weighted_under,
    mutual_information,
    with_shuffled_genres,
)
from model.prior import Prior
from model.tokenizer import BOS, EOS, Pieces
from model.training.batches import Dataset
from model.training.config import CVAETraining
from model.training.prior import fit_prior

LABELS = ("dream pop", "folk", "hip hop", "r&b")
SETTINGS = CVAETraining(epochs=20, first_epochs=0, batch=8, rate=1e-2, warmup_steps=2, bf16=False)


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return [
        Line(f"The {what} {does} the {where}.", (LABELS[i % 4],), "plain", "train")
        for i, what in enumerate(("guitar", "bass", "voice", "beat", "organ"))
        for does in ("fills", "warms")
        for where in ("room", "street")
    ]


@pytest.fixture(scope="module")
def data(lines: list[Line], pieces: Pieces) -> Dataset:
    return Dataset.of(lines, pieces, LABELS)


def _model(data: Dataset, pieces: Pieces) -> LanguageModel:
    torch.manual_seed(0)
    assert len(data)
    return LanguageModel(LanguageModelConfig(pieces.size, 8, 12, dropout=0.1))


def _first(data: Dataset, count: int) -> Dataset:
    return Dataset(data.ids[:count], data.genres[:count], data.register[:count], data.slots[:count])


@torch.no_grad()
def _by_the_prior(cvae: CVAE, data: Dataset, draws: int) -> float:
    """The mean of -log p(x|a) over sentences, p(x|a) the mean of p(x|z, a) over z of the prior."""
    torch.manual_seed(5)
    total = 0.0
    for batch in data.each(64):
        a = cvae.condition(batch.genres, batch.register, batch.slots)
        for row in range(len(a)):
            z = torch.randn(draws, cvae.config.latent)
            sentences = batch.sentences[row : row + 1].expand(draws, -1)
            nats = cvae.token_nll(sentences, z, a[row : row + 1].expand(draws, -1)).sum(1)
            total += math.log(draws) - float(torch.logsumexp(-nats, 0))
    return total / len(data)


def test_importance_weighting_agrees_with_draws_of_the_prior(cvae: CVAE, data: Dataset) -> None:
    some = _first(data, 3)
    weighted = float(importance_weighted(cvae, some, 4000, seed=1).mean())
    # The ELBO of these weights, which were never trained, is nats away.
    assert weighted == pytest.approx(_by_the_prior(cvae, some, 4000), abs=0.3)


def test_a_prior_that_is_where_the_codes_are_makes_them_likelier(cvae: CVAE, data: Dataset) -> None:
    near = fit_prior(cvae, data)
    priors = [near, Prior.standard(cvae.config.latent), Prior(near.mean + 3.0, near.scale)]
    # With one sample this is the ELBO, to which a fitted prior is nearer whatever the decoder.
    nats = importance_weighted_under(priors, cvae, data, 1, seed=1).mean(1).tolist()
    assert nats == sorted(nats)
    assert nats[1] == pytest.approx(float(importance_weighted(cvae, data, 1, seed=1).mean()))


def test_each_sentence_has_its_own_likelihood_in_its_own_place(cvae: CVAE, data: Dataset) -> None:
    nats = importance_weighted(cvae, data, 400, seed=1)
    for row in (0, len(data) - 1):
        alone = Dataset(
            data.ids[row : row + 1],
            data.genres[row : row + 1],
            data.register[row : row + 1],
            data.slots[row : row + 1],
        )
        one = importance_weighted(cvae, alone, 400, seed=2)
        assert float(one[0]) == pytest.approx(float(nats[row]), abs=0.5)


def test_more_importance_samples_tighten_the_bound(cvae: CVAE, data: Dataset) -> None:
    few, many = (importance_weighted(cvae, data, samples, seed=2).mean() for samples in (1, 100))
    assert many < few


def test_one_importance_sample_is_the_elbo(cvae: CVAE, data: Dataset) -> None:
    torch.manual_seed(3)
    terms = [
        cvae(batch.sentences, cvae.condition(batch.genres, batch.register, batch.slots))
        for _ in range(40)
        for batch in data.each(64)
    ]
    with torch.no_grad():
        elbo = torch.cat([loss + kl.sum(1) for loss, kl in terms]).mean()
    drawn = torch.stack([importance_weighted(cvae, data, 1, seed=seed) for seed in range(40)])
    assert float(drawn.mean()) == pytest.approx(float(elbo), abs=0.3)


def test_shuffled_genres_are_the_same_genres_and_nobodys_own(data: Dataset) -> None:
    # Every row gets a label of its own, so that a row that kept it shows.
    apart = replace(data, genres=torch.eye(len(data)))
    shuffled = with_shuffled_genres(apart, seed=4).genres
    assert float((shuffled * apart.genres).sum()) == 0.0
    assert torch.equal(shuffled.sum(0), apart.genres.sum(0))


def test_codes_that_never_meet_tell_their_sentence_and_equal_ones_nothing() -> None:
    torch.manual_seed(0)
    narrow = torch.full((600, 2), -8.0)
    apart = Posterior(10.0 * torch.arange(600.0)[:, None].expand(-1, 2), narrow)
    assert mutual_information(apart) == pytest.approx(math.log(600), abs=1e-3)
    assert mutual_information(Posterior(torch.zeros(600, 2), narrow)) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("sizes", [CVAEConfig(), CVAEConfig(vocabulary=10_003, genres=0, latent=8)])
def test_the_language_model_is_as_large_as_the_cvae(sizes: CVAEConfig) -> None:
    cvae = CVAE(sizes)
    beside = LanguageModel(LanguageModelConfig.beside(cvae))
    wanted, has = (sum(p.numel() for p in each.parameters()) for each in (cvae, beside))
    assert has == pytest.approx(wanted, rel=0.005)


def test_reading_does_not_depend_on_what_stands_beside(data: Dataset, pieces: Pieces) -> None:
    model = _model(data, pieces)
    some = [[BOS, EOS], data.ids[3], data.ids[0]]
    together = model.read(some)
    for row, ids in enumerate(some):
        alone = model.read([ids])
        assert float(alone.nats[0]) == pytest.approx(float(together.nats[row]), abs=1e-4)
        assert torch.allclose(alone.states[0], together.states[row], atol=1e-5)


def test_the_probabilities_of_a_language_model_sum_to_one(data: Dataset, pieces: Pieces) -> None:
    model = _model(data, pieces).eval()
    with torch.no_grad():
        nats, _ = model(torch.tensor([[BOS, piece] for piece in range(pieces.size)]))
    assert float(torch.exp(-nats).sum()) == pytest.approx(1.0, abs=1e-4)


def test_a_language_model_learns(data: Dataset, pieces: Pieces) -> None:
    model = _model(data, pieces)
    before = float(model.read(data.ids).nats.mean())
    train_language_model(model, data, data, SETTINGS, seed=1)
    assert float(model.read(data.ids).nats.mean()) < 0.7 * before


def test_too_few_minutes_make_fewer_passes(data: Dataset, pieces: Pieces) -> None:
    counted: list[float] = []

    def clock() -> float:
        counted.append(60.0 * len(counted))
        return counted[-1]

    short, whole = _model(data, pieces), _model(data, pieces)
    train_language_model(short, data, data, SETTINGS, seed=1, minutes=2.5, clock=clock)
    train_language_model(whole, data, data, replace(SETTINGS, epochs=2), seed=1)
    assert torch.equal(short.bias, whole.bias)


def test_a_trained_language_model_is_kept_for_the_same_settings_alone(
    data: Dataset, pieces: Pieces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[int] = []

    def counted(*arguments: Any, seed: int, minutes: float | None) -> None:  # noqa: ANN401
        trained.append(seed)
        train_language_model(*arguments, seed=seed, minutes=minutes)

    monkeypatch.setattr(language_model, "train_language_model", counted)
    config, file = LanguageModelConfig(pieces.size, 8, 12, 0.1), tmp_path / "lm.safetensors"
    short = replace(SETTINGS, epochs=1)

    def get(seed: int) -> LanguageModel:
        return trained_language_model(file, config, data, data, short, seed=seed)

    first, again = get(1), get(1)
    assert trained == [1]
    assert torch.equal(first.bias, again.bias)
    get(2)
    assert trained == [1, 2]
    file.write_bytes(b"half a file")
    assert torch.equal(get(1).bias, first.bias)


def test_a_kept_language_model_of_any_size_can_be_loaded(
    data: Dataset, pieces: Pieces, tmp_path: Path
) -> None:
    config, file = LanguageModelConfig(pieces.size, 8, 12, 0.1, 0.2), tmp_path / "lm.safetensors"
    kept = trained_language_model(file, config, data, data, replace(SETTINGS, epochs=1), seed=1)
    loaded = load_language_model(file, data)
    assert loaded.config == LanguageModelConfig(pieces.size, 8, 12, dropout=0.0)
    assert torch.equal(loaded.read(data.ids).nats, kept.read(data.ids).nats)
    with pytest.raises(ModelError, match="other lines or another tokenizer"):
        load_language_model(file, _first(data, 3))
    file.write_bytes(b"half a file")
    with pytest.raises(ModelError, match="no language model"):
        load_language_model(file, data)


def test_the_cvae_of_a_bundle_can_be_stood_beside(bundle: Bundle) -> None:
    assert LanguageModelConfig.beside(bundle.cvae).vocabulary == bundle.pieces.size
