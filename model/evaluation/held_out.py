"""How likely the writer finds held-out sentences, beside a language model that has no latent z.

The language model's likelihood is exact; the writer's is bounded by the ELBO and estimated more
tightly by importance sampling, with few samples on all sentences and with many on some.
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
from model.evaluation.likelihood import importance_weighted, likelihood, with_shuffled_genres
from model.training.batches import LONGEST, Dataset

WRITER, LANGUAGE_MODEL = "writer", "language_model"


def held_out_likelihood(evidence: Evidence) -> Rows:
    """Nats a sentence, perplexity per word, the use of z, reconstruction and the genres' worth."""
    cvae, s = evidence.bundle.cvae, evidence.settings
    terms = likelihood(cvae, evidence.test_data, evidence.test)
    few = _chosen(evidence.test, s.importance_sentences, s.seed)
    some = evidence.dataset(few)
    # Both with the same noise and the same number of samples, so that the gap is the genres' own.
    right, wrong, fitted = (
        importance_weighted(cvae, data, s.importance_all, s.seed, prior).mean().item()
        for data, prior in (
            (some, None),
            (with_shuffled_genres(some, s.seed), None),
            (some, evidence.bundle.prior),
        )
    )
    rows: Rows = {name: {WRITER: value} for name, value in terms.items()}
    rows |= _weighed(evidence, "", evidence.test, s.importance_all)
    rows |= _weighed(evidence, "_many_samples", few, s.importance)
    rows |= {
        "perplexity_ratio": {WRITER: _ratio(rows["perplexity_many_samples"])},
        "shuffled_genres_gap": {WRITER: wrong - right},
        "fitted_prior_gain": {WRITER: right - fitted},
        "parameters": {
            WRITER: _parameters(cvae),
            LANGUAGE_MODEL: _parameters(evidence.language_model),
        },
    }
    return rows | _reconstruction(evidence, some)


def _weighed(evidence: Evidence, suffix: str, lines: Sequence[Line], samples: int) -> Rows:
    """Both models on the same lines."""
    texts = [line.text for line in lines]
    data = evidence.dataset(lines)
    nats: dict[str, Tensor] = {
        WRITER: importance_weighted(evidence.bundle.cvae, data, samples, evidence.settings.seed),
        LANGUAGE_MODEL: evidence.read(texts).nats,
    }
    return {
        f"nats{suffix}": {name: own.mean().item() for name, own in nats.items()},
        f"perplexity{suffix}": {
            name: perplexity(own.sum().item(), texts) for name, own in nats.items()
        },
    }


def _ratio(pair: dict[str, float]) -> float:
    return pair[WRITER] / pair[LANGUAGE_MODEL]


def _parameters(network: nn.Module) -> float:
    return float(sum(p.numel() for p in network.parameters()))


def _chosen(lines: Sequence[Line], count: int, seed: int) -> list[Line]:
    order = np.random.default_rng(seed).permutation(len(lines))[:count]
    return [lines[i] for i in order]


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
