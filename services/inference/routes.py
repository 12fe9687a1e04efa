"""The doors of the inference service."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response

from model.errors import RequestError
from services.common.auth import require_key
from services.common.problems import PROBLEM_RESPONSES
from services.inference import translation
from services.inference.backlog import Job, Timed
from services.inference.disconnect import unless_gone
from services.inference.measures import Measures
from services.inference.reloading import Reloader
from services.inference.scheduler import Scheduler
from services.inference.schemas import (
    BatchAnswer,
    BatchRequest,
    GenerateAnswer,
    GenerateRequest,
    GenresAnswer,
    InterpolateAnswer,
    InterpolateRequest,
    LegacyAnswer,
    LegacyRequest,
    ModelAnswer,
    ReconstructAnswer,
    ReconstructRequest,
    ReloadAnswer,
    TopicsAnswer,
)

T = TypeVar("T")

QUEUE_TIME = "X-Queue-Time-Ms"
MODEL_TIME = "X-Model-Time-Ms"
TIMED: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            QUEUE_TIME: {"description": "Wait for the writer, ms.", "schema": {"type": "number"}},
            MODEL_TIME: {"description": "Time with the writer, ms.", "schema": {"type": "number"}},
        }
    },
    413: {
        **PROBLEM_RESPONSES["default"],
        "description": "The body is too large, or this request alone would take too long.",
    },
    429: {
        **PROBLEM_RESPONSES["default"],
        "description": "Too much is asked for, or this would take too long; ask again later.",
        "headers": {
            "Retry-After": {"description": "When to ask again, s.", "schema": {"type": "integer"}}
        },
    },
    503: {
        **PROBLEM_RESPONSES["default"],
        "description": "The writer is being loaded, can't be loaded, or is shutting down.",
    },
}

router = APIRouter(dependencies=[Depends(require_key)])


# Dependencies are coroutines, though they wait for nothing: others would each cost a thread's time.
async def _scheduler(request: Request) -> Scheduler:
    scheduler: Scheduler = request.app.state.scheduler
    return scheduler


class Visit:
    """A request that wants the writer's time, and says in its headers where the time went."""

    def __init__(self, request: Request, response: Response, scheduler: Scheduler) -> None:
        self._request = request
        self._response = response
        self._scheduler = scheduler
        scheduler.facts  # noqa: B018 - raises, before anything is made of the body, while there is none

    async def do(self, job: Job[T]) -> Timed[T]:
        timed = await unless_gone(self._request, self._scheduler.do(job))
        self._tell(timed.queue_seconds, timed.model_seconds)
        return timed

    async def do_all(self, jobs: Sequence[Job[T]]) -> list[Timed[T] | Exception]:
        outcomes = await unless_gone(self._request, self._scheduler.do_all(jobs))
        done = [outcome for outcome in outcomes if isinstance(outcome, Timed)]
        self._tell(
            max((each.queue_seconds for each in done), default=0.0),
            max((each.model_seconds for each in done), default=0.0),
        )
        return outcomes

    def count_refused(self, outcomes: Iterable[object]) -> None:
        """Count what the writer refuses of a batch, as it is counted of single requests."""
        measures: Measures = self._request.app.state.measures
        refused = sum(isinstance(outcome, RequestError) for outcome in outcomes)
        measures.rejected.labels("refused").inc(refused)

    def _tell(self, queue_seconds: float, model_seconds: float) -> None:
        self._response.headers[QUEUE_TIME] = f"{queue_seconds * 1000:.1f}"
        self._response.headers[MODEL_TIME] = f"{model_seconds * 1000:.1f}"


Search = Annotated[
    str | None, Query(min_length=1, max_length=100, description="Part of a name, or a whole one.")
]
SchedulerDep = Annotated[Scheduler, Depends(_scheduler)]


async def _visit(request: Request, response: Response, scheduler: SchedulerDep) -> Visit:
    return Visit(request, response, scheduler)


VisitDep = Annotated[Visit, Depends(_visit)]


