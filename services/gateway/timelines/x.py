"""X, read and written with tweepy (the only file that knows it).

tweepy's low-level request is used throughout: it keeps the headers (rate limits), lets the
parameters of August 2026 through, and `made_with_ai`, which its typed methods do not know. tweepy
waits for nothing and nobody here (`wait_on_rate_limit=False`), and an adapter under its session
gives it the timeout and the base URL that it lacks; requests stay signed for X's own host.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import requests
import requests.adapters
import tweepy

from services.gateway.schemas import Platform, Published, Reception, TimelinePage
from services.gateway.timelines.reading import FloorRefusedError, Page, read
from services.gateway.timelines.timeline import Intent
from services.gateway.timelines.x_documents import (
    ORIGIN,
    POST_FIELDS,
    RENAMED,
    Document,
    NonsenseError,
    Reader,
    comparable,
    next_token,
    posts_of,
    quota,
    reception,
    time_of,
)
from services.gateway.timelines.x_errors import document_of, error_from, names_parameter
from services.gateway.vendor_calls import VendorCalls
from services.gateway.vendor_errors import FailedVendorError

HOST = "https://api.twitter.com"
PAGE_SIZE = 100
LEAST_PAGE_SIZE = 5
# X shows seven days; a floor older than this is checked.
OLD_SECONDS = 6 * 24 * 3600
PAGES_OF_OWN_POSTS = 5
# Replies to whoever mentioned the bot are allowed since February 2026, quotes are not.
PLATFORM = Platform(
    origin=ORIGIN,
    longest=280,
    counting="weighted",
    link_length=23,
    links="costly",
    replies="summoned",
    ai_label=True,
    bot_label=True,
    paid=True,
)


@dataclass(frozen=True)
class XKeys:
    """OAuth 1.0a user context: tokens that do not expire."""

    consumer_key: str
    consumer_secret: str
    access_token: str
    access_token_secret: str

    @property
    def user_id(self) -> str:
        """The account's number, which its access token begins with."""
        return self.access_token.partition("-")[0]


class Redirect(requests.adapters.HTTPAdapter):
    """Sends tweepy's requests to the base URL, with a timeout."""

    def __init__(self, base_url: str, timeout: tuple[float, float]) -> None:
        super().__init__(pool_maxsize=16)
        self.base_url, self.timeout = base_url.rstrip("/"), timeout

    def send(self, request: requests.PreparedRequest, *_: Any, **how: Any) -> requests.Response:  # noqa: ANN401 - as requests calls it
        if self.base_url != HOST:
            url = urlsplit(request.url or "")
            request.url = f"{self.base_url}{url.path}" + (f"?{url.query}" if url.query else "")
            how["proxies"] = {}  # those were chosen for X's host
        how["timeout"] = how.get("timeout") or self.timeout
        return super().send(request, **how)


