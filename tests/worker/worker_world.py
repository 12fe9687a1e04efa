"""Everything the worker speaks with, in memory, over the wire: the gateway and the writer.

Faults are queued by door (`"publish"`, `"generate"` ...): a number is the status to answer with
instead of acting, `"lost"` acts and then loses the answer, `"dead"` does neither.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from inspect import isawaitable
from typing import Annotated, Any, Literal

import httpx
from fastapi import FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.common.problems import install_handlers, problem_response
from services.gateway.schemas import (
    Command,
    Decision,
    DecisionPage,
    Draft,
    DraftBatch,
    Forgotten,
    Gap,
    Heartbeat,
    Marked,
    NewPost,
    Orders,
    Outcome,
    Platform,
    Post,
    Present,
    Published,
    PublishedPost,
    PublishedPosts,
    Received,
    Reception,
    Receptions,
    Song,
    Stored,
    TimelinePage,
)
from services.inference.schemas import (
    GenerateAnswer,
    GenerateRequest,
    GenreMatch,
    ModelName,
    Sample,
)

START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
PLATFORM = Platform(
    origin="x",
    longest=280,
    counting="weighted",
    link_length=23,
    links="costly",
    replies="summoned",
    ai_label=True,
    bot_label=True,
    paid=True,
)
Fault = int | Literal["lost", "dead"]


class Clock:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def pass_by(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def song_post(number: int, title: str = "", artist: str = "The Lanterns") -> str:
    return f'Listening to "{title or f"Harbour Lights {number}"}" by {artist}'


class World:
    """The timeline, the catalogue, the writer, the desk and the platform."""

    def __init__(self) -> None:
        self.begin_anew()
        self.platform = PLATFORM
        self.key: str | None = None
        self.app = create_app(self)
        self.transport = Wire(self)

    def begin_anew(self) -> None:
        """Nobody has said or done anything; what the services are like stays."""
        self.posts: list[Post] = []
        self.deleted: set[str] = set()  # ids of posts that their authors deleted
        self.unsaid: set[str] = set()  # ids of posts of which the platform does not say
        self.asked_about: list[list[str]] = []  # ids, call by call
        self.mentions: list[Post] = []
        self.elsewhere = 0  # posts that mention the bot and are not on its timeline
        self.mention_gap: Gap | None = None
        self.unknown_titles: set[str] = set()
        self.genreless_titles: set[str] = set()
        self.poison_titles: set[str] = set()
        self.wordless_titles: set[str] = set()  # songs that leave the writer without words
        self.linked: dict[str, tuple[str, str]] = {}  # title and artist by Spotify's id
        self.scores: dict[str, float] = {}  # how well the catalogue's song matches, if not fully
        self.poison_items: set[str] = set()
        self.refused_outcomes: set[str] = set()  # of these drafts
        self.fresh_looks = 0
        self.gap: Gap | None = None
        self.drafts: dict[str, Draft] = {}
        self.decisions_made: list[Decision] = []
        self.outcomes: dict[str, list[Outcome]] = defaultdict(list)
        self.published: dict[str, Published] = {}
        self.out: list[str] = []  # what the platform shows
        self.answered: dict[str, str] = {}  # what stands there as a reply, and to which post
        self.published_at = START
        self.likes = 3
        self.gone: set[str] = set()  # posts of ours that somebody deleted on the platform
        self.receptions_read: list[list[str]] = []
        self.shown: list[list[PublishedPost]] = []  # to the curator, call by call
        self.heartbeats: list[Heartbeat] = []
        self.asked: list[Command] = []  # of the worker, on /status
        self.calls: dict[str, int] = defaultdict(int)
        self.seeds: dict[str, list[int]] = defaultdict(list)
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.met: dict[str, list[Fault]] = defaultdict(list)  # faults that were met
        self.retry_after: dict[str, str] = {}
        self.when_called: dict[str, list[Callable[[], object]]] = defaultdict(list)
        self.when_marked: list[Callable[[str, Outcome], object]] = []
        self.at_once = self.most_at_once = 0

    def meet(self, door: str) -> None:
        """The first fault that waits there has happened."""
        self.met[door].append(self.faults[door].pop(0))

    def post(self, *texts: str, **values: object) -> list[Post]:
        """People post these texts."""
        new = []
        for text in texts:
            number = len(self.posts) + self.elsewhere + 1
            given: dict[str, Any] = {
                "origin": "x",
                "id": str(number),
                "text": text,
                "author_id": "7",
                **values,
            }
            new.append(Post(created_at=START + timedelta(seconds=number), **given))
            self.posts.append(new[-1])
        return new

    def mention(self, *texts: str, on_timeline: bool = False, **values: object) -> list[Post]:
        """People say these texts to the bot."""
        said = self.post(*texts, **values)
        self.mentions += [each.model_copy(update={"mentions_bot": True}) for each in said]
        if not on_timeline:
            del self.posts[-len(said) :]
            self.elsewhere += len(said)
        return said

    def decide(
        self,
        draft_id: str,
        verdict: Literal["approved", "rejected", "undecided"] = "approved",
        text: str | None = None,
        *,
        made: Draft | None = None,
    ) -> Decision:
        """The curator decides; what was `made` at the desk comes along each time."""
        draft = made or self.drafts.get(draft_id)
        if draft is not None and draft.made_by != "worker":
            made = self.drafts[draft.id] = draft
        words = text or (draft.text if draft else "words")
        decision = Decision(
            draft_id=draft_id,
            verdict=verdict,
            text=words,
            edited=text is not None,
            curator="ada",
            decided_at=START + timedelta(hours=1, seconds=len(self.decisions_made)),
            version=str(len(self.decisions_made) + 1),
            made=made,
        )
        self.decisions_made.append(decision)
        return decision

    def ask(self, kind: Literal["retry", "pause", "resume"], item_id: str | None = None) -> None:
        """Somebody asks this of the worker."""
        self.asked.append(Command(id=len(self.asked) + 1, kind=kind, item_id=item_id))


class Wire(httpx.AsyncBaseTransport):
    """Carries requests to the world's app; may lose an answer on the way back."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        door = door_of(request.method, request.url.path)
        fault = self.world.faults[door][0] if self.world.faults[door] else None
        if fault == "dead":
            self.world.meet(door)
            raise httpx.ConnectError("nobody listens", request=request)
        response = await asked_of(self.world.app, request)
        if fault == "lost" and self.world.faults[door][:1] == ["lost"]:  # no other call met it
            self.world.meet(door)
            raise httpx.ReadTimeout("the answer was lost", request=request)
        return response


