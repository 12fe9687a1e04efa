"""Whether sentences are of the genres they were written for, by a judge of its own.

The probe (TF-IDF of words and pairs of words, one logistic regression for each label) learns from
real sentences. Its macro AUC on real held-out ones is a ceiling, that on drafts which were told no
genre the floor.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.multiclass import OneVsRestClassifier
from torch import Tensor

from model.corpus.lines import words
from model.evaluation.evidence import Codes, Evidence, Rows, spread

_FEWEST = 3  # sentences of a label, for its AUC to count
_PENALTY = 10.0  # C of the logistic regressions: inverse strength of the L2 penalty
_TOLERANCE = 0.01  # of their fit; a finer one moves no AUC


class GenreJudge:
    """One logistic regression for each label, on TF-IDF of words and pairs of words."""

    def __init__(self, texts: Sequence[str], labels: npt.NDArray[np.bool_], seed: int) -> None:
        """Learn from texts with multi-hot labels (texts, labels)."""
        self._vectors = TfidfVectorizer(
            analyzer=_words_and_pairs, min_df=2, sublinear_tf=True, dtype=np.float64
        )
        self._columns = np.flatnonzero(labels.any(0) & ~labels.all(0))
        regression = LogisticRegression(
            C=_PENALTY, solver="liblinear", tol=_TOLERANCE, random_state=seed
        )
        known = self._vectors.fit_transform(texts)
        self._regressions = OneVsRestClassifier(regression).fit(known, labels[:, self._columns])

    def auc(self, texts: Sequence[str], labels: npt.NDArray[np.bool_]) -> dict[int, float]:
        """For each label with enough sentences: how well its own are told from all others."""
        marks = self._regressions.decision_function(self._vectors.transform(texts))
        marks = np.asarray(marks).reshape(len(texts), -1)
        return {
            int(column): float(roc_auc_score(labels[:, column], marks[:, i]))
            for i, column in enumerate(self._columns)
            if _FEWEST <= labels[:, column].sum() < len(texts)
        }


def _words_and_pairs(text: str) -> list[str]:
    bag = words(text)
    return bag + [f"{left} {right}" for left, right in pairwise(bag)]


def genres(evidence: Evidence) -> Rows:
    """Macro AUC on real sentences, drafts, served ones, and drafts that were told no genre."""
    taught = spread(evidence.judging_lines, evidence.settings.taught)
    judge = GenreJudge(
        [line.text for line in taught],
        _labels(evidence.dataset(taught).genres),
        evidence.settings.seed,
    )
    codes, after = evidence.drafts.codes, evidence.drafts.after
    told_nothing = _told_nothing(evidence, codes)
    asked = _labels(codes.genres)
    areas = {
        "held_out": judge.auc(
            evidence.held_out, _labels(evidence.dataset(evidence.kindred).genres)
        ),
        "before": judge.auc(evidence.drafts.before, asked),
        "after": judge.auc(after, asked),
        "told_nothing": judge.auc(told_nothing, asked[: len(told_nothing)]),
    }
    if "served" in evidence.columns:
        areas["served"] = judge.auc(evidence.columns["served"], _served_labels(evidence))
    return _macro(areas)


def _macro(areas: Mapping[str, Mapping[int, float]]) -> Rows:
    """Means over the labels that real sentences let us measure, and each column's share of that."""
    ceiling = areas["held_out"]
    rows: Rows = {"genre_auc": {}, "genre_auc_of_ceiling": {}, "genre_labels": {}}
    for name, own in areas.items():
        shared = [label for label in own if label in ceiling]
        if not shared:
            continue
        mean = statistics.fmean(own[label] for label in shared)
        rows["genre_auc"][name] = mean
        rows["genre_auc_of_ceiling"][name] = mean / statistics.fmean(ceiling[i] for i in shared)
        rows["genre_labels"][name] = float(len(shared))
    return rows


@torch.no_grad()
def _told_nothing(evidence: Evidence, codes: Codes) -> list[str]:
    """Drafts of the same z for which the genres were left unknown."""
    count = min(len(codes.z), evidence.settings.judged)
    zero = torch.zeros(count, dtype=torch.long)
    a = evidence.bundle.cvae.condition(torch.zeros_like(codes.genres[:count]), zero, zero)
    nothing = replace(codes, z=codes.z[:count], a=a)
    return evidence.decoder.texts(evidence.moved(nothing), a, evidence.settings.seed)


def _labels(hot: Tensor) -> npt.NDArray[np.bool_]:
    """Multi-hot labels without the unknown."""
    labels: npt.NDArray[np.bool_] = hot[:, 1:].numpy() > 0
    return labels


def _served_labels(evidence: Evidence) -> npt.NDArray[np.bool_]:
    labels = np.array(evidence.bundle.genres.labels)
    asked = np.array([sentence.genre for sentence in evidence.served])
    same: npt.NDArray[np.bool_] = asked[:, None] == labels[None]
    return same
