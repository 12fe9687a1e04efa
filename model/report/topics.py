"""The topics of drafts before and after G: the same codes, the same draws."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from model.evaluation.evidence import Evidence
from model.facts import Topic
from model.report.pictures import AFTER, BEFORE, REAL

_COLOURS = {"real test text": REAL, "before G": BEFORE, "after G": AFTER}
_BINS = 20


@dataclass(frozen=True)
class TopicShift:
    """What the texts of each column speak of."""

    topics: tuple[Topic, ...]
    means: dict[str, list[float]]  # column -> mean probability of each topic
    favoured: dict[str, list[float]]  # column -> the favoured topic's probability in each text


def topic_shift(evidence: Evidence) -> TopicShift:
    """Mixtures of real test sentences and of the drafts before and after G."""
    model, drafts = evidence.bundle.topics, evidence.drafts
    texts = (evidence.held_out, drafts.before, drafts.after)
    mixtures: dict[str, Tensor] = {
        name: model.mixtures(own) for name, own in zip(_COLOURS, texts, strict=True)
    }
    return TopicShift(
        model.describe(),
        {name: own.mean(0).tolist() for name, own in mixtures.items()},
        {name: own[:, model.favoured].tolist() for name, own in mixtures.items()},
    )


def draw_means(shift: TopicShift, axes: Axes) -> None:
    """The mean probability of each topic, a bar for each column."""
    places, width = np.arange(len(shift.topics)), 0.8 / len(shift.means)
    for turn, (name, means) in enumerate(shift.means.items()):
        offset = (turn - (len(shift.means) - 1) / 2) * width
        axes.bar(places + offset, means, width, color=_COLOURS[name], label=name)
    axes.set_xticks(places, [_named(topic) for topic in shift.topics])
    axes.set_ylabel("mean probability")
    axes.legend(ncols=len(shift.means), loc="lower center", bbox_to_anchor=(0.5, 1.0))


def draw_favoured(shift: TopicShift, axes: Axes) -> None:
    """How the favoured topic's probability is spread over sentences."""
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    for name, values in shift.favoured.items():
        counts, _ = np.histogram(values, edges)
        shares = counts / max(1, len(values))
        axes.stairs(shares, edges, color=_COLOURS[name], label=name, linewidth=2)
    axes.set(xlabel="probability of the favoured topic", ylabel="share of sentences", xlim=(0, 1))
    axes.legend()


def _named(topic: Topic) -> str:
    mark = "\n(favoured)" if topic.favoured else ""
    return topic.name.replace(" ", "\n") + mark
