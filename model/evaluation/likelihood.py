"""How likely a CVAE finds real sentences, and how much of them its codes carry.

-log p(x|a) has no closed form. The negative ELBO is an upper bound of it; the importance-weighted
estimate (Burda et al. 2016, equation 8) is a tighter one, which approaches it as samples are added.
Perplexity is per word, the sentence's end counted as one, so that tokenizers compare.

Mutual information is between x and z under the aggregated posterior, estimated over the sentences
given; it cannot exceed the logarithm of their number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from tqdm import tqdm

from model.corpus.lines import Line
from model.cvae import CVAE, Posterior
from model.prior import Prior

if TYPE_CHECKING:  # training imports this module
    from model.training.batches import Batch, Dataset

_ACTIVE = 0.01  # variance of a posterior mean from which a dimension counts as used
_ROWS = 256  # rows scored together: their scores of all pieces must fit the memory
_TOGETHER = 32  # sentences of a batch, each of them as many rows as it has samples
_LOG_2_PI = math.log(2 * math.pi)


@torch.no_grad()
def likelihood(cvae: CVAE, test: Dataset, lines: Sequence[Line]) -> dict[str, float]:
    """Perplexity per word, the ELBO's terms, and how z is used."""
    torch.manual_seed(0)
    reconstruction = shuffled = 0.0
    posteriors = []
    for batch in test.each(64):
        a = cvae.condition(batch.genres, batch.register, batch.slots)
        posterior = cvae.encode(batch.sentences[:, 1:-1], a)
        z = posterior.sample()
        reconstruction += float(cvae.token_nll(batch.sentences, z, a).sum())
        other = test.genres[torch.randint(len(test), (len(z),))]
        wrong = cvae.condition(other, batch.register, batch.slots)
        shuffled += float(cvae.token_nll(batch.sentences, z, wrong).sum())
        posteriors.append(posterior)
    whole = Posterior(
        torch.cat([p.mu for p in posteriors]), torch.cat([p.logvar for p in posteriors])
    )
    count = len(test)
    elbo = reconstruction / count + float(whole.kl().sum(1).mean())
    per_sentence = sum(spoken(line.text) for line in lines) / len(lines)
    return {
        "sentences": float(count),
        "negative_elbo": elbo,
        "reconstruction": reconstruction / count,
        "kl": float(whole.kl().sum(1).mean()),
        "perplexity_per_word_bound": math.exp(elbo / per_sentence),
        "mutual_information": mutual_information(whole),
        "mutual_information_cap": math.log(count),
        "active_units": float((whole.mu.var(0) > _ACTIVE).sum()),
        "shuffled_genres_cost": (shuffled - reconstruction) / count,
    }


def spoken(text: str) -> int:
    """What a perplexity is divided by: the words between spaces, and the sentence's end."""
    return len(text.split()) + 1


def mutual_information(posterior: Posterior) -> float:
    """I(x; z) = E[log q(z|x) - log q(z)] with q(z) the mixture over the given sentences."""
    z = posterior.sample()
    mixture = torch.cat(
        [_log_density(part[:, None], posterior).logsumexp(1) for part in torch.split(z, _ROWS)]
    )
    return float((_log_density(z, posterior) - mixture).mean()) + math.log(len(z))


def _log_density(z: Tensor, posterior: Posterior) -> Tensor:
    """log q(z|x) of z (..., latent) for posteriors (sentences, latent), broadcast."""
    squared = (z - posterior.mu).square() / posterior.logvar.exp()
    return -0.5 * (squared + posterior.logvar + _LOG_2_PI).sum(-1)


def importance_weighted(cvae: CVAE, data: Dataset, samples: int, seed: int) -> Tensor:
    """-log p(x|a) of each sentence, in nats, z being N(0, I): (sentences,), in their order.

    log 1/K sum_k p(x|z_k, a) p(z_k) / q(z_k|x, a) with z_k drawn from q (Burda et al., equation 8).
    """
    standard = Prior.standard(cvae.config.latent)
    return importance_weighted_under([standard], cvae, data, samples, seed)[0]


@torch.no_grad()
def importance_weighted_under(
    priors: Sequence[Prior], cvae: CVAE, data: Dataset, samples: int, seed: int
) -> Tensor:
    """The same under each of several priors p(z), for the price of one: (priors, sentences)."""
    cvae.eval()
    generator = torch.Generator().manual_seed(seed)
    nats = torch.zeros(len(priors), len(data))
    batches = data.batches(_TOGETHER, torch.Generator().manual_seed(0))
    for rows in tqdm(batches, desc=f"{samples} importance samples", mininterval=2, leave=False):
        nats[:, rows] = _weighted(priors, cvae, data.rows(rows), samples, generator)
    return nats


def _weighted(
    priors: Sequence[Prior], cvae: CVAE, batch: Batch, samples: int, generator: torch.Generator
) -> Tensor:
    a = cvae.condition(batch.genres, batch.register, batch.slots)
    q = cvae.encode(batch.sentences[:, 1:-1], a)
    rows = torch.arange(len(a)).repeat_interleave(samples)
    weights = []
    for part in torch.split(rows, _ROWS):
        own = Posterior(q.mu[part], q.logvar[part])
        noise = torch.randn(own.mu.shape, generator=generator)
        z = own.sample(noise)
        posterior = -0.5 * (noise.square() + own.logvar + _LOG_2_PI).sum(1)
        nats = cvae.token_nll(batch.sentences[part], z, a[part]).sum(1)
        weights.append(torch.stack([prior.log_prob(z) for prior in priors]) - posterior - nats)
    by_sentence = torch.cat(weights, dim=1).view(len(priors), len(a), samples)
    return math.log(samples) - by_sentence.logsumexp(2)


def with_shuffled_genres(data: Dataset, seed: int) -> Dataset:
    """The same sentences, each with another's genres."""
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))
    # Row i takes the genres of the row after it in a random ring: never its own.
    ring = torch.empty_like(order)
    ring[order] = order.roll(-1)
    return replace(data, genres=data.genres[ring])
