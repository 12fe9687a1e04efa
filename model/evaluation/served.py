"""What the writer really serves, and whether it is clean.

Requests are those of a user who changes nothing: default settings, one genre each, every label in
its turn, an artist and a title. A name that no sentence of the corpus holds is put in, so that it
can be taken out again: measures of text read the sentence with its slots.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd

from tqdm import tqdm

from model import blocklist
from model.corpus.lines import ARTIST, TITLE, words
from model.novelty import CopyIndex
from model.request import Request
from model.writer import Writer

_AT_ONCE = 16  # requests
_PERFORMER, _NAME = "Mara Vale", "Zero Hour Bloom"
_UNFILLED = re.compile(r"[{}]|<[a-z_]+>")
_UNREADABLE = re.compile(r"\ufffd|<unk>|\bunk\b", re.IGNORECASE)
_CLOSED = re.compile(r"""[.!?]["')]?$""")


@dataclass(frozen=True)
class ServedSentence:
    """One sentence that left the writer."""

    genre: str
    seed: int
    text: str  # as served
    template: str  # with its slots instead of the names
    topic: float


def requests(labels: Sequence[str], count: int, seed: int) -> list[Request]:
    """Requests, at the default number of samples, for `count` sentences over all labels evenly."""
    each = Request().num_samples
    return [
        Request(genres=(label,), artist=_PERFORMER, title=_NAME, seed=seed + i)
        for i, label in enumerate(evenly(labels, -(-count // each)))
    ]


def evenly(labels: Sequence[str], count: int) -> list[str]:
    """Labels in turn, neighbours of the alphabet far apart."""
    size = len(labels)
    stride = next((s for s in range(max(1, size * 5 // 8), size) if gcd(s, size) == 1), 1)
    return [labels[i * stride % size] for i in range(count)]


def serve(writer: Writer, count: int, seed: int) -> list[ServedSentence]:
    """Ask for sentences as users do; the first `count` of them, as they come."""
    asked = requests(writer.facts.genres, count, seed)
    return answered(writer, asked)[:count]


def answered(writer: Writer, asked: Sequence[Request]) -> list[ServedSentence]:
    """Every sentence of every answer, in order."""
    served = []
    starts = range(0, len(asked), _AT_ONCE)
    for start in tqdm(starts, desc="served sentences", mininterval=2, leave=False):
        some = asked[start : start + _AT_ONCE]
        for request, result in zip(some, writer.write(some), strict=True):
            served += [
                ServedSentence(
                    request.genres[0], result.seed, one.text, template(one.text), one.topic
                )
                for one in result.samples
            ]
    return served


def uncurated(writer: Writer, count: int) -> list[ServedSentence]:
    """The best sentence of each of the seeds from 0: nobody has chosen among them."""
    asked = [
        Request(genres=(label,), artist=_PERFORMER, title=_NAME, seed=seed, num_samples=1)
        for seed, label in enumerate(evenly(writer.facts.genres, count))
    ]
    return answered(writer, asked)


def template(text: str) -> str:
    """A served sentence with its slots back."""
    return text.replace(f'"{_NAME}"', TITLE).replace(_PERFORMER, ARTIST)


def cleanliness(
    served: Sequence[ServedSentence], copies: CopyIndex, asked: int
) -> dict[str, dict[str, float]]:
    """How many served sentences have a fault, and the shares that have none."""
    texts = [sentence.text for sentence in served]
    templates = [sentence.template for sentence in served]
    blocked = blocklist.standard()
    counts = {
        "asked_for": asked,
        "written": len(texts),
        "unreadable": sum(bool(_UNREADABLE.search(text)) for text in texts),
        "unfilled_slots": sum(bool(_UNFILLED.search(text)) for text in texts),
        "immediate_repeats": sum(map(stutters, templates)),
        "blocked_words": sum(blocked.found(text) is not None for text in texts),
        "quotations": sum(map(copies.quotes, templates)),
    }
    total = max(1, len(texts))
    shares = {
        "properly_ended": sum(bool(_CLOSED.search(text)) for text in texts) / total,
        "unique": len(set(texts)) / total,
    }
    return {name: {"served": float(value)} for name, value in (counts | shares).items()}


def stutters(text: str) -> bool:
    """Whether a word follows itself."""
    return any(left == right for left, right in pairwise(words(text)))
