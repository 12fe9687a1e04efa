"""The shape of the latent space: are lines through it smooth, and is it full where z is drawn?

- Homotopies between held-out sentences: perplexity along the way, and how far each step goes. A
  path is as long as the sum of its steps' word edit distances, divided by the distance of its ends;
  1 would be straight.
- The aggregated posterior q(z), the codes of real sentences: a small network tries to tell them
  from codes of a prior. An AUC of .5 says that it draws z where the decoder has learnt to read.
- Priors compared by what is decoded from them: N(0, I); the writer's own; the same, narrowed as it
  is served; a mixture of Gaussians fitted to q(z); and real codes, which no prior can better.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn

from model.corpus.lines import ARTIST, TITLE, words
from model.evaluation.diversity import distinct
from model.evaluation.evidence import Evidence, Rows
from model.evaluation.judges import Judges
from model.prior import Prior
from model.writer import Writer

_HELD_OUT = 0.25  # share of the codes that only measures the probe
_PASSES = 30  # of the probe over its codes
_READ = 500  # sentences whose distinct 2-grams are counted


def homotopies(evidence: Evidence) -> Rows:
    """Smoothness of the lines between held-out sentences."""
    judges, paths = evidence.judges, _paths(evidence)
    jumps = [[edits(left, right) for left, right in pairwise(path)] for path in paths]
    ends = [edits(path[0], path[-1]) for path in paths]
    straight = [sum(steps) / max(1, end) for steps, end in zip(jumps, ends, strict=True)]
    real = judges.forward(evidence.held_out)
    rows: Rows = {
        "homotopy_perplexity": {
            f"step_{i + 1}": judges.forward([path[i] for path in paths])
            for i in range(len(paths[0]))
        }
        | {"held_out": real},
        "homotopy_words_changed": {
            "a_step": float(np.mean(jumps)),
            "largest_step": float(np.mean([max(steps) for steps in jumps])),
            "end_to_end": float(np.mean(ends)),
        },
        "homotopy_path_length": {"mean": float(np.mean(straight))},
        "homotopy_steps_that_change": {
            "mean": float(np.mean([[step > 0 for step in steps] for steps in jumps]))
        },
    }
    return rows


def _paths(evidence: Evidence) -> list[list[str]]:
    """Lines between held-out sentences without slots, no sentence twice where there are enough."""
    writer, s = Writer(evidence.bundle), evidence.settings
    bare = [text for text in evidence.held_out if ARTIST not in text and TITLE not in text]
    bare = bare or evidence.held_out
    order = np.random.default_rng(s.seed).permutation(len(bare))
    ends = [bare[order[i % len(bare)]] for i in range(2 * s.homotopies)]
    return [
        writer.interpolate(ends[i], ends[i + s.homotopies], s.steps) for i in range(s.homotopies)
    ]


def edits(left: str, right: str) -> int:
    """Words to insert, delete or replace to make one text of the other (Levenshtein 1966)."""
    one, other = words(left), words(right)
    row = list(range(len(other) + 1))
    for i, word in enumerate(one, start=1):
        before, row = row, [i]
        for j, own in enumerate(other, start=1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (word != own)))
    return row[-1]


def aggregated_posterior(codes: Tensor, prior: Prior, seed: int) -> Rows:
    """Whether a probe tells codes of real sentences from N(0, I) and from the writer's own prior.

    Beside it, how far the codes' moments are from those of N(0, I).
    """
    normal = torch.randn(codes.shape, generator=torch.Generator().manual_seed(seed))
    deviation, covariance = codes.std(0), torch.cov(codes.T)
    return {
        "posterior_probe_auc": {
            "standard_normal": _told_apart(codes, normal, seed),
            "writers_prior": _told_apart(codes, prior.place(normal), seed),
        },
        "posterior_mean": {"largest": float(codes.mean(0).abs().max())},
        "posterior_deviation": {
            "smallest": float(deviation.min()),
            "mean": float(deviation.mean()),
            "largest": float(deviation.max()),
        },
        "posterior_covariance_off_diagonal": {
            "largest": float((covariance - covariance.diag().diag()).abs().max())
        },
    }


def _told_apart(codes: Tensor, drawn: Tensor, seed: int) -> float:
    """The AUC, on codes held out, of a network that learnt which are of real sentences."""
    torch.manual_seed(seed)
    both = torch.cat([codes, drawn])
    real = torch.cat([torch.ones(len(codes)), torch.zeros(len(drawn))])
    held, seen = torch.randperm(len(both)).split_with_sizes(
        [int(_HELD_OUT * len(both)), len(both) - int(_HELD_OUT * len(both))]
    )
    probe = nn.Sequential(
        nn.Linear(both.shape[1], 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1)
    )
    optimiser = torch.optim.AdamW(probe.parameters(), lr=2e-3, weight_decay=1e-2)
    for _ in range(_PASSES):
        for rows in torch.split(seen[torch.randperm(len(seen))], 256):
            loss = F.binary_cross_entropy_with_logits(probe(both[rows])[:, 0], real[rows])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch's own
            optimiser.step()
    with torch.no_grad():
        return float(roc_auc_score(real[held].numpy(), probe(both[held])[:, 0].numpy()))


@torch.no_grad()
def posterior_codes(evidence: Evidence, count: int, seed: int) -> Tensor:
    """One z of q(z|x, a) for each of so many random train sentences: (count, latent)."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(evidence.train), generator=generator)[:count].tolist()
    data = evidence.dataset([evidence.train[row] for row in rows])
    cvae, found = evidence.bundle.cvae, []
    for batch in data.each(128):
        a = cvae.condition(batch.genres, batch.register, batch.slots)
        posterior = cvae.encode(batch.sentences[:, 1:-1], a)
        found.append(posterior.sample(torch.randn(posterior.mu.shape, generator=generator)))
    return torch.cat(found)[torch.randperm(len(data), generator=generator)]


