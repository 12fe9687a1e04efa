"""Bluesky's endpoints."""

import json
from collections.abc import Awaitable, Callable, Mapping
from itertools import islice

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.sandbox.answers import VendorError, json_response, refuse
from services.sandbox.bluesky.errors import bluesky_failure, invalid, refused
from services.sandbox.bluesky.identity import ADDRESS, POST, address, cid_of, did_of, tid_of
from services.sandbox.bluesky.paging import page
from services.sandbox.bluesky.posts import Document, Views, author
from services.sandbox.bluesky.records import RecordRequest, read_body, read_place, read_record
from services.sandbox.bluesky.sessions import REFRESH, Account, Sessions
from services.sandbox.limits import Clock, Windows
from services.sandbox.settings import SandboxSettings
from services.sandbox.store import Record, Store
from services.sandbox.timeline import Post, Timeline, author_id, display_name
from services.sandbox.vendor_app import on_the_page, vendor_app
from services.sandbox.x.posts import timestamp

WINDOW_SECONDS = 5 * 60
REQUESTS, LOGINS = 3000, 30
MOST_URIS = 25
DEPTH = 3200

Endpoint = Callable[[Request], Awaitable[Document]]


class BlueskyApi:
    """Bluesky's endpoints over the public timeline."""

    def __init__(
        self,
        settings: SandboxSettings,
        timeline: Timeline,
        store: Store,
        windows: Windows,
        clock: Clock,
    ) -> None:
        self.settings, self.timeline, self.store, self.windows = settings, timeline, store, windows
        self.sessions = Sessions(settings, clock)
        self.views = Views(timeline, store)

    def app(self) -> Starlette:
        queries: dict[str, Endpoint] = {
            "com.atproto.server.getSession": self.session,
            "com.atproto.repo.getRecord": self.get_record,
            "app.bsky.actor.getProfile": self.profile,
            "app.bsky.feed.getTimeline": self.home,
            "app.bsky.feed.getAuthorFeed": self.author_feed,
            "app.bsky.feed.getPosts": self.posts,
            "app.bsky.notification.listNotifications": self.notifications,
        }
        procedures: dict[str, Endpoint] = {
            "com.atproto.server.createSession": self.log_in,
            "com.atproto.server.refreshSession": self.refresh,
            "com.atproto.repo.createRecord": self.create_record,
            "com.atproto.repo.putRecord": self.put_record,
            "com.atproto.repo.deleteRecord": self.delete_record,
        }
        routes = [
            Route(f"/xrpc/{name}", self._counted(endpoint), methods=[method])
            for method, endpoints in (("GET", queries), ("POST", procedures))
            for name, endpoint in endpoints.items()
        ]
        routes.append(Route("/profile/{did}/post/{rkey}", self.shown))
        return vendor_app(routes, bluesky_failure)

    async def shown(self, request: Request) -> Response:
        """A post as people see it."""
        post = self.views.find(request.path_params["did"], request.path_params["rkey"])
        return on_the_page(None if post is None else post.id)

    async def log_in(self, request: Request) -> Document:
        body = read_body(await request.body())
        account = self.sessions.log_in(body.get("identifier"), body.get("password"))
        return self.sessions.document(account)

    async def refresh(self, request: Request) -> Document:
        return self.sessions.document(self.sessions.caller(request, REFRESH))

    async def session(self, request: Request) -> Document:
        return self.sessions.caller(request).document()

    async def profile(self, request: Request) -> Document:
        self.sessions.caller(request)
        account = self._account(request.query_params.get("actor", ""))
        written = self.timeline.by_author(author_id(account.username))
        kept = self.store.record(account.did, "app.bsky.actor.profile", "self")
        said: Mapping[str, object] = json.loads(kept.value) if kept else {}
        told = {name: said[name] for name in ("displayName", "description") if name in said}
        return {**author(account.username), "postsCount": sum(1 for _ in written), **told}

    async def home(self, request: Request) -> Document:
        self.sessions.caller(request)
        shown, cursor = page(request, self.timeline.newest_first())
        return {"feed": [self.views.feed_item(post) for post in shown], **cursor}

    async def author_feed(self, request: Request) -> Document:
        self.sessions.caller(request)
        did = self._account(request.query_params.get("actor", "")).did
        recent = islice(self.timeline.newest_first(), DEPTH)
        shown, cursor = page(request, (post for post in recent if did_of(post.username) == did))
        return {"feed": [self.views.feed_item(post) for post in shown], **cursor}

    async def posts(self, request: Request) -> Document:
        self.sessions.caller(request)
        uris = request.query_params.getlist("uris")
        if not 1 <= len(uris) <= MOST_URIS:
            raise invalid(f"Error: uris must have between 1 and {MOST_URIS} elements")
        found = [self._find(uri) for uri in dict.fromkeys(uris)]
        return {"posts": [self.views.view(post) for post in found if post]}

    async def notifications(self, request: Request) -> Document:
        """Mentions: other things that people do to the bot do not happen here."""
        caller = self.sessions.caller(request)
        reasons = request.query_params.getlist("reasons")
        recent = islice(
            self.timeline.newest_first(), DEPTH if not reasons or "mention" in reasons else 0
        )
        shown, cursor = page(request, (post for post in recent if _mentions(post, caller)))
        now = timestamp(self.timeline.clock())
        return {
            "notifications": [self._notification(post) for post in shown],
            "seenAt": now,
            **cursor,
        }

    async def create_record(self, request: Request) -> Document:
        caller = self.sessions.caller(request)
        wanted = self._own(read_record(read_body(await request.body())), caller)
        if wanted.collection != POST:
            return self._put(wanted, caller)
        if wanted.rkey and self.store.record(caller.did, POST, wanted.rkey):
            raise invalid(f"There is already a value at key: {POST}/{wanted.rkey}")
        return self._written(self._write(wanted, caller))

    async def put_record(self, request: Request) -> Document:
        caller = self.sessions.caller(request)
        wanted = self._own(read_record(read_body(await request.body())), caller)
        if wanted.collection == POST:
            raise invalid("The sandbox does not change posts")
        return self._put(wanted, caller)

    async def get_record(self, request: Request) -> Document:
        place = read_place(request.query_params)
        did = self._account(place.repo).did
        uri = address(did, place.collection, place.rkey)
        post = self.views.find(did, place.rkey) if place.collection == POST else None
        kept = self.store.record(did, place.collection, place.rkey)
        if post:
            value = self.views.record(post)
        elif kept:
            value = json.loads(kept.value)
        else:
            raise refused("RecordNotFound", f"Could not locate record: {uri}")
        return {"uri": uri, "cid": cid_of(uri), "value": value}

    async def delete_record(self, request: Request) -> Document:
        """Deleting what is not there is no error."""
        caller = self.sessions.caller(request)
        place = self._own(read_place(read_body(await request.body())), caller)
        if place.collection != POST:
            self.store.delete_record(caller.did, place.collection, place.rkey)
        elif post := self.views.find(caller.did, place.rkey):
            self.timeline.delete(post.id)
        return {"commit": self._commit()}

    def _counted(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint, with every answer of it counted in its headers."""

        async def answer(request: Request) -> Response:
            headers = self._count(request)
            try:
                return json_response(await endpoint(request), headers=headers)
            except VendorError as error:
                response = error.answer.response()
                response.headers.update(headers)
                return response

        return answer

    def _count(self, request: Request) -> dict[str, str]:
        """Raises Bluesky's 429."""
        if not self.settings.bluesky_limits:
            return {}
        logging_in = request.url.path.endswith("createSession")
        limit = LOGINS if logging_in else REQUESTS
        client = request.client.host if request.client else ""
        taken = self.windows.take((client, logging_in), limit, WINDOW_SECONDS)
        headers = {
            "ratelimit-limit": str(limit),
            "ratelimit-remaining": str(taken.remaining),
            "ratelimit-reset": str(taken.reset),
            "ratelimit-policy": f"{limit};w={WINDOW_SECONDS}",
        }
        if not taken.granted:
            words = {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}
            raise refuse(429, words, headers)
        return headers

    def _account(self, actor: str) -> Account:
        """An account by its handle, or, where it has written or calls, by its DID."""
        if not actor.startswith("did:"):
            return self.sessions.account(actor)
        names = (post.username for post in islice(self.timeline.newest_first(), DEPTH))
        known = (self.settings.bot_username, *names)
        username = next((name for name in known if did_of(name) == actor), None)
        if username is None:
            raise invalid("Profile not found")
        return Account(username)

    def _own(self, wanted: RecordRequest, caller: Account) -> RecordRequest:
        if wanted.repo not in {caller.did, caller.handle}:
            raise refused("AuthenticationRequired", "Authentication Required", 401)
        return wanted

    def _find(self, uri: str) -> Post | None:
        match = ADDRESS.fullmatch(uri)
        return self.views.find(match[1], match[3]) if match and match[2] == POST else None

    def _write(self, wanted: RecordRequest, caller: Account) -> Post:
        is_bot = caller.username == self.settings.bot_username
        return self.timeline.write(
            wanted.value["text"],
            author_id=author_id(caller.username),
            username=caller.username,
            name=self.settings.bot_name if is_bot else display_name(caller.username),
            by_bot=True,
            reply_to=self._parent(wanted),
            record=Record(
                caller.did,
                POST,
                wanted.rkey or tid_of(self.timeline.next_id()),
                json.dumps(wanted.value, ensure_ascii=False),
            ),
        )

    def _parent(self, wanted: RecordRequest) -> str | None:
        match wanted.value.get("reply"):
            case {"parent": {"uri": str(uri)}, "root": {"uri": str()}}:
                post = self._find(uri)
                return str(post.id) if post else None
            case None:
                return None
        raise invalid(f"Invalid {POST} record: Record/reply must have a root and a parent")

    def _written(self, post: Post) -> Document:
        reference = self.views.strong_reference(post)
        return {**reference, "commit": self._commit(), "validationStatus": "valid"}

    def _put(self, wanted: RecordRequest, caller: Account) -> Document:
        value = json.dumps(wanted.value, ensure_ascii=False)
        rkey = wanted.rkey or "self"
        self.store.put_record(Record(caller.did, wanted.collection, rkey, value))
        uri = address(caller.did, wanted.collection, rkey)
        return {"uri": uri, "cid": cid_of(value), "commit": self._commit()}

    def _commit(self) -> Document:
        revision = tid_of(self.timeline.newest_written)
        return {"cid": cid_of(revision), "rev": revision}

    def _notification(self, post: Post) -> Document:
        return {
            **self.views.strong_reference(post),
            "author": author(post.username),
            "reason": "mention",
            "record": self.views.record(post),
            "isRead": False,
            "indexedAt": timestamp(post.created),
            "labels": [],
        }


def _mentions(post: Post, account: Account) -> bool:
    named = f"@{account.username}".casefold() in post.text.casefold()
    return named and post.username != account.username and post.kind != "retweet"
