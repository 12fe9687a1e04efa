"""What a trained writer is worth, in numbers: a short report.

Likelihood is a bound: -log p(x) <= reconstruction + KL, divided by words (the sentence's end is one
of them, as is usual) rather than by pieces, so that tokenizers compare. Mutual information is
between x and z under the aggregated posterior, estimated over the test lines; it cannot exceed the
logarithm of their number. Text is judged on sentences drawn with the settings of serving; "before"
and "after" are the same z and the same noise without and with the LC-GAN. Real held-out text stands
beside generated text wherever a figure has no natural scale.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from model.blocklist import standard
from model.bundle import Bundle
from model.corpus.lines import Line, words
from model.cvae import CVAE, Posterior
from model.ranking import repeats
from model.training.batches import Dataset
from model.training.lcgan import Decoder

_ACTIVE = 0.01  # variance of a posterior mean from which a dimension counts as used
Report = dict[str, float]


@torch.no_grad()
def likelihood(cvae: CVAE, test: Dataset, lines: Sequence[Line]) -> Report:
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
    per_sentence = sum(len(line.text.split()) + 1 for line in lines) / len(lines)
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


def mutual_information(posterior: Posterior) -> float:
    """I(x; z) = E[log q(z|x) - log q(z)] with q(z) the mixture over the given sentences."""
    z = posterior.sample()
    own = _log_density(z[:, None], posterior)  # (sentences, sentences)
    mixture = torch.logsumexp(own, dim=1) - math.log(len(z))
    return float((own.diagonal() - mixture).mean())


def _log_density(z: Tensor, posterior: Posterior) -> Tensor:
    mu, logvar = posterior.mu[None], posterior.logvar[None]
    squared = (z - mu).square() / logvar.exp()
    return -0.5 * (squared + logvar + math.log(2 * math.pi)).sum(2)


@torch.no_grad()
def constraint(bundle: Bundle, decoder: Decoder, held_out: Sequence[str], count: int) -> Report:
    """What the LC-GAN changes: topic, distance, diversity and copying, before and after."""
    torch.manual_seed(1)
    z, a = decoder.draw(count)
    moved = bundle.lcgan.actor(z, a)
    before, after = decoder.texts(z, a, seed=1), decoder.texts(moved, a, seed=1)
    distance = (moved - z).square().mean(1).sqrt().mean()
    report = {"samples": float(count), "distance_per_dimension": float(distance)}
    for name, texts in (("held_out", held_out), ("before", before), ("after", after)):
        report |= {f"{key}_{name}": value for key, value in quality(bundle, texts).items()}
    return report


def quality(bundle: Bundle, texts: Sequence[str]) -> Report:
    """Figures of a set of sentences; distinct-n is over the first 500, for it falls with size."""
    topics = bundle.topics.favour(texts)
    bags = [words(text) for text in texts]
    return {
        "topic": sum(topics) / len(texts),
        "distinct_1": distinct(bags[:500], 1),
        "distinct_2": distinct(bags[:500], 2),
        "unique": len(set(texts)) / len(texts),
        "copied_4_grams": 1 - sum(map(bundle.copies.novelty, texts)) / len(texts),
        "quotations": sum(map(bundle.copies.quotes, texts)) / len(texts),
        "repeats": sum(map(repeats, bags)) / len(texts),
        "blocked": sum(standard().found(text) is not None for text in texts) / len(texts),
    }


def distinct(bags: Sequence[Sequence[str]], size: int) -> float:
    """The share of n-grams that are different from all others."""
    runs = [tuple(bag[i : i + size]) for bag in bags for i in range(len(bag) - size + 1)]
    return len(set(runs)) / max(1, len(runs))
