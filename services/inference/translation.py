"""Between the contract and the writer: what is asked becomes a job, a result becomes an answer."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from services.inference.backlog import Draft, Errand
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


def draft(body: GenerateRequest) -> Draft:
    """The work of a request; a seed is drawn when none is given."""
    # Imports torch, which the thread that loads the writer has done before any request gets here:
    # so the service answers /livez at once.
    from model.request import Request, drafts_wanted  # noqa: PLC0415 - see above

    request = Request(
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
    twins = body.num_samples if body.include_unrefined else 0
    return Draft(request=request, sentences=drafts_wanted(request) + twins)


def legacy_draft(body: LegacyRequest) -> Draft:
    return draft(GenerateRequest(genres=body.genres, num_samples=body.num_sample))


def homotopy(body: InterpolateRequest) -> Errand[list[str]]:
    def run(writer: SentenceWriter) -> list[str]:
        return list(writer.interpolate(body.start, body.end, body.steps, body.genres))

    return Errand(run=run, sentences=body.steps)


def reconstruction(body: ReconstructRequest) -> Errand[str]:
    def run(writer: SentenceWriter) -> str:
        return writer.reconstruct(body.text, body.genres)

    return Errand(run=run, sentences=1)


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
