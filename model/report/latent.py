"""The latent map: where the encoder puts real sentences, laid out on paper."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.axes import Axes
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

from model.corpus.families import OTHER, family
from model.corpus.lines import Line
from model.evaluation.evidence import Evidence
from model.report.pictures import FAMILY_COLOURS
from model.report.settings import ReportSettings

Points = npt.NDArray[np.float64]

_PERPLEXITY = 30.0  # of t-SNE: about how many neighbours a point keeps near


@dataclass(frozen=True)
class LatentMap:
    """Sentences as points, by the family of their first genre."""

    families: list[str]
    layouts: dict[str, Points]  # "PCA" and "t-SNE" -> (sentences, 2)
    variance: float  # the share of all variance that the two axes of PCA hold
    neighbours: float  # the share of sentences whose nearest neighbour is of their family
    chance: float  # the share that would be by chance
    dimensions: int  # of z


def latent_map(evidence: Evidence, settings: ReportSettings) -> LatentMap:
    """Posterior means of so many sentences, of the test split as far as it reaches."""
    lines = _lines(evidence, settings)
    means = posterior_means(evidence, lines)
    families = [family(line.genres[0]) if line.genres else OTHER for line in lines]
    pca = PCA(2, random_state=settings.seed)
    tsne = TSNE(
        perplexity=min(_PERPLEXITY, (len(lines) - 1) / 3), init="pca", random_state=settings.seed
    )
    return LatentMap(
        families=families,
        layouts={"PCA": pca.fit_transform(means), "t-SNE": tsne.fit_transform(means)},
        variance=float(pca.explained_variance_ratio_.sum()),
        neighbours=_alike(means, families),
        chance=sum((count / len(lines)) ** 2 for count in Counter(families).values()),
        dimensions=means.shape[1],
    )


def _lines(evidence: Evidence, settings: ReportSettings) -> list[Line]:
    there = evidence.test
    if len(there) < settings.codes:
        there = [*evidence.test, *evidence.train]
    order = np.random.default_rng(settings.seed).permutation(len(there))[: settings.codes]
    return [there[i] for i in order]


@torch.no_grad()
def posterior_means(evidence: Evidence, lines: Sequence[Line]) -> Points:
    """The mean of q(z|x, a) of each line, in order: (lines, latent)."""
    cvae, data = evidence.bundle.cvae, evidence.dataset(lines)
    means = torch.empty(len(data), cvae.config.latent)
    for rows in data.batches(128, torch.Generator().manual_seed(0)):
        batch = data.rows(rows)
        a = cvae.condition(batch.genres, batch.register, batch.slots)
        means[rows] = cvae.encode(batch.sentences[:, 1:-1], a).mu
    found: Points = means.double().numpy()
    return found


def _alike(means: Points, families: Sequence[str]) -> float:
    """The share of points whose nearest other point has their family."""
    nearest = NearestNeighbors(n_neighbors=1).fit(means).kneighbors(return_distance=False)
    return float(np.mean([families[i] == families[j] for i, j in enumerate(nearest[:, 0])]))


def draw_map(found: LatentMap, layout: str, axes: Axes) -> None:
    """The points of a layout, a colour for each family."""
    points, names = found.layouts[layout], np.array(found.families)
    for name, colour in FAMILY_COLOURS.items():
        own = points[names == name]
        if len(own):
            # As pixels: thousands of circles would make a heavy page.
            axes.scatter(
                own[:, 0], own[:, 1], s=9, color=colour, alpha=0.75, linewidths=0, rasterized=True
            )
            axes.plot([], [], "o", color=colour, label=name)
    axes.set(xticks=[], yticks=[])
    axes.set_aspect("equal", "datalim")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
