"""The forms of `/curate` that make drafts: others by the writer, and a curator's own words."""

import secrets

import structlog
from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from services.common.problems import ConflictError, NotFoundError
from services.common.rest import ServiceError
from services.gateway.pages.curate import OWN, desk_page, find_place
from services.gateway.pages.deciding import Sent, SentItem, answer, refuse_unfit, refused
from services.gateway.pages.fields import Words
from services.gateway.pages.manner import Manner, SentManner
from services.gateway.pages.trouble import Trouble, trouble
from services.gateway.pages.views import PageRoute
from services.gateway.pages.visitors import FORM_CHECKS
from services.gateway.schemas import Draft, Scores, Written
from services.gateway.sheets.desk_making import MOST_DRAFTS, refuse_more
from services.gateway.sheets.sheet import DeskItem, NewDraft
from services.gateway.wording import credit
from services.inference.client import InferenceClient
from services.inference.schemas import GenerateAnswer, GenerateRequest

MORE = 5  # drafts at a time
SEEDS = 10**15

log = structlog.get_logger()
router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.post("/curate/others", dependencies=FORM_CHECKS)
async def write_others(form: SentItem, manner: SentManner) -> Response:
    try:
        laid = await _write_others(form, manner)
    except (ConflictError, NotFoundError) as error:
        return await refused(form, error, manner=manner)
    except ServiceError as error:
        return await not_written(form, manner, trouble(error))
    counted = {"asked": MORE, "laid": len(laid)}
    log.info("drafts.asked_for", item_id=form.item_id, curator=form.visitor.curator, **counted)
    told = {"said": "others", "new": str(laid[0].rank)} if laid else {"said": "nothing-new"}
    place = {"item": form.item_id, "head": form.head}
    return RedirectResponse(form.look.focus(**place, **told, **manner.fields), 303)


async def _write_others(form: Sent, manner: Manner) -> list[Draft]:
    item = await form.desk.item(form.item_id)
    refuse_more(item)
    inference: InferenceClient = form.request.app.state.inference
    written = await inference.generate(request_for(item, manner))
    return await form.desk.add(
        item.item_id,
        new_drafts(written),
        manner=f"{manner}, seed {written.seed}",
        curator=form.curator,
    )


def request_for(item: DeskItem, manner: Manner) -> GenerateRequest:
    """What to ask the writer for: as the worker asks, but in this manner and by another seed."""
    song = item.song
    return GenerateRequest(
        genres=[genre[:100] for genre in song.genres if genre][:32],
        num_samples=min(MORE, MOST_DRAFTS - len(item.drafts)),
        artist=credit(song.artists)[:500],
        title=song.title[:500],
        seed=secrets.randbelow(SEEDS),
        strength=manner.strength,
        temperature=manner.temperature,
    )


def new_drafts(answer: GenerateAnswer) -> list[NewDraft]:
    by = {
        "model": answer.model.name,
        "model_revision": answer.model.revision,
        "seed": answer.seed,
    }
    return [
        NewDraft(
            sample.text,
            Scores.model_validate(sample, from_attributes=True),
            Written(latent=sample.latent, **by),
        )
        for sample in answer.samples
    ]


async def not_written(form: Sent, manner: Manner, problem: Trouble) -> Response:
    """The item as it is, and why the writer wrote nothing."""
    place = await find_place(form.desk, form.look, form.item_id, None, form.head or None)
    response = await desk_page(
        form.request,
        form.visitor,
        place,
        status=problem.status,
        problem=problem.says,
        manner=manner,
    )
    response.headers.update(problem.headers)
    return response


@router.post("/curate/own", dependencies=FORM_CHECKS)
async def approve_own(form: SentItem, *, text: Words = "") -> Response:
    return await answer(form, _approve_own(form, text), "approved", typed={OWN: text})


async def _approve_own(form: Sent, words: str) -> None:
    await refuse_unfit(form, words)
    await form.desk.approve_own(
        form.item_id, text=words, version=form.version, curator=form.curator
    )
