"""Sentences to read: what no figure says."""

from dataclasses import dataclass

from model.evaluation.evidence import Evidence
from model.evaluation.served import uncurated
from model.writer import Writer


@dataclass(frozen=True)
class Uncurated:
    """The writer's best sentence for a genre and a seed, whatever it is."""

    genre: str
    seed: int
    text: str


@dataclass(frozen=True)
class Twins:
    """One code and one noise, decoded before and after the LC-GAN."""

    genres: tuple[str, ...]
    before: str
    after: str


@dataclass(frozen=True)
class Samples:
    """Everything on the page that is to be read."""

    uncurated: list[Uncurated]
    twins: list[Twins]


def samples(evidence: Evidence) -> Samples:
    """The first of everything: nothing here was chosen."""
    written = uncurated(Writer(evidence.bundle), evidence.settings.shown)
    return Samples([Uncurated(one.genre, one.seed, one.text) for one in written], _twins(evidence))


def _twins(evidence: Evidence) -> list[Twins]:
    drafts, labels = evidence.drafts, evidence.bundle.genres.labels
    return [
        Twins(
            tuple(label for label, hot in zip(labels, row[1:].tolist(), strict=True) if hot),
            before,
            after,
        )
        for row, before, after in list(
            zip(drafts.codes.genres, drafts.before, drafts.after, strict=True)
        )[: evidence.settings.twins]
    ]
