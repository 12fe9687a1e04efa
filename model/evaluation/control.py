"""Whether the writer can be told what to write: topics by the LC-GAN, genres by the condition.

The LC-GAN's yardstick is the best of eight: of eight z for the same condition the one that D likes
best, decoded once. It costs no training and no second network; what G adds must be measured beside
it. The genre probe is a judge of its own (TF-IDF, one logistic regression for each label) that
learnt from real sentences; its macro AUC on real held-out ones is a ceiling.
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
from model.evaluation.diversity import distinct
from model.evaluation.evidence import Codes, Evidence, Rows

CHOICES = 8  # z among which D picks
_FEWEST = 3  # sentences of a label, for its AUC to count
_PENALTY = 10.0  # C of the logistic regressions: inverse strength of the L2 penalty


def topics(evidence: Evidence, columns: Mapping[str, Sequence[str]]) -> Rows:
    """The favoured topic in sentences: its mean probability and how often it leads."""
    model = evidence.bundle.topics
    mixtures = {name: model.mixtures(texts) for name, texts in columns.items()}
    return {
        "topic_probability": {
            name: float(own[:, model.favoured].mean()) for name, own in mixtures.items()
        },
        "topic_leads": {
            name: float((own.argmax(1) == model.favoured).float().mean())
            for name, own in mixtures.items()
        },
    }


def constraint(evidence: Evidence) -> Rows:
    """The LC-GAN's figures over several seeds: each one's value, the mean and the spread."""
    s = evidence.settings
    seeds = [s.seed + 1000 * (turn + 1) for turn in range(s.control_seeds)]
    runs = [_one_seed(evidence, seed) for seed in seeds]
    rows: Rows = {}
    for measure in runs[0]:
        values = [run[measure] for run in runs]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        rows[measure] = {"mean": statistics.fmean(values), "spread": spread} | {
            f"seed_{turn}": value for turn, value in enumerate(values, start=1)
        }
    return rows


def _one_seed(evidence: Evidence, seed: int) -> dict[str, float]:
    judges, train = evidence.judges, evidence.training_text
    codes = evidence.draw(evidence.settings.control, seed)
    moved, best = evidence.moved(codes), best_of(evidence, codes)
    texts = {
        name: evidence.decoder.texts(z, codes.a, seed)
        for name, z in (("before", codes.z), ("after", moved), ("best_of_8", best))
    }
    topic = topics(evidence, texts)["topic_probability"]
    copied = {name: train.figures(own)["copied_4_grams"] for name, own in texts.items()}
    variety = {name: distinct([words(text) for text in own], 2) for name, own in texts.items()}
    fluent = {name: judges.forward(own) for name, own in texts.items()}
    gain, yardstick = (topic[name] - topic["before"] for name in ("after", "best_of_8"))
    return {
        "topic_before": topic["before"],
        "topic_after": topic["after"],
        "topic_best_of_8": topic["best_of_8"],
        "topic_gain": gain,
        "share_of_best_of_8": gain / yardstick if yardstick else 0.0,
        "critic_correlation": _foresight(evidence, codes, seed),
        "distance_per_dimension": _distance(codes.z, moved),
        "distance_best_of_8": _distance(codes.z, best),
        "distinct_2_kept": variety["after"] / variety["before"] if variety["before"] else 0.0,
        "forward_perplexity_ratio": fluent["after"] / fluent["before"],
        "forward_perplexity_ratio_best_of_8": fluent["best_of_8"] / fluent["before"],
        "copied_4_grams_change": copied["after"] - copied["before"],
    }


def _distance(z: Tensor, moved: Tensor) -> float:
    return float((moved - z).square().mean(1).sqrt().mean())


@torch.no_grad()
def best_of(evidence: Evidence, codes: Codes) -> Tensor:
    """For each condition the z that D likes best of `CHOICES`, the code's own among them."""
    others = [evidence.place(torch.randn_like(codes.z)) for _ in range(CHOICES - 1)]
    z = torch.stack([codes.z, *others])  # (choices, rows, latent)
    liked = torch.stack([foreseen(evidence, replace(codes, z=one)) for one in z])
    return z[liked.argmax(0), torch.arange(len(codes.z))]


@torch.no_grad()
def foreseen(evidence: Evidence, codes: Codes) -> Tensor:
    """What D expects of the favoured topic, log probabilities: (rows,)."""
    lcgan = evidence.bundle.lcgan
    expected: Tensor = lcgan.critic(codes.z, codes.a)[:, lcgan.config.favoured]
    return expected


def _foresight(evidence: Evidence, codes: Codes, seed: int) -> float:
    """The correlation of what D foresees with the topic that is then measured."""
    measured = evidence.decoder.labelled(codes.z, codes.a, evidence.settings.decodes, seed).topics
    favoured = measured[:, evidence.bundle.lcgan.config.favoured]
    return float(torch.corrcoef(torch.stack([foreseen(evidence, codes).exp(), favoured]))[0, 1])


class GenreJudge:
    """One logistic regression for each label, on TF-IDF of words and pairs of words."""

    def __init__(self, texts: Sequence[str], labels: npt.NDArray[np.bool_], seed: int) -> None:
        """Learn from texts with multi-hot labels (texts, labels)."""
        self._vectors = TfidfVectorizer(
            analyzer=_words_and_pairs, min_df=2, sublinear_tf=True, dtype=np.float64
        )
        self._columns = np.flatnonzero(labels.any(0) & ~labels.all(0))
        regression = LogisticRegression(C=_PENALTY, solver="liblinear", random_state=seed)
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
    count = evidence.settings.most_train
    labels = _labels(evidence.train_data.genres[:count])
    judge = GenreJudge(evidence.judging, labels, evidence.settings.seed)
    codes, after = evidence.drafts.codes, evidence.drafts.after
    told_nothing = _told_nothing(evidence, codes)
    asked = _labels(codes.genres)
    areas = {
        "held_out": judge.auc(evidence.held_out, _labels(evidence.test_data.genres)),
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
