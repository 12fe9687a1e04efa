"""Homotopies: what is said along the line between the codes of two real sentences."""

from dataclasses import dataclass

import numpy as np

from model.corpus.lines import ARTIST, TITLE
from model.evaluation.evidence import Evidence
from model.report.settings import ReportSettings
from model.writer import Writer


@dataclass(frozen=True)
class Homotopy:
    """Two real sentences, and the sentences decoded from one's code to the other's."""

    start: str
    end: str
    sentences: list[str]


def homotopies(evidence: Evidence, writer: Writer, settings: ReportSettings) -> list[Homotopy]:
    """Lines between test sentences drawn by the seed; without slots, where there are such."""
    bare = [text for text in evidence.held_out if ARTIST not in text and TITLE not in text]
    bare = bare or evidence.held_out
    order = np.random.default_rng(settings.seed).permutation(len(bare))
    ends = [bare[order[i % len(bare)]] for i in range(2 * settings.homotopies)]
    return [
        Homotopy(start, end, writer.interpolate(start, end, settings.steps))
        for start, end in zip(ends[::2], ends[1::2], strict=True)
    ]
