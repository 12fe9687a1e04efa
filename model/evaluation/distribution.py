"""Whether sentences, taken together, are spread as real ones are.

Two distances between sets of sentences: the area under the divergence frontier (Pillutla et al.
2021, equations 2 to 4; 1 is best) and the Frechet distance of Gaussians (Heusel et al. 2017; 0 is
best). Both need sentences as points, and ours are of our own making: TF-IDF reduced by SVD, and
the mean states of the LSTM language model reduced by PCA. So neither may be compared with
published MAUVE or FID, only with the value of real sentences against real ones that stands beside.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from model.corpus.lines import words
from model.evaluation.evidence import Evidence, Rows

Points = npt.NDArray[np.float64]  # (sentences, features)

_FEATURES = 256
_LEARNT_FROM = 10_000  # train sentences whose words the TF-IDF space is made of
_SCALE = 5.0  # c of the frontier's exponentials
_MIXTURES = np.linspace(0.0, 1.0, 27)[1:-1]  # lambda
_PER_CLUSTER = 10  # sentences of each set, in the mean


def distribution(evidence: Evidence) -> Rows:
    """Both distances in both spaces, from held-out sentences to every column and real lines."""
    columns = dict(evidence.columns)
    size = min(map(len, columns.values()))
    # Everything at one size, for both distances depend on it.
    columns = {name: texts[:size] for name, texts in columns.items()}
    known = _chosen(evidence.judging, _LEARNT_FROM, evidence.settings.seed)
    columns["real_lines"] = _chosen(evidence.judging, size, evidence.settings.seed)
    rows: Rows = {}
    for space, points in (
        ("tf_idf", _tf_idf(known, columns, evidence.settings.seed)),
        ("lstm", _states(evidence, columns)),
    ):
        real = points.pop("held_out")
        rows[f"frontier_{space}"] = {
            name: frontier(real, own, evidence.settings.seed) for name, own in points.items()
        }
        rows[f"frechet_{space}"] = {name: frechet(real, own) for name, own in points.items()}
    return rows


def _chosen(texts: Sequence[str], count: int, seed: int) -> list[str]:
    order = np.random.default_rng(seed).permutation(len(texts))[:count]
    return [texts[i] for i in order]


def _tf_idf(
    train: Sequence[str], columns: Mapping[str, Sequence[str]], seed: int
) -> dict[str, Points]:
    vectors = TfidfVectorizer(analyzer=words, min_df=2, sublinear_tf=True)
    known = vectors.fit_transform(train)
    size = max(1, min(_FEATURES, *(each - 1 for each in known.shape)))
    reduced = TruncatedSVD(size, random_state=seed).fit(known)
    return {
        name: reduced.transform(vectors.transform(list(texts))) for name, texts in columns.items()
    }


def _states(evidence: Evidence, columns: Mapping[str, Sequence[str]]) -> dict[str, Points]:
    readings = {**evidence.readings, "real_lines": evidence.read(columns["real_lines"])}
    states = {
        name: readings[name].states[: len(texts)].double().numpy()
        for name, texts in columns.items()
    }
    real = states["real_lines"]
    reduced = PCA(min(_FEATURES, *real.shape), svd_solver="full").fit(real)
    return {name: reduced.transform(own) for name, own in states.items()}


def frontier(p: Points, q: Points, seed: int) -> float:
    """The area under the divergence frontier of two sets of points, 0 to 1.

    The points are put into k-means clusters together; the frontier is that of the histograms.
    """
    both = np.concatenate([p, q])
    different = len(np.unique(both, axis=0))
    clusters = min(different, max(2, min(len(p), len(q)) // _PER_CLUSTER))
    places = KMeans(clusters, n_init=1, random_state=seed).fit_predict(both)
    one, other = (
        np.bincount(part, minlength=clusters) / len(part)
        for part in (places[: len(p)], places[len(p) :])
    )
    curve = [(0.0, 1.0), (1.0, 0.0)]
    for share in _MIXTURES:
        mixed = share * one + (1 - share) * other
        curve.append((np.exp(-_SCALE * _kl(other, mixed)), np.exp(-_SCALE * _kl(one, mixed))))
    x, y = np.array(sorted(curve, key=lambda point: (point[0], -point[1]))).T
    return float(np.trapezoid(y, x))


def _kl(p: Points, q: Points) -> float:
    there = p > 0
    return float((p[there] * np.log(p[there] / q[there])).sum())


def frechet(p: Points, q: Points) -> float:
    """|mu_p - mu_q|^2 + tr(C_p + C_q - 2 (C_p C_q)^(1/2)) of two sets of points."""
    mean = np.square(p.mean(0) - q.mean(0)).sum()
    one, other = (np.atleast_2d(np.cov(points, rowvar=False)) for points in (p, q))
    root = _root(one)
    cross = np.linalg.eigvalsh(root @ other @ root).clip(min=0.0)
    return float(mean + np.trace(one) + np.trace(other) - 2 * np.sqrt(cross).sum())


def _root(matrix: Points) -> Points:
    """The square root of a covariance."""
    values, vectors = np.linalg.eigh(matrix)
    root: Points = (vectors * np.sqrt(values.clip(min=0.0))) @ vectors.T
    return root
