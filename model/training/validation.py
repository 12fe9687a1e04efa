"""What lines that are not learnt from say about a CVAE, and whether its latent space is alive."""

import math
from dataclasses import dataclass

import torch

from model.cvae import CVAE, Posterior
from model.errors import TrainingError
from model.evaluation.likelihood import mutual_information
from model.training.batches import Batch, Dataset
from model.training.config import Stopping

_ACTIVE = 0.01  # variance of a posterior mean from which a dimension counts as used
_COMPARED = 1000  # codes, at most, among which the mutual information is estimated


@dataclass(frozen=True)
class Validation:
    """Figures of the validation lines, nats per sentence; dropout off, nothing hidden."""

    reconstruction: float
    kl: float
    active: int  # dimensions in use
    information: float  # mutual information of sentence and z, at most the log of the lines

    @property
    def loss(self) -> float:
        """The negative ELBO."""
        return self.reconstruction + self.kl


@torch.no_grad()
def validate(cvae: CVAE, data: Dataset) -> Validation:
    """Read every line once."""
    cvae.eval()
    reconstruction = kl = 0.0
    posteriors = []
    for found in data.each(128):
        batch = Batch(*(values.to(cvae.bias.device) for values in found))
        a = cvae.condition(batch.genres, batch.register, batch.slots)
        posterior = cvae.encode(batch.sentences[:, 1:-1], a)
        nats = cvae.token_nll(batch.sentences, posterior.sample(), a)  # (batch, time - 1)
        reconstruction += float(nats.sum(1).sum())
        kl += float(posterior.kl().sum())
        posteriors.append(posterior)
    cvae.train()
    mu = torch.cat([p.mu for p in posteriors]).cpu()
    logvar = torch.cat([p.logvar for p in posteriors]).cpu()
    return Validation(
        reconstruction / len(data),
        kl / len(data),
        active=int((mu.var(0) > _ACTIVE).sum()),
        information=_information(Posterior(mu, logvar)),
    )


def _information(posterior: Posterior) -> float:
    """Mutual information over an even choice of lines, without a draw from torch's own stream."""
    every = math.ceil(len(posterior.mu) / _COMPARED)
    with torch.random.fork_rng(devices=[]):
        return mutual_information(Posterior(posterior.mu[::every], posterior.logvar[::every]))


def check_alive(found: Validation, latent: int, free_bits: float, least: Stopping) -> None:
    """Refuse to go on with a latent space that says nothing of the sentence.

    Raises:
        TrainingError: the posterior has collapsed, or the loss is no number any more.
    """
    if not math.isfinite(found.loss):
        raise TrainingError(
            "the validation loss is no number any more; lower `rate` or `clip`, and train into "
            "another output folder"
        )
    if found.active < least.active * latent or found.information < least.information:
        raise TrainingError(
            f"the posterior has collapsed: {found.active} of {latent} latent dimensions are in use "
            f"and z tells {found.information:.2f} nats of its sentence. Raise `free_bits` (it is "
            f"{free_bits:g}) or let beta rise more slowly (`beta_share`, `beta_start`), and train "
            "into another output folder"
        )
