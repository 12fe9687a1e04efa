"""Mastodon's endpoints."""

import json
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.sandbox.answers import VendorError, json_response
from services.sandbox.limits import Windows
from services.sandbox.mastodon.accounts import Account, Document, own_document
from services.sandbox.mastodon.drafts import Draft, Wrapping, parameters, read_draft
from services.sandbox.mastodon.errors import mastodon_failure, refused
from services.sandbox.mastodon.instance import instance_v1, instance_v2
from services.sandbox.mastodon.oauth import OAuth
from services.sandbox.mastodon.query import id_of, is_true, link_header, page_query, site_of
from services.sandbox.mastodon.statuses import Statuses, deleted, notification_id
from services.sandbox.settings import SandboxSettings
from services.sandbox.store import Store
from services.sandbox.timeline import Post, Timeline
from services.sandbox.vendor_app import on_the_page, vendor_app

Endpoint = Callable[[Request], Awaitable[Response]]

# Requests, and the seconds in which they may be made.
LIMITS = {"any": (300, 300), "publish": (300, 3 * 3600), "delete": (30, 1800)}
# How many posts Mastodon keeps of a home timeline.
HOME_DEPTH = 800
NOTIFICATIONS = 40
IDS_AT_ONCE = 20
IDEMPOTENCY_SECONDS = 3600
NO_PARENT = "The post you are trying to reply to does not appear to exist."


