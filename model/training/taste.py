"""The fourth training: what readers like, from their ratings of drafts.

Ridge regression on the features that the writer will see. How strongly the weights are held back is
chosen by cross-validation, and what is reported is how well ratings are foretold that the fit has
not seen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from model.blocks import block_for
from model.bundle import Bundle
from model.corpus.ratings import Rated
from model.cvae import REGISTERS, SLOTS, multi_hot
from model.steps import Steps
from model.taste import Taste, Taster

GOOD = 4  # the rating from which a reader would print a sentence
_FOLDS = 5
_RIDGES = (30.0, 100.0, 300.0, 1000.0, 3000.0)
_SMALLEST = 1e-6  # a feature that hardly varies is not blown up


@dataclass(frozen=True)
class TasteFit:
    """How well ratings are foretold that the fit has not seen."""

    ratings: int
    ridge: float
    correlation: float  # of the rating foretold and the rating given
    auc: float  # chance that a sentence rated `GOOD` is put above one that was not


def described_texts(bundle: Bundle, ratings: Sequence[Rated]) -> Tensor:
    """The features of rated sentences: (ratings, features)."""
    steps = Steps(bundle.cvae, block_for(torch.device("cpu")))
    taster = Taster(bundle.cvae, bundle.prior, bundle.probe, steps)
    index = {label: i for i, label in enumerate(bundle.genres.labels)}
    matches = [bundle.genres.match(rated.genres) for rated in ratings]
    labels = [[index[label] for label in match.labels] for match in matches]
    register = REGISTERS.index(bundle.serving.registers[0])
    a = bundle.cvae.condition(
        multi_hot(labels, len(index)),
        torch.full((len(ratings),), register),
        torch.full((len(ratings),), SLOTS.index("unknown")),
    )
    texts = [rated.text for rated in ratings]
    return taster.features(bundle.pieces.encode_all(texts), texts, a.detach(), labels)


def fit_taste(features: Tensor, ratings: Tensor, seed: int) -> tuple[Taste, TasteFit]:
    """The taste of all ratings, and how well it foretells those that it has not seen.

    Features are (ratings, features), ratings (ratings,).
    """
    features, ratings = features.double(), ratings.double()
    foretold = {ridge: _foretold(features, ratings, ridge, seed) for ridge in _RIDGES}
    errors = {ridge: (guess - ratings).square().mean() for ridge, guess in foretold.items()}
    best = min(_RIDGES, key=lambda ridge: errors[ridge])
    weights, bias = _ridge(features, ratings, best)
    guess = foretold[best]
    return Taste(weights.float(), bias.float()), TasteFit(
        ratings=len(ratings),
        ridge=best,
        correlation=float(torch.corrcoef(torch.stack([guess, ratings]))[0, 1]),
        auc=_auc(guess[ratings >= GOOD], guess[ratings < GOOD]),
    )


def _foretold(features: Tensor, ratings: Tensor, ridge: float, seed: int) -> Tensor:
    """Each rating as foretold by the fit to the other folds."""
    guess = torch.zeros_like(ratings)
    for held_out in _folds(len(ratings), seed):
        kept = torch.ones(len(ratings), dtype=torch.bool)
        kept[held_out] = False
        weights, bias = _ridge(features[kept], ratings[kept], ridge)
        guess[held_out] = features[held_out] @ weights + bias
    return guess


def _folds(count: int, seed: int) -> Iterator[Tensor]:
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    for fold in range(_FOLDS):
        yield order[fold::_FOLDS]


def _ridge(features: Tensor, ratings: Tensor, ridge: float) -> tuple[Tensor, Tensor]:
    """The weights and the bias for features as they come; the ridge is on standardised ones."""
    mean, scale = features.mean(0), features.std(0).clamp(min=_SMALLEST)
    standard = (features - mean) / scale
    middle = ratings.mean()
    gram = standard.T @ standard + ridge * torch.eye(features.shape[1], dtype=features.dtype)
    weights = torch.linalg.solve(gram, standard.T @ (ratings - middle)) / scale
    return weights, middle - mean @ weights


def _auc(good: Tensor, others: Tensor) -> float:
    return float((good[:, None] > others[None]).double().mean())
