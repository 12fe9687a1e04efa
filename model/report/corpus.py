"""The corpus: its funnel, its pieces and its leading words."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from model.corpus.funnel import Funnel, funnel
from model.corpus.lines import words
from model.evaluation.evidence import Evidence
from model.report.settings import ReportSettings
from model.training.topics import STOP_WORDS


@dataclass(frozen=True)
class CorpusFigures:
    """What a writer learnt from."""

    funnel: Funnel
    learnt: int  # lines of the train split that are short enough for the writer
    pieces: int  # of these lines
    leading: dict[str, int]  # word -> how often it stands in them, most first


def corpus_figures(evidence: Evidence, settings: ReportSettings) -> CorpusFigures:
    """Count the corpus, and the train split as the writer reads it."""
    data = evidence.train_data
    return CorpusFigures(
        funnel=funnel(settings.corpus),
        learnt=len(data),
        pieces=sum(len(ids) - 2 for ids in data.ids),  # BOS and EOS are no pieces of text
        leading=leading_words((line.text for line in evidence.train), settings.words),
    )


def leading_words(texts: Iterable[str], count: int) -> dict[str, int]:
    """The words that come most often, those left out that say nothing of music."""
    bag = Counter(word for text in texts for word in words(text) if word not in STOP_WORDS)
    return dict(sorted(bag.items(), key=lambda pair: (-pair[1], pair[0]))[:count])