class MastodonApi:
    """Mastodon's endpoints over the public timeline; whoever has a token is the bot."""

    def __init__(
        self, settings: SandboxSettings, timeline: Timeline, store: Store, windows: Windows
    ) -> None:
        self.settings, self.timeline, self.store = settings, timeline, store
        self.windows = windows

    def app(self) -> Starlette:
        return vendor_app([*self._routes(), *OAuth(self.timeline.clock).routes()], mastodon_failure)

    def _routes(self) -> Iterator[Route]:
        """A token is needed everywhere but where the instance speaks of itself."""
        for method, path, endpoint, family in (
            ("GET", "/accounts/verify_credentials", self.me, "any"),
            ("PATCH", "/accounts/update_credentials", self.update, "any"),
            ("GET", "/accounts/{account_id}/statuses", self.account_statuses, "any"),
            ("GET", "/timelines/home", self.home, "any"),
            ("GET", "/notifications", self.notifications, "any"),
            ("GET", "/statuses", self.lookup, "any"),
            ("POST", "/statuses", self.publish, "publish"),
            ("GET", "/statuses/{status_id}", self.show, "any"),
            ("DELETE", "/statuses/{status_id}", self.delete, "delete"),
        ):
            yield Route(f"/api/v1{path}", self._counted(endpoint, family), methods=[method])
        # Mastodon.py asks for these with a slash at their end.
        for end in ("", "/"):
            yield Route(f"/api/v1/instance{end}", self.instance_v1)
            yield Route(f"/api/v2/instance{end}", self.instance_v2)
        yield Route("/@{username}/{status_id:int}", self.shown)

    async def shown(self, request: Request) -> Response:
        """A status as people see it."""
        return on_the_page(request.path_params["status_id"])

    def _counted(self, endpoint: Endpoint, family: str) -> Endpoint:
        async def counted(request: Request) -> Response:
            headers = self._enter(request, family)
            try:
                response = await endpoint(request)
            except VendorError as error:
                raise _with(error, headers) from error
            response.headers.update(headers)
            return response

        return counted

    async def me(self, request: Request) -> Response:
        return json_response(own_document(self._bot(), site_of(request)))

    async def update(self, request: Request) -> Response:
        given = await parameters(request)
        profile = self._profile()
        for name in ("display_name", "note"):
            if name in given:
                profile[name] = str(given[name])
        if "bot" in given:
            profile["bot"] = is_true(given["bot"])
        self.store.put_fact("mastodon.profile", json.dumps(profile))
        return json_response(own_document(self._bot(), site_of(request)))

    async def home(self, request: Request) -> Response:
        recent = islice(self.timeline.newest_first(), HOME_DEPTH)
        page = page_query(request.query_params).page(recent, lambda post: post.id)
        headers = _links(request, page[0].id, page[-1].id) if page else {}
        return json_response(self._statuses(request, page), headers=headers)

    async def account_statuses(self, request: Request) -> Response:
        query, asked = request.query_params, page_query(request.query_params)
        found = self._by(request.path_params["account_id"])
        posts = (post for post in found if not _excluded(post, query.keys()))
        page = asked.page(posts, lambda post: post.id)
        oldest = page[-1].id if page and len(page) == asked.limit else None
        headers = _links(request, page[0].id, oldest) if page else {}
        return json_response(self._statuses(request, page), headers=headers)

    async def notifications(self, request: Request) -> Response:
        wanted = request.query_params.getlist("types[]")
        refused_types = request.query_params.getlist("exclude_types[]")
        shown = (not wanted or "mention" in wanted) and "mention" not in refused_types
        page = page_query(request.query_params, NOTIFICATIONS).page(
            self._mentions() if shown else (), notification_id
        )
        ids = [notification_id(post) for post in page]
        headers = _links(request, ids[0], ids[-1]) if ids else {}
        words = self._words(request)
        pairs = zip(page, self._statuses(request, page), strict=True)
        return json_response([words.notification(*pair) for pair in pairs], headers=headers)

    async def lookup(self, request: Request) -> Response:
        ids = request.query_params.getlist("id[]")
        if len(ids) > IDS_AT_ONCE:
            raise refused(422, "Mastodon::ValidationError")
        found = [self.timeline.find(id_of(each)) for each in ids]
        posts = [post for post in found if post]
        return json_response(self._statuses(request, posts))

    async def show(self, request: Request) -> Response:
        post = self._post(request)
        return json_response(self._statuses(request, [post])[0])

    async def publish(self, request: Request) -> Response:
        draft = await read_draft(request, self.settings.mastodon_longest)
        key = request.headers.get("idempotency-key")
        post = self._published_before(key) or self._publish(draft, key)
        return json_response(self._statuses(request, [post])[0])

    async def delete(self, request: Request) -> Response:
        post = self._post(request)
        if post.author_id != self.settings.bot_id:
            raise refused(404)
        document = deleted(self._statuses(request, [post])[0], post.text)
        self.timeline.delete(post.id)
        return json_response(document)

    async def instance_v1(self, request: Request) -> Response:
        return json_response(instance_v1(site_of(request), self.settings.mastodon_longest))

    async def instance_v2(self, request: Request) -> Response:
        return json_response(instance_v2(site_of(request), self.settings.mastodon_longest))

    def _enter(self, request: Request, family: str) -> dict[str, str]:
        """Count one request and authenticate it; raises Mastodon's 401 and 429."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        known = scheme.casefold() == "bearer" and bool(token.strip())
        headers: dict[str, str] = {}
        if self.settings.mastodon_limits:
            limit, seconds = LIMITS[family]
            caller = token if known else None
            allowance = self.windows.take((caller, family), limit, seconds)
            headers = {
                "x-ratelimit-limit": str(limit),
                "x-ratelimit-remaining": str(allowance.remaining),
                "x-ratelimit-reset": _precisely(allowance.reset),
            }
            if not allowance.granted:
                raise _with(refused(429), headers)
        if not known:
            raise _with(refused(401), headers)
        return headers

    def _profile(self) -> dict[str, object]:
        stored = self.store.fact("mastodon.profile")
        profile: dict[str, object] = json.loads(stored) if stored else {}
        return profile

    def _bot(self) -> Account:
        settings, profile = self.settings, self._profile()
        return Account(
            id=settings.bot_id,
            username=settings.bot_username,
            display_name=str(profile.get("display_name", settings.bot_name)),
            since=self.timeline.schedule.begins_ms / 1000,
            note=str(profile.get("note", "")),
            bot=bool(profile.get("bot")),
        )

    def _mentions(self) -> Iterator[Post]:
        handle = f"@{self.settings.bot_username}".casefold()
        return (
            post
            for post in self.timeline.newest_first()
            if not post.by_bot and handle in post.text.casefold()
        )

    def _by(self, account_id: str) -> Iterator[Post]:
        if account_id == self.settings.bot_id:
            return self.timeline.by_author(account_id)
        recent = islice(self.timeline.newest_first(), HOME_DEPTH)
        return (post for post in recent if post.author_id == account_id)

    def _post(self, request: Request) -> Post:
        post = self.timeline.find(id_of(request.path_params["status_id"]))
        if post is None:
            raise refused(404)
        return post

    def _publish(self, draft: Draft, key: str | None) -> Post:
        if draft.reply_to and not self.timeline.find(int(draft.reply_to)):
            raise refused(404, NO_PARENT)
        post = self.timeline.write(
            draft.text,
            author_id=self.settings.bot_id,
            username=self.settings.bot_username,
            name=self.settings.bot_name,
            by_bot=True,
            reply_to=draft.reply_to,
        )
        self.store.put_fact(f"mastodon.status.{post.id}", draft.wrapping.to_json())
        if key is not None:
            remembered = json.dumps({"id": post.id, "at": self.timeline.clock()})
            self.store.put_fact(f"mastodon.idempotency.{key}", remembered)
        return post

    def _published_before(self, key: str | None) -> Post | None:
        """The post of this key; raises 404 where it is gone, as Mastodon does."""
        stored = key and self.store.fact(f"mastodon.idempotency.{key}")
        if not stored:
            return None
        remembered = json.loads(stored)
        if self.timeline.clock() - remembered["at"] >= IDEMPOTENCY_SECONDS:
            return None
        post = self.timeline.find(remembered["id"])
        if post is None:
            raise refused(404)
        return post

    def _words(self, request: Request) -> Statuses:
        return Statuses(site_of(request), self._bot(), self.timeline.clock())

    def _statuses(self, request: Request, posts: Iterable[Post]) -> list[Document]:
        words = self._words(request)
        return [words.status(post, self._wrapping(post), self._parent(post)) for post in posts]

    def _wrapping(self, post: Post) -> Wrapping:
        stored = post.by_bot and self.store.fact(f"mastodon.status.{post.id}")
        return Wrapping.from_json(stored) if stored else Wrapping()

    def _parent(self, post: Post) -> Post | None:
        return self.timeline.find(int(post.reply_to)) if post.reply_to else None


def _links(request: Request, newest: int, oldest: int | None) -> dict[str, str]:
    address = f"{request.url.scheme}://{request.url.netloc}{request.url.path}"
    links = link_header(address, request.query_params.multi_items(), newest, oldest)
    return {"link": links}


def _excluded(post: Post, names: Iterable[str]) -> bool:
    return {"reply": "exclude_replies", "retweet": "exclude_reblogs"}.get(post.kind, "") in names


def _precisely(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _with(error: VendorError, headers: dict[str, str]) -> VendorError:
    return VendorError(error.answer.with_headers(headers))