async def asked_of(app: ASGIApp, request: httpx.Request) -> httpx.Response:
    """What an app answers; `httpx.ASGITransport` takes longer than most apps, looking for trio."""
    body = await request.aread()
    answer = bytearray()
    start: Message = {}
    scope: Scope = {
        "type": "http",
        "method": request.method,
        "path": request.url.path,
        "query_string": request.url.query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        start.update(message if message["type"] == "http.response.start" else {})
        answer.extend(message.get("body", b""))

    await app(scope, receive, send)
    return httpx.Response(
        start["status"], headers=start["headers"], content=bytes(answer), request=request
    )


def door_of(method: str, path: str) -> str:
    if path.endswith("/forgotten"):
        return "forget"
    if path.endswith("/present"):
        return "present"
    doors = {
        ("GET", "v1/timeline"): "timeline",
        ("GET", "v1/mentions"): "mentions",
        ("GET", "v1/songs"): "songs",
        ("POST", "v1/generate"): "generate",
        ("PUT", "v1/drafts"): "drafts",
        ("GET", "v1/drafts"): "decisions",
        ("PATCH", "v1/drafts"): "mark",
        ("GET", "v1/platform"): "platform",
        ("POST", "v1/posts"): "publish",
        ("GET", "v1/posts"): "reception",
        ("PUT", "v1/published"): "published",
        ("PUT", "v1/heartbeat"): "heartbeat",
    }
    return doors[method, "/".join(path.strip("/").split("/")[:2])]


class Doors:
    """Before the world's app: counts who comes to which door, and does there what was planned."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self.app = app
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self.answer(Request(scope)) if scope["type"] == "http" else None
        await (answer or self.app)(scope, receive, send)

    async def answer(self, request: Request) -> Response | None:
        """What is said at the door; None lets the caller in."""
        world, door = self.world, door_of(request.method, request.url.path)
        world.calls[door] += 1
        for act in world.when_called.pop(door, []):
            if isawaitable(done := act()):
                await done
        if world.key and request.headers.get("authorization") != f"Bearer {world.key}":
            return problem_response(request, 401, "This service wants a key.")
        fault = world.faults[door][0] if world.faults[door] else None
        if not isinstance(fault, int):
            return None
        world.meet(door)
        if fault == 422 and request.headers.get("idempotency-key") in world.published:
            return None  # the gateway finds it before it asks the platform
        after = world.retry_after.get(door)
        headers = {"Retry-After": after} if after else {}
        return JSONResponse({"detail": f"the {door} door says {fault}"}, fault, headers)


def create_app(world: World) -> FastAPI:
    app = FastAPI()
    install_handlers(app)
    app.add_middleware(Doors, world=world)
    add_posts_and_songs(app, world)
    add_writer(app, world)
    add_desk(app, world)
    add_outcomes(app, world)
    add_platform(app, world)
    return app


def add_posts_and_songs(app: FastAPI, world: World) -> None:
    @app.get("/v1/timeline")
    async def timeline(after: str | None = None, limit: int = 200) -> TimelinePage:
        begin = int(after) if after else max(0, len(world.posts) - limit)
        page = world.posts[begin : begin + limit]
        cursor = str(begin + len(page)) if world.posts else after
        gap, world.gap = world.gap, None
        return TimelinePage(posts=page, cursor=cursor, gap=gap)

    @app.get("/v1/songs/{catalogue}/{track_id}")
    async def linked_song(catalogue: str, track_id: str) -> Song:
        if track_id not in world.linked:
            raise HTTPException(404, f"{catalogue} has no such track.")
        title, artist = world.linked[track_id]
        return Song(title=title, artists=[artist], genres=["dream pop"], score=1.0)

    @app.get("/v1/posts/present")
    async def present(ids: str) -> Present:
        world.asked_about.append(ids.split(","))
        known = {post.id for post in (*world.posts, *world.mentions)} - world.deleted
        unsaid = world.unsaid.intersection(world.asked_about[-1])
        shown = [each for each in world.asked_about[-1] if each in known - unsaid]
        return Present(ids=shown, unknown=sorted(unsaid))

    @app.get("/v1/mentions")
    async def mentions(after: str | None = None, limit: int = 50) -> TimelinePage:
        begin = int(after) if after else max(0, len(world.mentions) - limit)
        page = world.mentions[begin : begin + limit]
        cursor = str(begin + len(page)) if world.mentions else after
        gap, world.mention_gap = world.mention_gap, None
        return TimelinePage(posts=page, cursor=cursor, gap=gap)

    @app.get("/v1/songs")
    async def songs(title: str, artist: str | None = None) -> Song:
        if title in world.poison_titles:
            raise HTTPException(500, "the catalogue chokes")
        if title in world.unknown_titles:
            raise HTTPException(404, "No catalogue has it.")
        genres = [] if title in world.genreless_titles else ["dream pop", "shoegaze"]
        return Song(
            title=title,
            artists=[artist or "Somebody"],
            genres=genres,
            score=world.scores.get(title, 1.0),
        )


def add_writer(app: FastAPI, world: World) -> None:
    @app.post("/v1/generate")
    async def generate(request: GenerateRequest) -> GenerateAnswer:
        world.at_once += 1
        world.most_at_once = max(world.most_at_once, world.at_once)
        await asyncio.sleep(0)
        world.at_once -= 1
        assert request.seed is not None
        world.seeds[request.title or ""].append(request.seed)
        return GenerateAnswer(
            model=ModelName(name="tiny", revision="r1"),
            genres=GenreMatch(known=request.genres, mapped={}, unknown=[]),
            seed=request.seed,
            samples=[
                sample(rank, request.seed).model_copy(
                    update={"text": ""} if request.title in world.wordless_titles else {}
                )
                for rank in range(1, request.num_samples + 1)
            ],
        )


def sample(rank: int, seed: int) -> Sample:
    return Sample(
        text=f"Sentence {rank} of seed {seed}.",
        score=1 / rank,
        log_prob=-1.0,
        topic=0.5,
        novelty=1.0,
        latent=[0.5, -0.5],
    )


def add_desk(app: FastAPI, world: World) -> None:
    @app.put("/v1/drafts")
    async def put_drafts(batch: DraftBatch) -> Stored:
        if any(draft.item_id in world.poison_items for draft in batch.drafts):
            raise HTTPException(422, "a draft that the desk cannot hold")
        new = [draft for draft in batch.drafts if draft.id not in world.drafts]
        world.drafts.update((draft.id, draft) for draft in new)
        return Stored(stored=len(new))

    @app.put("/v1/drafts/forgotten")
    async def forget(given: Forgotten) -> Received:
        if world.poison_items.intersection(given.item_ids):
            raise HTTPException(422, "a post that the desk cannot wipe")
        for draft in world.drafts.values():
            if draft.item_id in given.item_ids:
                draft.post = draft.post.forgotten()
        return Received()

    @app.get("/v1/drafts")
    async def decisions(
        since: str | None = None, limit: int = 500, *, fresh: bool = False
    ) -> DecisionPage:
        world.fresh_looks += fresh
        begin = int(since or 0)
        page = world.decisions_made[begin : begin + limit]
        return DecisionPage(decisions=page, cursor=str(begin + len(page)) if page else since)

    @app.put("/v1/heartbeat")
    async def heartbeat(given: Heartbeat) -> Orders:
        world.heartbeats.append(given)
        return Orders(commands=[each for each in world.asked if each.id > given.obeyed])


def add_outcomes(app: FastAPI, world: World) -> None:
    @app.patch("/v1/drafts")
    async def mark_all(outcomes: dict[str, Outcome]) -> Marked:
        if world.refused_outcomes & outcomes.keys():
            raise HTTPException(422, "an outcome that the desk cannot show")
        for draft_id in outcomes.keys() & world.drafts.keys():
            await mark(draft_id, outcomes[draft_id])
        return Marked(missing=sorted(outcomes.keys() - world.drafts.keys()))

    @app.patch("/v1/drafts/{draft_id}")
    async def mark(draft_id: str, outcome: Outcome) -> Received:
        if draft_id not in world.drafts:
            raise HTTPException(404, "There is no such draft.")
        out = any(each.state == "published" for each in world.outcomes[draft_id])
        if not (out and outcome.state in {"waiting", "scheduled"}):
            world.outcomes[draft_id].append(outcome)
        for decide in world.when_marked:
            decide(draft_id, outcome)
        return Received()

    @app.put("/v1/published")
    async def show_published(published: PublishedPosts) -> Received:
        world.shown.append(published.posts)
        return Received()


def add_platform(app: FastAPI, world: World) -> None:
    @app.get("/v1/platform")
    async def platform() -> Platform:
        return world.platform

    @app.post("/v1/posts", status_code=201)
    async def publish(post: NewPost, idempotency_key: Annotated[str, Header()]) -> Published:
        """As the gateway does: one key, one post, whatever happens to the answer."""
        if idempotency_key in world.published:
            return world.published[idempotency_key].model_copy(update={"reconciled": True})
        world.out.append(post.text)
        number = f"out-{len(world.out)}"
        if post.in_reply_to is not None:
            world.answered[post.text] = post.in_reply_to
        world.published[idempotency_key] = Published(
            origin="x",
            id=number,
            url=f"https://example.org/{number}",
            text=post.text,
            created_at=world.published_at,
        )
        return world.published[idempotency_key]

    @app.get("/v1/posts")
    async def receptions(ids: str) -> Receptions:
        asked = ids.split(",")
        world.receptions_read.append(asked)
        there = [number for number in asked if number not in world.gone]
        counts = {"likes": world.likes, "reposts": 2, "replies": 1}
        return Receptions(receptions=[Reception(id=number, **counts) for number in there])
