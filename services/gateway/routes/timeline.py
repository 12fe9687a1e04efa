"""Reading posts, publishing them, and learning how they were received."""

from typing import Annotated

from fastapi import APIRouter, Body, Header, Path, Query

from services.common.problems import BadRequestError
from services.gateway.routes.world import ThePublications, TheTimeline
from services.gateway.schemas import (
    NewPost,
    Platform,
    Present,
    Published,
    Received,
    Receptions,
    TimelinePage,
)

router = APIRouter(tags=["timeline"])

MOST_POSTS = 1000
MOST_IDS = 100
# One that remembers as many posts as it may; still short enough for an address.
LONGEST_CURSOR = 8000

After = Annotated[
    str | None,
    Query(
        description="The cursor of the last answer; without one, the newest posts come.",
        max_length=LONGEST_CURSOR,
        examples=["x.1.1994012345678901234.."],
    ),
]
Limit = Annotated[int, Query(ge=1, le=MOST_POSTS, description="Most posts in the answer.")]


@router.get("/timeline", operation_id="read_timeline", summary="Posts after a cursor")
async def read_timeline(
    timeline: TheTimeline, after: After = None, limit: Limit = 200
) -> TimelinePage:
    """Oldest first. Where more posts wait than fit, the cursor leads to the others."""
    return await timeline.posts(after, limit)


@router.get("/mentions", operation_id="read_mentions", summary="Posts that name the bot")
async def read_mentions(
    timeline: TheTimeline, after: After = None, limit: Limit = 50
) -> TimelinePage:
    page = await timeline.mentions(after, limit)
    posts = [post.model_copy(update={"mentions_bot": True}) for post in page.posts]
    return page.model_copy(update={"posts": posts})


@router.get("/platform", operation_id="read_platform", summary="What the platform allows")
async def read_platform(timeline: TheTimeline) -> Platform:
    """Length, links, replies and labels, as the timeline's adapter declares them."""
    return await timeline.platform()


@router.post("/posts", operation_id="publish_post", summary="Publish once per key", status_code=201)
async def publish_post(
    post: Annotated[NewPost, Body(examples=[{"text": "A slow burn that never raises its voice."}])],
    publications: ThePublications,
    idempotency_key: Annotated[
        str | None,
        Header(
            description="Names this publication: 1 to 200 printable characters. The same key "
            "never publishes twice, whatever happens to an answer; it stands for one text, until "
            "that is refused.",
            examples=["publication:x:1994012345678901234:1"],
        ),
    ] = None,
) -> Published:
    """422: the platform will not have it. 503: not published, or not yet known; call again with
    the same key. 502 and 504: unknown; call again with the same key, and the timeline is read
    before anything is sent."""
    key = (idempotency_key or "").strip()
    if not key or len(key) > 200 or not key.isprintable():
        raise BadRequestError(
            "Publishing needs a header Idempotency-Key of 1 to 200 printable characters, "
            "the same for every attempt at this post."
        )
    return await publications.publish(key, post.text, post.in_reply_to)


@router.get("/posts", operation_id="read_receptions", summary="How our posts were received")
async def read_receptions(
    timeline: TheTimeline,
    ids: Annotated[
        str,
        Query(
            description="Ids of our posts, comma-separated, up to 100.",
            examples=["1994012345678901234,1994012345678905678"],
            min_length=1,
            max_length=5000,
        ),
    ],
) -> Receptions:
    """Posts that are gone are left out."""
    return Receptions(receptions=await timeline.receptions(asked_for(ids)))


@router.get("/posts/present", operation_id="find_present", summary="Which posts are still there")
async def find_present(
    timeline: TheTimeline,
    ids: Annotated[
        str,
        Query(
            description="Ids of posts, whoever wrote them, comma-separated, up to 100.",
            examples=["1994012345678901234,1994012345678905678"],
            min_length=1,
            max_length=21_000,
        ),
    ],
) -> Present:
    """What was deleted, or is hidden from us, is left out: it may no longer be kept. Where reading
    costs money, each post that is there does; what the budget does not cover is `unknown`."""
    said = await timeline.present(wanted := asked_for(ids))
    return Present(
        ids=[post_id for post_id in wanted if post_id in said.shown],
        unknown=[post_id for post_id in wanted if post_id in said.unknown],
    )


def asked_for(ids: str) -> list[str]:
    wanted = list(dict.fromkeys(part.strip() for part in ids.split(",") if part.strip()))
    if not 1 <= len(wanted) <= MOST_IDS:
        raise BadRequestError(f"`ids` takes 1 to {MOST_IDS} ids, not {len(wanted)}.")
    return wanted


@router.delete(
    "/posts/{post_id:path}", operation_id="delete_post", summary="Take one of our posts back"
)
async def delete_post(
    publications: ThePublications,
    post_id: Annotated[str, Path(max_length=200, examples=["1994012345678901234"])],
) -> Received:
    """404 for a post that was not published here. Its Idempotency-Key stays used up."""
    await publications.delete(post_id)
    return Received()