@router.post("/v1/generate", summary="Draft commentary", tags=["write"], responses=TIMED)
async def generate(body: GenerateRequest, visit: VisitDep) -> GenerateAnswer:
    """Draft commentary for genres, and for a song where one is named; best first.

    The same seed gives the same text, alone or in any batch.
    """
    done = await visit.do(translation.draft(body))
    return translation.answer(done.writer, done.value)


@router.post(
    "/v1/generate/batch", summary="Draft commentary for many songs", tags=["write"], responses=TIMED
)
async def generate_batch(body: BatchRequest, visit: VisitDep) -> BatchAnswer:
    """Draft commentary for many songs in one call, admitted or refused together.

    A request that can't be answered has its error in its place; the others have their answers. Each
    is written as it would be by itself; the times in the headers are those of the slowest.
    """
    asked = translation.drafts(body.requests)
    jobs = [job for job in asked if isinstance(job, Job)]
    done = iter(await visit.do_all(jobs) if jobs else [])
    outcomes = [next(done) if isinstance(each, Job) else each for each in asked]
    visit.count_refused(outcomes)
    return BatchAnswer(answers=[translation.batch_item(outcome) for outcome in outcomes])


@router.post(
    "/generate", summary="Draft as the service of 2018 did", tags=["write"], responses=TIMED
)
async def generate_as_in_2018(body: LegacyRequest, visit: VisitDep) -> LegacyAnswer:
    """The original service's endpoint: a drop-in for its callers."""
    done = await visit.do(translation.legacy_draft(body))
    return LegacyAnswer(gens=[sample.text for sample in done.value.samples])


@router.post(
    "/v1/interpolate",
    summary="Walk from one sentence to another",
    tags=["latent space"],
    responses=TIMED,
)
async def interpolate(body: InterpolateRequest, visit: VisitDep) -> InterpolateAnswer:
    """The homotopy between two sentences: decoded along the line between their latent vectors."""
    done = await visit.do(translation.homotopy(body))
    return InterpolateAnswer(model=translation.model_name(done.writer), sentences=done.value)


@router.post(
    "/v1/reconstruct",
    summary="Encode and decode a sentence",
    tags=["latent space"],
    responses=TIMED,
)
async def reconstruct(body: ReconstructRequest, visit: VisitDep) -> ReconstructAnswer:
    """What comes back when a sentence is encoded and decoded again."""
    done = await visit.do(translation.reconstruction(body))
    return ReconstructAnswer(model=translation.model_name(done.writer), text=done.value)


@router.get("/v1/genres", summary="The genres that the writer knows", tags=["model"])
async def genres(scheduler: SchedulerDep, q: Search = None) -> GenresAnswer:
    """Every genre that the model knows, or those that a text is found in.

    `understood` tells what the text would be taken for as a genre: itself, one that its name holds,
    or the nearest on a map of some six thousand genres.
    """
    return translation.genres_shown(scheduler.facts, q)


@router.get("/v1/topics", summary="The topics of its training text", tags=["model"])
async def topics(scheduler: SchedulerDep) -> TopicsAnswer:
    """The topics that the model found in its training text."""
    return TopicsAnswer(topics=[translation.topic_shown(t) for t in scheduler.facts.topics])


@router.get("/v1/model", summary="The writer and its card", tags=["model"])
async def model(scheduler: SchedulerDep) -> ModelAnswer:
    """The writer's name, its revision and its model card."""
    facts = scheduler.facts
    return ModelAnswer(
        model=translation.model_name(facts),
        precision=facts.precision,
        temperature=facts.temperature,
        card=facts.card,
    )


@router.post(
    "/v1/model/reload",
    summary="Read the writer's bundle anew",
    tags=["model"],
    responses={409: {**PROBLEM_RESPONSES["default"], "description": "The bundle can't be used."}},
)
async def reload(request: Request) -> ReloadAnswer:
    """Load the bundle in the configured folder again, and let it answer from now on.

    No request fails: those under way are ended by the writer that began them. A bundle that can't
    be used is refused with the reason, and the writer stays.
    """
    reloader: Reloader = request.app.state.reloader
    before, writer = await reloader.reload()
    return ReloadAnswer(
        model=translation.model_name(writer),
        before=before and translation.model_name(before),
    )
