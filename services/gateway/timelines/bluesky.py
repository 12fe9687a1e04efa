"""Bluesky, read and written with atproto (the only file that knows it).

Its low-level calls are used throughout: they give JSON as it came, with the headers, so that one
post which the SDK's models do not know costs no page. The session is ours, not the SDK's, which
goes by its own clock, does not recover from a token that the server holds for expired, and would
follow a `didDoc` to another host.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
from atproto import Client, Request, models
from atproto.exceptions import AtProtocolError, RequestErrorBase

from services.gateway.patience import PatientTransport
from services.gateway.schemas import Platform, Published, Reception, TimelinePage
from services.gateway.timelines.bluesky_documents import (
    ORIGIN,
    POST,
    Item,
    Reader,
    address_of,
    id_of,
    post_record,
    reception,
    record_key,
    reply_to,
    uri_of,
)
from services.gateway.timelines.bluesky_errors import (
    NoSuchRecordError,
    Refusal,
    error_from,
    nonsense,
)
from services.gateway.timelines.bluesky_session import Login, SessionFile, SharedSession
from services.gateway.timelines.bluesky_walk import Sheaf, Walk
from services.gateway.timelines.documents import (
    NOT_UNDERSTOOD,
    Document,
    batches,
    quota,
    things,
    understanding,
)
from services.gateway.timelines.reading import read
from services.gateway.timelines.timeline import Intent, Presence
from services.gateway.vendor_calls import VendorCalls
from services.gateway.vendor_errors import (
    FailedVendorError,
    RefusedByVendorError,
    UnreachableError,
    VendorError,
)

T = TypeVar("T")

PAGE_SIZE = 100
MOST_URIS = 25
QUOTA = "ratelimit-"  # how its headers about rate limits begin
JSON = "application/json"
CREATE_SESSION = "com.atproto.server.createSession"
REFRESH_SESSION = "com.atproto.server.refreshSession"
CREATE_RECORD = "com.atproto.repo.createRecord"
DELETE_RECORD = "com.atproto.repo.deleteRecord"
# Parameters, or the body, of a call, in the SDK's own model of it; the SDK ships no types.
Model = Any
# Bots may answer whoever mentions them.
PLATFORM = Platform(
    origin=ORIGIN,
    longest=300,
    longest_bytes=3000,
    counting="graphemes",
    link_length=None,
    links="allowed",
    replies="summoned",
    ai_label=False,
    bot_label=True,
    paid=False,
)


@dataclass(frozen=True)
class Reply:
    """A JSON object and its headers."""

    document: Document
    headers: Mapping[str, str]


class Wire:
    """Single requests to one server; every failure comes out as a VendorError."""

    def __init__(self, base_url: str, calls: VendorCalls) -> None:
        self.calls = calls
        self.request = Request(
            timeout=calls.httpx_timeout,
            event_hooks={"response": [refuse_redirect]},
            transport=PatientTransport(calls.timeout),
        )
        self.client = Client(base_url, request=self.request)

    def log_in(self, login: Login) -> Document:
        data = models.ComAtprotoServerCreateSession.Data(
            identifier=login.handle.removeprefix("@"), password=login.password
        )
        return self.post(CREATE_SESSION, data, None).document

    def refresh(self, token: str) -> Document:
        return self._reply(partial(self.client.invoke_procedure, REFRESH_SESSION), token).document

    def get(self, nsid: str, params: Model, token: str) -> Reply:
        return self._reply(partial(self.client.invoke_query, nsid, params), token)

    def post(self, nsid: str, data: Model, token: str | None) -> Reply:
        send = partial(self.client.invoke_procedure, nsid, data=data, input_encoding=JSON)
        return self._reply(send, token)

    def _reply(self, send: "partial[Any]", token: str | None) -> Reply:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            response = send(headers=headers)
        except RequestErrorBase as error:
            raise self._error(error) from error
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise self.calls.httpx_error(error) from error
        except (AtProtocolError, ValueError, TypeError) as error:
            raise nonsense() from error
        if not isinstance(response.content, dict):
            raise nonsense()
        return Reply(response.content, response.headers)

    def _error(self, error: RequestErrorBase) -> VendorError:
        response = error.response
        if response is None:
            return self.calls.httpx_error(error.__cause__)
        name, message = (getattr(response.content, key, None) for key in ("error", "message"))
        refusal = Refusal(
            response.status_code, str(name or ""), str(message or ""), response.headers
        )
        return error_from(refusal, self.calls.clock())


def refuse_redirect(response: httpx.Response) -> None:
    """The SDK would follow, and hand passwords and posts to whoever stands there."""
    if response.is_redirect:
        detail = "it sends us to another address; see BLUESKY_BASE_URL."
        raise UnreachableError(ORIGIN, detail, retry_after=600)


class BlueskyTimeline:
    """The timeline of one account."""

    origin = ORIGIN

    def __init__(self, login: Login, session: Path, post_url: str, calls: VendorCalls) -> None:
        self.calls = calls
        self.reader = Reader(post_url)
        self.wire = Wire(login.server, calls)
        self.session = SharedSession(
            login, self.wire, SessionFile(session), calls.clock, calls.seconds
        )

    def close(self) -> None:
        self.wire.request.close()

    async def platform(self) -> Platform:
        return PLATFORM

    async def posts(self, after: str | None, limit: int) -> TimelinePage:
        return await read(Walk(self._home), ORIGIN, after, limit)

    async def mentions(self, after: str | None, limit: int) -> TimelinePage:
        return await read(Walk(self._mentions), ORIGIN, after, limit)

    async def publish(self, intent: Intent) -> Published:
        """Under a key that follows from the intent: a second attempt meets the first one's post."""
        record = post_record(intent.text, datetime.now(UTC))
        if intent.in_reply_to is not None:
            record["reply"] = await self._answering(intent.in_reply_to)
        reply = await self.calls.once(partial(self._create, record_key(intent), record))
        try:
            return self.reader.published(reply.document["uri"], record)
        except NOT_UNDERSTOOD as error:
            detail = "it accepted a post without saying which."
            raise FailedVendorError(ORIGIN, detail) from error

    async def _answering(self, post_id: str) -> dict[str, Any]:
        """How a post refers to the one that it answers; that one may have answered another."""
        address = address_of(post_id)
        if address is None:
            raise RefusedByVendorError(ORIGIN, f"{post_id} is no post that it could answer.")
        params = models.AppBskyFeedGetPosts.Params(uris=[uri_of(*address)])
        reply = await self.calls.read(partial(self._get, "app.bsky.feed.getPosts", params))
        with understanding(ORIGIN):
            views = things(reply.document.get("posts"))
            if views:
                return reply_to(views[0])
        raise RefusedByVendorError(ORIGIN, "the post that it should answer is gone.")

    async def find(self, intent: Intent) -> list[Published]:
        try:
            reply = await self.calls.read(partial(self._record, record_key(intent)))
        except NoSuchRecordError:
            return []
        with understanding(ORIGIN):
            record = reply.document["value"]
            found = self.reader.published(reply.document["uri"], record, reconciled=True)
        return [found] if found.text == intent.text else []

    async def receptions(self, ids: Sequence[str]) -> list[Reception]:
        found = {each.id: each for each in await self._views(ids, reception)}
        return [found[post_id] for post_id in ids if post_id in found]

    async def present(self, ids: Sequence[str]) -> Presence:
        shown = await self._views(ids, lambda view: id_of(view["uri"]))
        return Presence(set(shown) & set(ids))

    async def _views(self, ids: Sequence[str], read_view: Callable[[Document], T]) -> list[T]:
        """What is read of the posts with these ids that are still there."""
        uris = [uri_of(*address) for address in map(address_of, ids) if address]
        found: list[T] = []
        for some in batches(uris, MOST_URIS):
            params = models.AppBskyFeedGetPosts.Params(uris=list(some))
            get = partial(self._get, "app.bsky.feed.getPosts", params)
            reply = await self.calls.read(get)
            with understanding(ORIGIN):
                found += [read_view(view) for view in things(reply.document.get("posts"))]
        return found

    async def delete(self, post_id: str) -> None:
        await self.calls.once(partial(self._delete, post_id))

    async def _home(self, cursor: str | None) -> Sheaf:
        params = models.AppBskyFeedGetTimeline.Params(cursor=cursor, limit=PAGE_SIZE)
        return await self._sheaf("app.bsky.feed.getTimeline", params, self.reader.home)

    async def _mentions(self, cursor: str | None) -> Sheaf:
        params = models.AppBskyNotificationListNotifications.Params(
            cursor=cursor, limit=PAGE_SIZE, reasons=["mention"]
        )
        nsid = "app.bsky.notification.listNotifications"
        return await self._sheaf(nsid, params, self.reader.mentions)

    async def _sheaf(
        self, nsid: str, params: Model, read_items: Callable[[Document, str], list[Item]]
    ) -> Sheaf:
        def ask() -> tuple[Reply, str]:
            return self._get(nsid, params), self.session.did

        reply, own_did = await self.calls.read(ask)
        cursor = reply.document.get("cursor")
        with understanding(ORIGIN):
            items = read_items(reply.document, own_did)
        return Sheaf(items, str(cursor) if cursor else None, quota(reply.headers, QUOTA))

    def _get(self, nsid: str, params: Model) -> Reply:
        return self.session.within(partial(self.wire.get, nsid, params))

    def _create(self, rkey: str, record: dict[str, Any]) -> Reply:
        data = models.ComAtprotoRepoCreateRecord.Data(
            collection=POST, repo=self.session.did, rkey=rkey, record=record
        )
        return self.session.within(partial(self.wire.post, CREATE_RECORD, data))

    def _record(self, rkey: str) -> Reply:
        params = models.ComAtprotoRepoGetRecord.Params(
            collection=POST, repo=self.session.did, rkey=rkey
        )
        return self._get("com.atproto.repo.getRecord", params)

    def _delete(self, post_id: str) -> None:
        address = address_of(post_id)
        if address is None or address[0] != self.session.did:
            raise RefusedByVendorError(ORIGIN, f"{post_id} is no post of ours.")
        data = models.ComAtprotoRepoDeleteRecord.Data(
            collection=POST, repo=address[0], rkey=address[1]
        )
        self.session.within(partial(self.wire.post, DELETE_RECORD, data))
