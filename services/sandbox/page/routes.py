"""The public timeline as a page and as JSON, a form to write into it, and the fault table."""

import re
from datetime import UTC, datetime
from itertools import dropwhile, islice
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, ConfigDict, Field

from services.common.problems import BadRequestError, ForbiddenError, NotFoundError
from services.sandbox.faults import Fault, Faults
from services.sandbox.timeline import Post, Timeline, author_id, display_name
from services.sandbox.x.posts import timestamp

HERE = Path(__file__).parent
SHOWN, MOST = 100, 500
MAX_TEXT = 4000
HANDLE = re.compile(r"\w{1,30}")
VISITOR = "visitor"
HUES = 8
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
templates = Jinja2Templates(HERE / "templates")


class NewPost(BaseModel):
    """A post to write into the public timeline."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"text": '"Hurt" by Johnny Cash', "author": "visitor"}}
    )

    text: str = Field(min_length=1, max_length=MAX_TEXT, description="What it says.")
    author: str = Field(VISITOR, description="A handle; letters, digits and underscores.")


class ShownPost(BaseModel):
    """A post on the public timeline."""

    id: str
    author: str
    text: str
    created_at: str
    by_bot: bool = Field(description="Whether the bot published it.")
    reply_to: str | None = Field(description="The id of the post that it answers.")


class ShownFault(Fault):
    id: int


class State(BaseModel):
    """What is there, in numbers."""

    feed_posts: int = Field(description="Feed posts that are out.")
    feed_size: int = Field(description="Distinct posts in the feed.")
    bot_posts: int
    visitor_posts: int
    faults_planned: int
    faults_struck: int


class Pages:
    def __init__(self, timeline: Timeline, faults: Faults, desk_url: str | None) -> None:
        self.timeline, self.faults, self.desk_url = timeline, faults, desk_url

    def install(self, app: FastAPI) -> None:
        router = APIRouter(prefix="/sandbox", tags=["sandbox"])
        router.add_api_route("/", self.page, response_class=HTMLResponse, include_in_schema=False)
        router.add_api_route("/write", self.write, methods=["POST"], include_in_schema=False)
        router.add_api_route("/posts", self.posts, summary="Read the public timeline")
        router.add_api_route(
            "/posts", self.add, methods=["POST"], status_code=201, summary="Write a post"
        )
        router.add_api_route(
            "/posts/{post_id}",
            self.delete,
            methods=["DELETE"],
            status_code=204,
            summary="Delete a post, whoever wrote it",
        )
        router.add_api_route("/state", self.state, summary="Count what is there")
        router.add_api_route("/faults", self.planned, summary="List the planned faults")
        router.add_api_route(
            "/faults", self.plan, methods=["POST"], status_code=201, summary="Plan a fault"
        )
        router.add_api_route(
            "/faults", self.clear, methods=["DELETE"], status_code=204, summary="Forget all faults"
        )
        app.include_router(router)
        app.mount("/sandbox/static", StaticFiles(directory=HERE / "static"), name="static")
        app.add_api_route("/", self.home, include_in_schema=False)

    async def home(self) -> RedirectResponse:
        return RedirectResponse("/sandbox/")

    async def page(
        self,
        request: Request,
        by: Literal["everybody", "bot"] = "everybody",
        at: int | None = None,
    ) -> HTMLResponse:
        """Everybody's newest posts, or only the bot's; from post `at` on back, if given."""
        posts = self.timeline.newest_first() if by == "everybody" else self.timeline.by_bot()
        if at is not None:
            posts = dropwhile(lambda post: post.id > at, posts)
        now = self.timeline.clock()
        context = {
            "posts": [_card(post, now) for post in islice(posts, SHOWN)],
            "state": await self.state(),
            "by": by,
            "desk_url": self.desk_url,
        }
        page = templates.TemplateResponse(request, "timeline.html", context)
        page.headers.update(SECURITY_HEADERS)
        return page

    async def write(
        self,
        request: Request,
        text: Annotated[str, Form()] = "",
        author: Annotated[str, Form()] = "",
    ) -> RedirectResponse:
        """The page's form."""
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            raise ForbiddenError("Write into the timeline from its own page.")
        if text.strip():
            self._write(text[:MAX_TEXT], author.strip().lstrip("@") or VISITOR)
        return RedirectResponse("/sandbox/", 303)

    async def posts(self, limit: Annotated[int, Field(ge=1, le=MOST)] = SHOWN) -> list[ShownPost]:
        """The public timeline, newest first."""
        return [_shown(post) for post in islice(self.timeline.newest_first(), limit)]

    async def add(self, post: NewPost) -> ShownPost:
        """Write a post into the public timeline."""
        if not post.text.strip():
            raise BadRequestError("The text is blank.")
        return _shown(self._write(post.text, post.author.lstrip("@")))

    async def delete(self, post_id: int) -> None:
        """Delete a post, as its author might."""
        if self.timeline.find(post_id) is None:
            raise NotFoundError(f"There is no post {post_id}.")
        self.timeline.delete(post_id)

    async def state(self) -> State:
        """What is there, in numbers."""
        written = self.timeline.written.values()
        by_bot = sum(post.by_bot for post in written)
        return State(
            feed_posts=self.timeline.released(),
            feed_size=len(self.timeline.feed),
            bot_posts=by_bot,
            visitor_posts=len(written) - by_bot,
            faults_planned=len(self.faults.planned),
            faults_struck=self.faults.struck,
        )

    async def planned(self) -> list[ShownFault]:
        """Faults that have not struck as often as they shall."""
        return [
            ShownFault(id=number, **fault.model_dump())
            for number, fault in self.faults.planned.items()
        ]

    async def plan(self, fault: Fault) -> ShownFault:
        """Plan a fault for the next requests that match it."""
        return ShownFault(id=self.faults.plan(fault), **fault.model_dump())

    async def clear(self) -> None:
        """Forget every planned fault."""
        self.faults.clear()

    def _write(self, text: str, author: str) -> Post:
        if not HANDLE.fullmatch(author):
            raise BadRequestError("`author` takes 1 to 30 letters, digits and underscores.")
        return self.timeline.write(
            text, author_id=author_id(author), username=author, name=display_name(author)
        )


def _shown(post: Post) -> ShownPost:
    return ShownPost(
        id=str(post.id),
        author=post.username,
        text=post.text,
        created_at=timestamp(post.created),
        by_bot=post.by_bot,
        reply_to=post.reply_to,
    )


def _card(post: Post, now: float) -> dict[str, object]:
    return {
        "post": post,
        "initial": post.username[:1].upper(),
        "hue": int(post.author_id) % HUES,
        "created_at": timestamp(post.created),
        "clock": f"{datetime.fromtimestamp(post.created, UTC):%H:%M:%S} UTC",
        "age": age(now - post.created),
    }


def age(seconds: float) -> str:
    """How long ago, in the largest unit that fits."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"
