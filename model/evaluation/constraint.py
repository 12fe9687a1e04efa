"""What the LC-GAN changes: topic, distance, variety, fluency, copying, over several seeds.

Its yardstick is the best of eight: of eight z for the same condition the one that D likes best,
decoded once. That costs no second network; what G adds must be measured beside it.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from model.corpus.lines import words
from model.evaluation.diversity import distinct
from model.evaluation.evidence import Codes, Evidence, Rows

CHOICES = 8  # z among which D picks


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
