"""The short report at the end of a training: seconds, and no judge to be trained.

Text is judged on sentences drawn with the settings of serving; "before" and "after" are the same z
and the same noise without and with the LC-GAN. Real held-out text stands beside generated text
wherever a figure has no natural scale. The full evaluation is `model.evaluation.run`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from model.blocklist import standard
from model.bundle import Bundle
from model.corpus.lines import words
from model.evaluation.diversity import MOST, distinct
from model.ranking import repeats

if TYPE_CHECKING:  # training imports this module
    from model.training.decoding import Decoder


@torch.no_grad()
def constraint(
    bundle: Bundle, decoder: Decoder, held_out: Sequence[str], count: int
) -> dict[str, float]:
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


def quality(bundle: Bundle, texts: Sequence[str]) -> dict[str, float]:
    """Figures of a set of sentences; distinct-n is over the first 500, for it falls with size."""
    topics = bundle.topics.favour(texts)
    bags = [words(text) for text in texts]
    return {
        "topic": sum(topics) / len(texts),
        "distinct_1": distinct(bags[:MOST], 1),
        "distinct_2": distinct(bags[:MOST], 2),
        "unique": len(set(texts)) / len(texts),
        "copied_4_grams": 1 - sum(map(bundle.copies.novelty, texts)) / len(texts),
        "quotations": sum(map(bundle.copies.quotes, texts)) / len(texts),
        "repeats": sum(map(repeats, bags)) / len(texts),
        "blocked": sum(standard().found(text) is not None for text in texts) / len(texts),
    }
