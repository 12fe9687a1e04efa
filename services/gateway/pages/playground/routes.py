"""The page, and the genres that it suggests while one types."""

import secrets
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from services.common.rest import ServiceError
from services.gateway.pages.playground.commands import curl
from services.gateway.pages.playground.lookup import look_up
from services.gateway.pages.playground.wish import PATH, Wish, read
from services.gateway.pages.playground.writing import Writing, facts_of, write
from services.gateway.pages.trouble import trouble
from services.gateway.pages.views import PageRoute, page
from services.gateway.pages.visitors import admit
from services.gateway.settings import GatewaySettings
from services.inference.client import InferenceClient
from services.inference.schemas import GenresAnswer

SHORT_SEEDS = 100_000  # enough to be another, and short enough to be read out
MOST_SUGGESTIONS = 8
EXAMPLES = (
    Wish(title="Alison", artist="Slowdive", genres=("shoegaze", "dream pop"), seed=3),
    Wish(title="Teardrop", artist="Massive Attack", genres=("trip hop",), seed=11),
    Wish(genres=("bossa nova", "jazz"), seed=3),
    Wish(genres=("techno",), seed=5, strength=2.0),
)

router = APIRouter(include_in_schema=False, route_class=PageRoute, dependencies=[Depends(admit)])


@router.get(PATH)
async def show_playground(request: Request) -> Response:
    typed = dict(request.query_params)
    wish, faults = read(typed)
    if wish.seed is None or "again" in typed:
        wish = wish.with_seed(secrets.randbelow(SHORT_SEEDS))
    if faults or not typed:
        return await screen(request, wish, typed=typed, faults=faults)
    looked = await look_up(request, wish)
    if looked.failure is None and typed != looked.wish.query:
        return RedirectResponse(looked.wish.address, 303)
    return await screen(request, looked.wish, asked=True, failure=looked.failure)


async def screen(
    request: Request,
    wish: Wish,
    *,
    asked: bool = False,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    failure: str | None = None,
) -> Response:
    """The form with what was `typed` and, if the writer is `asked`, what it says.

    `failure` is why the song could not be looked up.
    """
    inference: InferenceClient = request.app.state.inference
    facts, writing, problem = None, None, None
    try:
        facts = await facts_of(inference)
        writing = await write(inference, wish, facts.topics) if asked else None
    except ServiceError as error:
        problem = trouble(error)
    response = page(
        request,
        "playground.html",
        problem.status if problem else 422 if faults else 200,
        wish=wish,
        fields=wish.fields | dict(typed or {}),
        faults=faults or {},
        facts=facts,
        writing=writing,
        failure=failure,
        problem=problem,
        examples=EXAMPLES,
        commands=[] if writing is None else commands(request.app.state.settings, writing),
    )
    response.headers.update(problem.headers if problem else {})
    return response


def commands(settings: GatewaySettings, writing: Writing) -> list[str]:
    """How to get the same from a terminal."""
    walk = writing.walk
    return [
        curl(settings, "/v1/generate", writing.request),
        *([curl(settings, "/v1/interpolate", walk.request)] if walk else []),
    ]


@router.get(f"{PATH}/genres")
async def suggest_genres(
    request: Request, q: Annotated[str, Query(min_length=1, max_length=100)]
) -> Response:
    """Genres that a text is found in, those that begin with it first; else the nearest."""
    inference: InferenceClient = request.app.state.inference
    try:
        answer = await inference.genres(q)
    except ServiceError as error:
        problem = trouble(error)
        return JSONResponse({"detail": problem.says}, problem.status, problem.headers)
    return JSONResponse({"genres": found(answer, q), "nearest": nearest(answer, q)})


def found(answer: GenresAnswer, text: str) -> list[str]:
    begins = [name for name in answer.genres if name.casefold().startswith(text.casefold())]
    return list(dict.fromkeys([*begins, *answer.genres]))[:MOST_SUGGESTIONS]


def nearest(answer: GenresAnswer, text: str) -> str | None:
    """What a name that is no label is taken for, where that is another genre than those found."""
    taken = answer.understood.mapped.get(text) if answer.understood else None
    return taken if taken not in answer.genres else None
