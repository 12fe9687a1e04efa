"""The second training: the topics of the registers that the writer serves.

tomotopy's collapsed Gibbs sampler fits LDA for several numbers of topics; the most coherent fit is
kept (NPMI over word pairs of a line), and the favoured topic is the one to which words of close
listening belong most.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tomotopy
import torch
from tomotopy.coherence import Coherence

from model.corpus.lines import words
from model.topics import TopicModel
from model.training.config import TopicTraining

# Words of a sentence that listens closely. Readers like these best; what they like least is praise
# of brightness (docs/writer.md).
SEED_WORDS = (
    "alone", "breath", "hand", "hush", "little", "note", "quiet", "room", "silence", "single",
    "small", "softly", "waits", "whisper", "word",
)  # fmt: skip

# Words of no topic. Few, because what is merely common is dropped by its share of lines.
STOP_WORDS: frozenset[str] = frozenset(
    json.loads(Path(__file__).with_name("stop_words.json").read_text("utf-8"))
)


@dataclass(frozen=True)
class TopicFit:
    """The fitted topics and how they were chosen."""

    model: TopicModel
    coherence: dict[int, float]  # number of topics -> NPMI


def bag(text: str) -> list[str]:
    """The words of a text that may belong to a topic."""
    return [word for word in words(text) if word not in STOP_WORDS and len(word) > 1]


def fit_topics(texts: Sequence[str], settings: TopicTraining, seed: int) -> TopicFit:
    """Fit LDA for each number of topics and keep the most coherent."""
    bags = [bag(text) for text in texts]
    spread = Counter(word for words_ in bags for word in set(words_))
    common = {word for word, count in spread.items() if count > settings.common * len(bags)}
    bags = [[word for word in words_ if word not in common] for words_ in bags]
    fits = {k: _fit(bags, k, settings, seed) for k in settings.counts}
    coherence = {
        k: float(Coherence(lda, coherence="c_npmi", top_n=15).get_score())
        for k, lda in fits.items()
    }
    best = max(coherence, key=lambda k: coherence[k])
    return TopicFit(_export(fits[best]), coherence)


def _fit(
    bags: Sequence[list[str]], count: int, settings: TopicTraining, seed: int
) -> tomotopy.LDAModel:
    lda = tomotopy.LDAModel(k=count, min_df=settings.minimum, alpha=0.1, eta=0.01, seed=seed)
    # A sentence is about little: the prior stays sparse instead of being fitted to the whole.
    lda.optim_interval = 0
    for words_ in bags:
        if words_:
            lda.add_doc(words_)
    # One worker: with more, the result depends on how they interleave.
    lda.train(settings.iterations, workers=1)
    return lda


def _export(lda: tomotopy.LDAModel) -> TopicModel:
    phi = torch.from_numpy(np.stack([lda.get_topic_word_dist(k) for k in range(lda.k)]))
    alpha = torch.tensor([float(a) for a in lda.alpha])
    vocabulary = tuple(lda.used_vocabs)
    seeds = [vocabulary.index(word) for word in SEED_WORDS if word in vocabulary]
    # p(topic | word), so that a topic isn't favoured for being large.
    belongs = phi / phi.sum(0, keepdim=True)
    favoured = int(belongs[:, seeds].mean(1).argmax())
    return TopicModel(vocabulary, phi, alpha, favoured)
