"""Sentences as the writer serves them: the best of each genre, and twins before and after G."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from model.corpus.families import family
from model.corpus.lines import Line
from model.report.settings import ReportSettings
from model.request import Request
from model.topics import TopicModel
from model.writer import Writer


@dataclass(frozen=True)
class GenreSamples:
    """The best sentences of one default request."""

    genre: str
    seed: int
    texts: list[str]


@dataclass(frozen=True)
class Twins:
    """One (z, a) and one noise, decoded without and with the LC-GAN.

    `before` is None where the text without may not leave the house.
    """

    genre: str
    before: str | None
    before_topic: float | None  # the favoured topic's probability
    after: str
    after_topic: float


def across_families(lines: Iterable[Line], labels: Sequence[str], count: int) -> list[str]:
    """Labels from all families in turn, in each the one with the most lines first."""
    known = set(labels)
    counts = Counter(name for line in lines for name in line.genres if name in known)
    families: dict[str, list[str]] = defaultdict(list)
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        families[family(name)].append(name)
    rounds = zip_longest(*families.values())
    return [name for turn in rounds for name in turn if name is not None][:count]


def genre_samples(
    writer: Writer, genres: Sequence[str], settings: ReportSettings
) -> list[GenreSamples]:
    """The first few of what a user gets who names one genre and nothing else."""
    asked = [Request(genres=(name,), seed=settings.seed + i) for i, name in enumerate(genres)]
    return [
        GenreSamples(name, answer.seed, [one.text for one in answer.samples[: settings.best]])
        for name, answer in zip(genres, writer.write(asked), strict=True)
    ]


def twins(
    writer: Writer, topics: TopicModel, genres: Sequence[str], settings: ReportSettings
) -> list[Twins]:
    """For each genre the best sentence and what its code said before G moved it.

    The seeds follow those of `genre_samples`, so that other sentences are seen.
    """
    first = settings.seed + len(genres)
    asked = [
        Request(genres=(name,), seed=first + i, num_samples=1, include_unrefined=True)
        for i, name in enumerate(genres)
    ]
    return [
        Twins(name, one.unrefined, _topic(topics, one.unrefined), one.text, one.topic)
        for name, answer in zip(genres, writer.write(asked), strict=True)
        for one in answer.samples
    ]


def _topic(topics: TopicModel, text: str | None) -> float | None:
    return None if text is None else topics.favour([text])[0]