class XTimeline:
    """The timeline of one account."""

    origin = ORIGIN

    def __init__(self, keys: XKeys, base_url: str, post_url: str, calls: VendorCalls) -> None:
        self.calls = calls
        self.user = f"/2/users/{keys.user_id}"
        self.reader = Reader(post_url)
        self.fields_parameter = "tweet.fields"
        self.client = tweepy.Client(
            consumer_key=keys.consumer_key,
            consumer_secret=keys.consumer_secret,
            access_token=keys.access_token,
            access_token_secret=keys.access_token_secret,
            return_type=requests.Response,
            wait_on_rate_limit=False,
        )
        self.client.session.mount(HOST, Redirect(base_url, calls.timeout))

    def close(self) -> None:
        self.client.session.close()

    async def posts(self, after: str | None, limit: int) -> TimelinePage:
        route = f"{self.user}/timelines/reverse_chronological"
        source = XSource(self, route, {"exclude": "retweets,replies"})
        return await read(source, ORIGIN, after, limit)

    async def mentions(self, after: str | None, limit: int) -> TimelinePage:
        return await read(XSource(self, f"{self.user}/mentions", {}), ORIGIN, after, limit)

    async def platform(self) -> Platform:
        return PLATFORM

    async def publish(self, intent: Intent) -> Published:
        body = {"text": intent.text, "made_with_ai": True}
        send = partial(self._request, "POST", "/2/tweets", json=body)
        response = await self.calls.once(send)
        try:
            (post,) = posts_of(document_of(response))
            return self.reader.published({"text": intent.text, **post})
        except ValueError as error:
            detail = "it accepted a post without saying which."
            raise FailedVendorError(self.origin, detail) from error

    async def find(self, intent: Intent) -> list[Published]:
        wanted = comparable(intent.text)
        bounds = {"start_time": intent.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        own = await self._own_posts(bounds, ("created_at", "note_tweet"))
        found = [self.reader.published(post, reconciled=True) for post in own]
        return [post for post in reversed(found) if comparable(post.text) == wanted]

    async def receptions(self, ids: Sequence[str]) -> list[Reception]:
        """Own posts are read from the own timeline, which X sells at a fifth of the price."""
        numbers = [int(post_id) for post_id in ids if post_id.isdecimal()]
        if not numbers:
            return []
        bounds = {"since_id": str(min(numbers) - 1), "until_id": str(max(numbers) + 1)}
        own = await self._own_posts(bounds, ("public_metrics",))
        found = {str(post["id"]): reception(post) for post in own}
        missing = [str(number) for number in numbers if str(number) not in found]
        for start in range(0, len(missing), PAGE_SIZE):
            wanted = {"ids": ",".join(missing[start : start + PAGE_SIZE])}
            document, _ = await self.get("/2/tweets", wanted, ("public_metrics",))
            found |= {str(post["id"]): reception(post) for post in posts_of(document)}
        return [found[str(number)] for number in numbers if str(number) in found]

    async def delete(self, post_id: str) -> None:
        await self.calls.once(partial(self._request, "DELETE", f"/2/tweets/{post_id}"))

    async def _own_posts(
        self, bounds: Mapping[str, str], fields: tuple[str, ...]
    ) -> list[Document]:
        """Our posts within the bounds, newest first."""
        posts: list[Document] = []
        more: dict[str, str] = {}
        for _ in range(PAGES_OF_OWN_POSTS):
            params = {"max_results": str(PAGE_SIZE), **bounds, **more}
            document, _headers = await self.get(f"{self.user}/tweets", params, fields)
            posts += posts_of(document)
            if (token := next_token(document)) is None:
                break
            more = {"pagination_token": token}
        return posts

    async def get(
        self, route: str, params: Mapping[str, str], fields: tuple[str, ...]
    ) -> tuple[Document, Mapping[str, str]]:
        """A document and its headers."""
        return await self.calls.read(partial(self._get, route, params, fields))

    def _get(
        self, route: str, params: Mapping[str, str], fields: tuple[str, ...]
    ) -> tuple[Document, Mapping[str, str]]:
        response = self._request("GET", route, params={**params, **self._fields(fields)})
        document = document_of(response)
        if not document:
            raise FailedVendorError(self.origin, "its answer is no JSON object.", retry_after=5)
        return document, response.headers

    def _fields(self, fields: tuple[str, ...]) -> dict[str, str]:
        if self.fields_parameter == "post.fields":
            fields = tuple(RENAMED.get(name, name) for name in fields)
        return {self.fields_parameter: ",".join(fields)}

    def _request(self, method: str, route: str, **content: Any) -> requests.Response:  # noqa: ANN401 - passed on to tweepy
        request: Callable[..., requests.Response] = self.client.request
        try:
            return request(method, route, user_auth=True, **content)
        except tweepy.HTTPException as error:
            response: requests.Response = error.response
            params = content.get("params", {})
            if "tweet.fields" in params and names_parameter(response, "tweet.fields"):
                self.fields_parameter = "post.fields"
                renamed = self._fields(tuple(params.pop("tweet.fields").split(",")))
                return self._request(method, route, params=params | renamed)
            if "since_id" in params and names_parameter(response, "since_id"):
                raise FloorRefusedError from error
            raise error_from(response) from error
        except (AttributeError, TypeError) as error:
            # tweepy trips over an error that is JSON, but no object.
            raise FailedVendorError(
                self.origin, "its answer cannot be read.", retry_after=5
            ) from error


@dataclass(frozen=True)
class XSource:
    """One of X's timelines, page by page."""

    timeline: XTimeline
    route: str
    params: Mapping[str, str]

    async def page(
        self, floor: str | None, until: str | None, token: str | None, size: int
    ) -> Page:
        if floor is not None and not floor.isdecimal():
            raise FloorRefusedError
        bounds = {"since_id": floor, "until_id": until, "pagination_token": token}
        params = {name: value for name, value in bounds.items() if value is not None}
        params["max_results"] = str(max(LEAST_PAGE_SIZE, min(size, PAGE_SIZE)))
        document, headers = await self.timeline.get(
            self.route, {**self.params, **params}, POST_FIELDS
        )
        try:
            entries = tuple(self.timeline.reader.entries(document))
        except (NonsenseError, ValueError, TypeError) as error:
            detail = f"its answer cannot be read: {error}"
            raise FailedVendorError(ORIGIN, detail, retry_after=5) from error
        return Page(entries, next_token(document), quota(headers))

    async def reaches(self, place: str) -> bool:
        page = await self.page(None, str(int(place) + 1), None, 1)
        return bool(page.entries or page.next_token)

    def is_old(self, place: str) -> bool:
        return time.time() - time_of(place).timestamp() > OLD_SECONDS
