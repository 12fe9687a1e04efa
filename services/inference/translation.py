"""Between the contract and the writer: what is asked becomes a job, a result becomes an answer."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from operator import methodcaller
from typing import TYPE_CHECKING

import structlog

from model.errors import RequestError
from model.request import Request, drafts_wanted
from services.common.problems import ProblemError
from services.inference.backlog import Job, Owner, Timed, WriterName
from services.inference.schemas import (
    BatchItem,
    GenerateAnswer,
    GenerateRequest,
    GenreMatch,
    GenresAnswer,
    InterpolateRequest,
    LegacyRequest,
    ModelName,
    ReconstructRequest,
    Sample,
    Topic,
)

if TYPE_CHECKING:
    import model.writer
    from model.facts import Facts

log = structlog.get_logger()

DEFECT = "This request could not be written, which is our fault: the service's log says why."
SEEDS = 2**53  # drawn seeds stay exact in JavaScript
TOKENS_PER_SENTENCE = 18  # the mean of served sentences, their ends counted
DRAFTS_PER_SAMPLE = 3  # that are needed at least, as some are unfit or say the same


def asked(body: GenerateRequest) -> Request:
    """What the writer is asked for; a seed is drawn when none is given."""
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
        strength=body.strength,
        candidates=body.candidates,
        include_unrefined=body.include_unrefined,
        include_topics=body.include_topics,
    )


def draft(body: GenerateRequest, owner: object | None = None) -> Job[model.writer.Result]:
    """The work of a request; `owner` is one for all requests of a call."""
    request = asked(body)
    twins = body.num_samples if body.include_unrefined else 0
    # A draft is drawn, and read again to be judged; few drafts for each sample want more rounds.
    drafts = max(drafts_wanted(request), DRAFTS_PER_SAMPLE * body.num_samples)
    tokens = (2 * drafts + twins) * TOKENS_PER_SENTENCE
    return Job(methodcaller("compose", request), tokens, owner or Owner())


def drafts(bodies: Sequence[GenerateRequest]) -> list[Job[model.writer.Result] | RequestError]:
    """The work of each request of one call, or why the writer refuses it."""
    owner = Owner()

    def attempt(body: GenerateRequest) -> Job[model.writer.Result] | RequestError:
        try:
            return draft(body, owner)
        except RequestError as error:
            return error

    return [attempt(body) for body in bodies]


def legacy_draft(body: LegacyRequest) -> Job[model.writer.Result]:
    return draft(GenerateRequest(genres=body.genres, num_samples=body.num_sample))


def homotopy(body: InterpolateRequest) -> Job[list[str]]:
    walk = methodcaller("homotopy", body.start, body.end, body.steps, body.genres)
    return Job(walk, (body.steps + 2) * TOKENS_PER_SENTENCE)


def reconstruction(body: ReconstructRequest) -> Job[str]:
    return Job(methodcaller("reconstruction", body.text, body.genres), 2 * TOKENS_PER_SENTENCE)


def model_name(writer: WriterName | Facts) -> ModelName:
    return ModelName(name=writer.name, revision=writer.revision)


def answer(writer: WriterName | Facts, result: model.writer.Result) -> GenerateAnswer:
    return GenerateAnswer(
        model=model_name(writer),
        genres=match_shown(result.genres),
        seed=result.seed,
        samples=[sample_shown(sample) for sample in result.samples],
    )


def batch_item(outcome: Timed[model.writer.Result] | Exception) -> BatchItem:
    """One request's part of a batch; raises what concerns all of it."""
    if isinstance(outcome, Timed):
        return BatchItem(answer=answer(outcome.writer, outcome.value))
    if isinstance(outcome, RequestError):
        return BatchItem(error=str(outcome))
    if isinstance(outcome, ProblemError):
        raise outcome
    log.error("writer.failed", exc_info=outcome)
    return BatchItem(error=DEFECT)


def genres_shown(writer: Facts, search: str | None) -> GenresAnswer:
    """The genres that a text is found in, and what the writer would take it for; or all."""
    names = sorted(writer.genres)
    if search is None:
        return GenresAnswer(genres=names)
    found = [name for name in names if search.casefold() in name.casefold()]
    return GenresAnswer(genres=found, understood=match_shown(writer.match_genres([search])))


def match_shown(match: model.writer.GenreMatch) -> GenreMatch:
    return GenreMatch(
        known=list(match.known), mapped=dict(match.mapped), unknown=list(match.unknown)
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
        topics=_listed(sample.topics),
        unrefined_topics=_listed(sample.unrefined_topics),
    )


def _listed(shares: tuple[float, ...] | None) -> list[float] | None:
    return None if shares is None else list(shares)


def topic_shown(topic: model.writer.Topic) -> Topic:
    return Topic(
        index=topic.index, name=topic.name, words=list(topic.words), favoured=topic.favoured
    )
