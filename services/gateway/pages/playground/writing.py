"""What the writer says to a wish, as the page shows it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.common.rest import RefusedError, ServiceError
from services.gateway.pages.playground.wish import Wish
from services.inference.client import InferenceClient
from services.inference.schemas import (
    GenerateAnswer,
    GenerateRequest,
    InterpolateRequest,
    ModelName,
    Sample,
    Topic,
)

MOST_BARS = 6


@dataclass(frozen=True)
class Facts:
    """What the writer says of itself."""

    model: ModelName
    temperature: float
    genres: Sequence[str]
    topics: Sequence[Topic]


@dataclass(frozen=True)
class Bar:
    """A topic's share in a text, and in the text before the LC-GAN."""

    topic: Topic
    share: float
    before: float | None


@dataclass(frozen=True)
class Walk:
    """A homotopy, or why there is none."""

    request: InterpolateRequest
    sentences: Sequence[str] = ()
    failure: str | None = None


@dataclass(frozen=True)
class Writing:
    """All that was written for a wish."""

    request: GenerateRequest
    answer: GenerateAnswer
    topics: Sequence[Topic]
    walk: Walk | None

    def bars(self, sample: Sample) -> list[Bar]:
        """The mixture of topics, those with the largest shares if there are many."""
        shares, before = sample.topics or [], sample.unrefined_topics
        known = [topic for topic in self.topics if topic.index < len(shares)]
        bars = [
            Bar(topic, shares[topic.index], before[topic.index] if before else None)
            for topic in known
        ]
        kept = sorted(bars, key=lambda bar: -max(bar.share, bar.before or 0.0))[:MOST_BARS]
        return [bar for bar in bars if bar in kept]


async def facts_of(inference: InferenceClient) -> Facts:
    """Raises ServiceError."""
    model, genres, topics = await asyncio.gather(
        inference.model(), inference.genres(), inference.topics()
    )
    return Facts(model.model, model.temperature, genres.genres, topics.topics)


async def write(inference: InferenceClient, wish: Wish, topics: Sequence[Topic]) -> Writing:
    """Raises ServiceError where there is nothing to show at all."""
    request = wish.generation()
    answer = await inference.generate(request)
    step = wish.walk([sample.text for sample in answer.samples])
    return Writing(request, answer, topics, None if step is None else await _walk(inference, step))


async def _walk(inference: InferenceClient, request: InterpolateRequest) -> Walk:
    try:
        answer = await inference.interpolate(request)
    except RefusedError as error:
        return Walk(request, failure=error.detail)
    except ServiceError:
        return Walk(request, failure="The writer did not come to it. Ask again in a moment.")
    return Walk(request, answer.sentences)