def priors(evidence: Evidence, codes: Tensor) -> Rows:
    """What is decoded from each prior, under the same conditions and noise."""
    s = evidence.settings
    drawn = evidence.draw(s.prior, s.seed + 1)
    places = {**_priors(evidence, codes), "as_served": drawn.z}
    decoded = {name: evidence.decoder.texts(z, drawn.a, s.seed) for name, z in places.items()}
    return _compared(decoded, evidence.judges, evidence.held_out)


def _priors(evidence: Evidence, codes: Tensor) -> dict[str, Tensor]:
    s, generator = evidence.settings, torch.Generator().manual_seed(evidence.settings.seed)
    normal = torch.randn(s.prior, codes.shape[1], generator=generator)
    mixture = GaussianMixture(s.components, reg_covar=1e-3, max_iter=500, random_state=s.seed)
    mixed, _ = mixture.fit(codes.double().numpy()).sample(s.prior)
    order = torch.randperm(s.prior, generator=generator)  # scikit-learn sorts by component
    chosen = torch.randint(len(codes), (s.prior,), generator=generator)
    return {
        "standard_normal": normal,
        "writers_prior": evidence.bundle.prior.place(normal),
        "mixture": torch.from_numpy(mixed).float()[order],
        "real_codes": codes[chosen],
    }


def _compared(
    decoded: Mapping[str, Sequence[str]], judges: Judges, held_out: Sequence[str]
) -> Rows:
    return {
        "prior_forward_perplexity": {
            name: judges.forward(texts) for name, texts in decoded.items()
        },
        "prior_reverse_perplexity": {
            name: judges.reverse(texts, held_out) for name, texts in decoded.items()
        },
        "prior_distinct_2": {
            name: distinct([words(text) for text in texts[:_READ]], 2)
            for name, texts in decoded.items()
        },
    }
