"""Between the contract and the writer: what is asked becomes a job, a result becomes an answer."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from services.inference.backlog import Job
from services.inference.schemas import (
    GenerateAnswer,
    GenerateRequest,
    GenreMatch,
    InterpolateRequest,
    LegacyRequest,
    ModelName,
    ReconstructRequest,
    Sample,
    Topic,
)

if TYPE_CHECKING:
    import model.writer
    from services.inference.batcher import SentenceWriter

SEEDS = 2**53  # drawn seeds stay exact in JavaScript
TOKENS_PER_SENTENCE = 18  # the mean of served sentences, their ends counted


def asked(body: GenerateRequest) -> model.writer.Request:
    """What the writer is asked for; a seed is drawn when none is given."""
    # Imports torch, which the thread that loads the writer has done before any request gets here:
    # so the service answers /livez at once.
    from model.request import Request  # noqa: PLC0415 - see above

    return Request(
        genres=tuple(body.genres),
        num_samples=body.num_samples,
        artist=body.artist,
        title=body.title,
        seed=secrets.randbelow(SEEDS) if body.seed is None else body.seed,
        temperature=body.temperature,
        top_k=body.top_k,
        top_p=body.top_p,
        refine=body.refine,
        candidates=body.candidates,
        include_unrefined=body.include_unrefined,
    )


def draft(body: GenerateRequest) -> Job[model.writer.Result]:
    """The work of a request."""
    from model.request import drafts_wanted  # noqa: PLC0415 - as above

    request = asked(body)
    twins = body.num_samples if body.include_unrefined else 0
    # A draft is drawn, and read again to be judged.
    sentences = 2 * drafts_wanted(request) + twins
    return Job(lambda writer: writer.compose(request), sentences * TOKENS_PER_SENTENCE)


def legacy_draft(body: LegacyRequest) -> Job[model.writer.Result]:
    return draft(GenerateRequest(genres=body.genres, num_samples=body.num_sample))


def homotopy(body: InterpolateRequest) -> Job[list[str]]:
    return Job(
        lambda writer: writer.homotopy(body.start, body.end, body.steps, body.genres),
        body.steps * TOKENS_PER_SENTENCE,
    )


def reconstruction(body: ReconstructRequest) -> Job[str]:
    return Job(lambda writer: writer.reconstruction(body.text, body.genres), TOKENS_PER_SENTENCE)


def model_name(writer: SentenceWriter) -> ModelName:
    return ModelName(name=writer.name, revision=writer.revision)


def answer(writer: SentenceWriter, result: model.writer.Result) -> GenerateAnswer:
    genres = result.genres
    return GenerateAnswer(
        model=model_name(writer),
        genres=GenreMatch(
            known=list(genres.known), mapped=dict(genres.mapped), unknown=list(genres.unknown)
        ),
        seed=result.seed,
        samples=[sample_shown(sample) for sample in result.samples],
    )


def sample_shown(sample: model.writer.Sample) -> Sample:
    return Sample(
        text=sample.text,
        score=sample.score,
        log_prob=sample.log_prob,
        topic=sample.topic,
        novelty=sample.novelty,
        latent=list(sample.latent),
        unrefined=sample.unrefined,
    )


def topic_shown(topic: model.writer.Topic) -> Topic:
    return Topic(
        index=topic.index, name=topic.name, words=list(topic.words), favoured=topic.favoured
    )
