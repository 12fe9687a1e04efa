"""The shape of the latent space: are lines through it smooth, and is it full where z is drawn?

- Homotopies between held-out sentences: perplexity along the way, and how far each step goes. A
  path is as long as the sum of its steps' word edit distances, divided by the distance of its ends;
  1 would be straight.
- The aggregated posterior q(z), the codes of real sentences: a small network tries to tell them
  from N(0, I). An AUC of .5 says that the prior draws z where the decoder has learnt to read them.
- Priors compared by what is decoded from them: N(0, I), the narrower one that is served, a mixture
  of Gaussians fitted to q(z), and real codes themselves, which no learned prior can better.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.neural_network import MLPClassifier
from torch import Tensor

from model.corpus.lines import ARTIST, TITLE, words
from model.evaluation.diversity import distinct
from model.evaluation.evidence import Codes, Evidence, Rows
from model.evaluation.judges import Judges
from model.writer import Writer

Points = npt.NDArray[np.float32]  # (rows, latent)

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


def aggregated_posterior(codes: Points, seed: int) -> Rows:
    """Whether a probe tells codes of real sentences from N(0, I), and the codes' moments."""
    random = np.random.default_rng(seed)
    normal = random.standard_normal(codes.shape).astype(np.float32)
    held = max(2, int(_HELD_OUT * len(codes)))
    probe = MLPClassifier((64, 64), alpha=1e-3, random_state=seed)
    seen, kinds = _both(codes[held:], normal[held:])
    order = random.permutation(len(seen))
    for _ in range(_PASSES):
        probe.partial_fit(seen[order], kinds[order], classes=[0, 1])
    unseen, truth = _both(codes[:held], normal[:held])
    covariance = np.cov(codes, rowvar=False)
    return {
        "posterior_probe_auc": {
            "held_out": float(roc_auc_score(truth, probe.predict_proba(unseen)[:, 1]))
        },
        "posterior_mean": {"largest": float(np.abs(codes.mean(0)).max())},
        "posterior_deviation": {
            "smallest": float(codes.std(0).min()),
            "mean": float(codes.std(0).mean()),
            "largest": float(codes.std(0).max()),
        },
        "posterior_covariance_off_diagonal": {
            "largest": float(np.abs(covariance - np.diag(np.diag(covariance))).max())
        },
    }


def _both(real: Points, normal: Points) -> tuple[Points, npt.NDArray[np.int64]]:
    kinds = np.repeat([1, 0], [len(real), len(normal)])
    return np.concatenate([real, normal]), kinds


@torch.no_grad()
def posterior_codes(evidence: Evidence, count: int, seed: int) -> Points:
    """One z of q(z|x, a) for each of so many random train sentences: (count, latent)."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(evidence.train), generator=generator)[:count].tolist()
    data = evidence.dataset([evidence.train[row] for row in rows])
    cvae, found = evidence.bundle.cvae, []
    for batch in data.each(128):
        a = cvae.condition(batch.genres, batch.register, batch.slots)
        posterior = cvae.encode(batch.sentences[:, 1:-1], a)
        found.append(posterior.sample(torch.randn(posterior.mu.shape, generator=generator)))
    codes: Points = torch.cat(found)[torch.randperm(len(data), generator=generator)].numpy()
    return codes


def priors(evidence: Evidence, codes: Points) -> Rows:
    """What is decoded from each prior, under the same conditions and noise."""
    s = evidence.settings
    drawn = evidence.draw(s.prior, s.seed + 1)
    decoded = {
        name: evidence.decoder.texts(z, drawn.a, s.seed)
        for name, z in _priors(drawn, codes, s.components, s.seed).items()
    }
    decoded["as_served"] = evidence.decoder.texts(drawn.z, drawn.a, s.seed)
    return _compared(decoded, evidence.judges, evidence.held_out)


def _priors(drawn: Codes, codes: Points, components: int, seed: int) -> Mapping[str, Tensor]:
    count, width = drawn.z.shape
    mixture = GaussianMixture(components, reg_covar=1e-3, max_iter=500, random_state=seed)
    learned, _ = mixture.fit(codes.astype(np.float64)).sample(count)
    random = np.random.default_rng(seed)
    return {
        "standard_normal": torch.from_numpy(random.standard_normal((count, width))).float(),
        "learned_mixture": torch.from_numpy(random.permutation(learned)).float(),
        "real_codes": torch.from_numpy(codes[random.integers(len(codes), size=count)]).float(),
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
