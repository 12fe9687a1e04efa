"""The last training: what readers like, from their ratings.

Ridge regression on the features that the writer will see. How strongly the weights are held back is
chosen by cross-validation, and what is reported is how well ratings are foretold that the fit has
not seen.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import RidgeCV
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from model.bundle import Bundle
from model.corpus.lines import Line
from model.corpus.ratings import HIGHEST, Rated
from model.drafting import Drafter
from model.engine import Engine, Job
from model.taste import Taste, feature_count

GOOD = 4  # the rating from which a reader would print a sentence
DELIGHT_POWER = 2.0  # to which delight is raised: a 5 is worth nearly three 3s
_FOLDS = 5
_RIDGES = (100.0, 300.0, 1000.0, 3000.0, 10000.0)


@dataclass(frozen=True)
class TasteFit:
    """How well ratings are foretold that the fit has not seen."""

    ratings: int
    ridge: float
    correlation: float  # of what was foretold and what was given
    auc: float  # chance that a sentence rated `GOOD` is put above one that was not


def learn_taste(
    bundle: Bundle, ratings: Sequence[Rated], seed: int, power: float = 1.0
) -> tuple[Taste, TasteFit]:
    """The taste of readers, for this bundle's decoder, and how well it is foretold."""
    given = torch.tensor([float(rated.rating) for rated in ratings])
    return fit_taste(features_of(bundle, ratings), given, seed, power)


@torch.inference_mode()
def features_of(bundle: Bundle, sentences: Sequence[Rated | Line]) -> Tensor:
    """What a taste judges sentences by: (sentences, features)."""
    drafter = Drafter(bundle)
    pieces = bundle.pieces.encode_all([sentence.text for sentence in sentences])
    rows: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for row, sentence in enumerate(sentences):
        rows[sentence.genres].append(row)
    jobs: dict[int, Job] = {}
    for genres, own in rows.items():
        match = bundle.genres.match(genres)
        jobs |= zip(own, drafter.readings_of([pieces[row] for row in own], match), strict=True)
    read = Engine(bundle.cvae).decode([jobs[row] for row in range(len(sentences))])
    features = torch.zeros(len(sentences), feature_count(bundle.cvae.config))
    for genres, own in rows.items():
        texts = [sentences[row].text for row in own]
        match = bundle.genres.match(genres)
        features[own] = drafter.features([read[row] for row in own], texts, match)
    return features


def fit_taste(
    features: Tensor, ratings: Tensor, seed: int, power: float = 1.0
) -> tuple[Taste, TasteFit]:
    """The taste of all ratings, and how well it foretells those that it has not seen.

    Features are (ratings, features), ratings (ratings,). What is foretold is 5 (rating / 5)^power:
    under a power above 1 the best is worth the risk of what merely might be good.
    """
    x, given = features.double().numpy(), ratings.double().numpy()
    y = HIGHEST * (given / HIGHEST) ** power
    scaler, ridge = StandardScaler(), RidgeCV(_RIDGES)
    pipeline = make_pipeline(scaler, ridge)
    folds = KFold(_FOLDS, shuffle=True, random_state=seed)
    foretold = cross_val_predict(pipeline, x, y, cv=folds)
    pipeline.fit(x, y)
    # The weights are for features as they come: none has to be scaled when a draft is rated.
    weights = ridge.coef_ / scaler.scale_
    bias = ridge.intercept_ - weights @ scaler.mean_
    return Taste(torch.from_numpy(weights).float(), torch.tensor(float(bias))), TasteFit(
        ratings=len(y),
        ridge=float(ridge.alpha_),
        correlation=float(np.corrcoef(foretold, y)[0, 1]),
        auc=float(roc_auc_score(given >= GOOD, foretold)),
    )
