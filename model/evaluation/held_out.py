"""How likely the writer finds held-out sentences, beside a language model that has no latent z.

The language model's likelihood is exact; the writer's is bounded by the ELBO and estimated more
tightly by importance sampling, with few samples on all sentences and with many on some. Its z is
weighed by N(0, I), as published figures have it, and by the prior that it really draws from.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from model.corpus.lines import Line
from model.engine import Engine, Job
from model.evaluation.bleu import corpus_bleu
from model.evaluation.evidence import Evidence, Rows
from model.evaluation.judges import perplexity
from model.evaluation.kneser_ney import tokens
from model.evaluation.likelihood import (
    importance_weighted,
    importance_weighted_under,
    likelihood,
    with_shuffled_genres,
)
from model.prior import Prior
from model.training.batches import LONGEST, Dataset

WRITER, WRITERS_PRIOR, LANGUAGE_MODEL = "writer", "writers_prior", "language_model"


def held_out_likelihood(evidence: Evidence) -> Rows:
    """Nats a sentence, perplexity per word, the use of z, reconstruction and the genres' worth."""
    cvae, s = evidence.bundle.cvae, evidence.settings
    terms = likelihood(cvae, evidence.test_data, evidence.test)
    order = np.random.default_rng(s.seed).permutation(len(evidence.test))
    chosen = order[: s.importance_sentences].tolist()
    few = [evidence.test[i] for i in chosen]
    some = evidence.dataset(few)
    every = _nats(evidence, evidence.test, s.importance_all)
    rows: Rows = {name: {WRITER: value} for name, value in terms.items()}
    rows |= _rows("", every, evidence.test)
    rows |= _rows("_many_samples", _nats(evidence, few, s.importance), few)
    mistaken = importance_weighted(
        cvae, with_shuffled_genres(some, s.seed), s.importance_all, s.seed
    )
    rows |= {
        "perplexity_ratio": {
            name: own / rows["perplexity_many_samples"][LANGUAGE_MODEL]
            for name, own in rows["perplexity_many_samples"].items()
            if name != LANGUAGE_MODEL
        },
        "shuffled_genres_gap": {WRITER: float(mistaken.mean() - every[WRITER][chosen].mean())},
        "parameters": {
            WRITER: _parameters(cvae),
            LANGUAGE_MODEL: _parameters(evidence.language_model),
        },
    }
    return rows | _reconstruction(evidence, some)


def _nats(evidence: Evidence, lines: Sequence[Line], samples: int) -> dict[str, Tensor]:
    """-log p of each line, z being N(0, I) or of the writer's prior, and by the LSTM."""
    bundle, data = evidence.bundle, evidence.dataset(lines)
    priors = (Prior.standard(bundle.cvae.config.latent), bundle.prior)
    standard, fitted = importance_weighted_under(
        priors, bundle.cvae, data, samples, evidence.settings.seed
    )
    exact = evidence.read([line.text for line in lines]).nats
    return {WRITER: standard, WRITERS_PRIOR: fitted, LANGUAGE_MODEL: exact}


def _rows(suffix: str, nats: dict[str, Tensor], lines: Sequence[Line]) -> Rows:
    texts = [line.text for line in lines]
    return {
        f"nats{suffix}": {name: own.mean().item() for name, own in nats.items()},
        f"perplexity{suffix}": {
            name: perplexity(own.sum().item(), texts) for name, own in nats.items()
        },
    }


def _parameters(network: nn.Module) -> float:
    return float(sum(p.numel() for p in network.parameters()))


@torch.no_grad()
def _reconstruction(evidence: Evidence, data: Dataset) -> Rows:
    """What comes back, word by likeliest word, from the mean of q(z|x, a)."""
    cvae, pieces = evidence.bundle.cvae, evidence.bundle.pieces
    sentences: list[tuple[int, ...]] = []
    jobs: list[Job] = []
    for batch in data.each(128):
        a = cvae.condition(batch.genres, batch.register, batch.slots)
        tokens_ = batch.sentences[:, 1:-1]
        mean = cvae.encode(tokens_, a).mu
        sentences += [tuple(row) for row in tokens_.tolist()]
        jobs += [
            Job(z, own, seed=0, temperature=0.0, longest=LONGEST)
            for z, own in zip(mean, a, strict=True)
        ]
    back = [row.ids for row in Engine(cvae).decode(jobs)]
    said, meant = ([tokens(pieces.decode(ids)) for ids in both] for both in (back, sentences))
    exact = np.mean([one == other for one, other in zip(back, sentences, strict=True)])
    return {
        "reconstructed_exactly": {WRITER: float(exact)},
        "reconstruction_bleu_4": {WRITER: corpus_bleu(said, meant)},
    }
