"""The prior of a trained CVAE: what its encoder makes of the training lines, as one Gaussian."""

import torch

from model.cvae import CVAE
from model.prior import Prior
from model.training.batches import Dataset


@torch.no_grad()
def fit_prior(cvae: CVAE, data: Dataset) -> Prior:
    """The Gaussian nearest to the aggregated posterior of `data`, nothing hidden."""
    posteriors = []
    for batch in data.each(128):
        a = cvae.condition(batch.genres, batch.register, batch.slots)
        posteriors.append(cvae.encode(batch.sentences[:, 1:-1], a))
    return Prior.fit(posteriors)
