"""What a writer has to reach before it may ship, and whether it does."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Figures = Mapping[str, Mapping[str, Mapping[str, float]]]  # group -> measure -> column -> value
Side = Literal["at least", "at most"]


@dataclass(frozen=True)
class Bar:
    """A figure and the limit that it has to keep."""

    side: Side
    limit: float
    place: str  # group.measure.column
    claim: str


@dataclass(frozen=True)
class Verdict:
    """A bar, what was measured, and whether it holds; None where nothing could be measured."""

    bar: Bar
    value: float | None
    holds: bool | None


def _least(limit: float, place: str, claim: str) -> Bar:
    return Bar("at least", limit, place, claim)


def _most(limit: float, place: str, claim: str) -> Bar:
    return Bar("at most", limit, place, claim)


BARS = (
    _most(1.1, "likelihood.perplexity_ratio.writer", "Perplexity, times the language model's"),
    _least(5.0, "likelihood.mutual_information.writer", "Mutual information of x and z, nats"),
    _least(3.0, "likelihood.shuffled_genres_gap.writer", "Cost of shuffled genres, nats"),
    _least(0.85, "genres.genre_auc_of_ceiling.after", "Genre probe on drafts, over real text"),
    _least(0.85, "genres.genre_auc_of_ceiling.served", "Genre probe as served, over real text"),
    _least(0.25, "constraint.topic_gain.mean", "Favoured topic, gained by G"),
    _least(0.8, "constraint.share_of_best_of_8.mean", "The same, over best of eight by D"),
    _least(0.6, "constraint.critic_correlation.mean", "Correlation of D with the topic measured"),
    _least(0.9, "constraint.distinct_2_kept.mean", "distinct-2 after G, over before"),
    _most(1.15, "constraint.forward_perplexity_ratio.mean", "Forward perplexity, over before G"),
    _most(0.0, "constraint.copied_4_grams_change.mean", "Copied 4-grams, added by G"),
    _most(1.0, "constraint.distance_per_dimension.mean", "Distance of z, per dimension"),
    _most(0.05, "copying.copied_4_grams_above_held_out.after", "Copied 4-grams, drafts over real"),
    _most(0.05, "copying.copied_4_grams_above_held_out.served", "Copied 4-grams, served over real"),
    _most(0, "copying.quoting_8_words.served", "Served: quoting 8 words of training text"),
    _most(0, "served.unreadable.served", "Served: unreadable characters"),
    _most(0, "served.unfilled_slots.served", "Served: unfilled slots"),
    _most(0, "served.immediate_repeats.served", "Served: immediate repeats"),
    _most(0, "served.blocked_words.served", "Served: blocked words"),
    _least(0.98, "served.properly_ended.served", "Served: properly ended"),
    _least(0.99, "served.unique.served", "Served: unique"),
)


def verdicts(figures: Figures) -> list[Verdict]:
    """Every bar beside what was measured."""
    return [_judged(bar, figures) for bar in BARS]


def _judged(bar: Bar, figures: Figures) -> Verdict:
    group, measure, column = bar.place.split(".")
    value = figures.get(group, {}).get(measure, {}).get(column)
    if value is None or math.isnan(value):
        return Verdict(bar, None, None)
    holds = value >= bar.limit if bar.side == "at least" else value <= bar.limit
    return Verdict(bar, value, holds)
