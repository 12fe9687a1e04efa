"""X, read and written with tweepy (the only file that knows it).

tweepy's low-level request is used throughout: it keeps the headers (rate limits), lets the
parameters of August 2026 through, and `made_with_ai`, which its typed methods do not know. tweepy
waits for nothing and nobody here (`wait_on_rate_limit=False`), and an adapter under its session
gives it the timeout and the base URL that it lacks; requests stay signed for X's own host.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import requests
import tweepy

from services.gateway.patience import PatientAdapter, Timeout
from services.gateway.schemas import Platform, Published, Reception, TimelinePage
from services.gateway.spend import Price, Spend
from services.gateway.timelines.documents import (
    Document,
    NonsenseError,
    batches,
    quota,
    understanding,
)
from services.gateway.timelines.reading import FloorRefusedError, Page, read
from services.gateway.timelines.timeline import Intent, Presence
from services.gateway.timelines.x_documents import (
    ID,
    ORIGIN,
    POST_FIELDS,
    RENAMED,
    Reader,
    has_id,
    next_token,
    presence,
    reception,
    says,
    things_of,
    time_of,
)
from services.gateway.timelines.x_errors import document_of, error_from, names_parameter
from services.gateway.timelines.x_prices import (
    DELETION,
    POST_READ,
    PRESENCE,
    price_of,
    price_of_own,
    price_of_reconciling,
)
from services.gateway.vendor_calls import VendorCalls
from services.gateway.vendor_errors import (
    FailedVendorError,
    OverBudgetError,
    RefusedByVendorError,
)

HOST = "https://api.twitter.com"
PAGE_SIZE = 100
LEAST_PAGE_SIZE = 5
OLD_FIELDS, NEW_FIELDS = "tweet.fields", "post.fields"
QUOTA = "x-rate-limit-"  # how its headers about rate limits begin
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
class Question:
    """A kind of reading: what X counts it as, where to ask, what a post in the answer costs."""

    lane: str
    route: str
    price: Price


LOOKUP = Question("lookup", "/2/tweets", POST_READ)
PRESENT = replace(LOOKUP, price=PRESENCE)


@dataclass(frozen=True)
class Answer:
    document: Document
    posts: list[Document]
    headers: Mapping[str, str]

    @property
    def ids(self) -> list[str]:
        """Of the posts that have one; each is billed, whatever is odd about it."""
        return [str(post["id"]) for post in self.posts if has_id(post)]


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


class Redirect(PatientAdapter):
    """Sends tweepy's requests to the base URL, with a timeout."""

    def __init__(self, base_url: str, timeout: Timeout) -> None:
        super().__init__(timeout)
        self.base_url = base_url.rstrip("/")

    def send(self, request: requests.PreparedRequest, *_: Any, **how: Any) -> requests.Response:  # noqa: ANN401 - as requests calls it
        if self.base_url != HOST:
            url = urlsplit(request.url or "")
            request.url = f"{self.base_url}{url.path}" + (f"?{url.query}" if url.query else "")
            how["proxies"] = {}  # those were chosen for X's host
        return super().send(request, **how)


class XTimeline:
    """The timeline of one account."""

    origin = ORIGIN

    def __init__(
        self,
        keys: XKeys,
        base_url: str,
        post_url: str,
        calls: VendorCalls,
        spend: Spend,
        *,
        owns_app: bool = False,
    ) -> None:
        self.calls, self.spend = calls, spend
        user, own_price = f"/2/users/{keys.user_id}", price_of_own(owns_app=owns_app)
        self.home = Question("home", f"{user}/timelines/reverse_chronological", POST_READ)
        self.named = Question("mentions", f"{user}/mentions", own_price)
        self.own = Question("own", f"{user}/tweets", own_price)
        self.sought = replace(self.own, price=price_of_reconciling(owns_app=owns_app))
        self.owns_app = owns_app
        self.reader = Reader(post_url)
        self.fields_parameter = OLD_FIELDS
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
        source = XSource(self, self.home, {"exclude": "retweets,replies"})
        return await read(source, ORIGIN, after, limit)

    async def mentions(self, after: str | None, limit: int) -> TimelinePage:
        return await read(XSource(self, self.named, {}), ORIGIN, after, limit)

    async def platform(self) -> Platform:
        return PLATFORM

    async def publish(self, intent: Intent) -> Published:
        send = partial(self._request, "POST", "/2/tweets", json=_body(intent))
        async with self.spend.buying(price_of(intent), 1) as purchase:
            answer = _answer(await self.calls.once(send, "create"))
            if len(answer.ids) != 1 or len(answer.posts) != 1:
                detail = "it accepted a post without saying which."
                raise FailedVendorError(ORIGIN, detail)
            purchase.got(answer.ids)
        return self.reader.accepted(answer.posts[0], intent.text)

    async def find(self, intent: Intent) -> list[Published]:
        bounds = {"start_time": intent.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        own = await self._own_posts(bounds)
        with understanding(ORIGIN):
            found = [self.reader.published(post, reconciled=True) for post in own]
        return [post for post in reversed(found) if says(post.text, intent)]

    async def receptions(self, ids: Sequence[str]) -> list[Reception]:
        """Where we own the app, X sells a page of our timeline at a fifth of the price."""
        numbers = [int(post_id) for post_id in ids if post_id.isdecimal()]
        if not numbers:
            return []
        found: dict[str, Reception] = {}
        if self.owns_app and len(numbers) <= PAGE_SIZE:
            bounds = {"since_id": str(min(numbers) - 1), "until_id": str(max(numbers) + 1)}
            own = await self.ask(self.own, bounds, ("public_metrics",), PAGE_SIZE)
            found = _receptions(own.posts)
        missing = [str(number) for number in numbers if str(number) not in found]
        for some in batches(missing, PAGE_SIZE):
            _, answer = await self._look_up(LOOKUP, some, ("public_metrics",), least=len(some))
            found |= _receptions(answer.posts)
        return [found[str(number)] for number in numbers if str(number) in found]

    async def present(self, ids: Sequence[str]) -> Presence:
        """Raises OverBudgetError where the budget does not cover a single one."""
        numbers = list(dict.fromkeys(post_id for post_id in ids if ID.fullmatch(post_id)))
        shown, unknown = set[str](), set(numbers)
        for some in batches(numbers, PAGE_SIZE):
            try:
                asked, answer = await self._look_up(PRESENT, some, ("created_at",))
            except OverBudgetError:
                if some[0] == numbers[0]:
                    raise
                break
            with understanding(ORIGIN):
                said = presence(answer.document, asked)
            shown |= said.shown
            unknown -= set(asked) - said.unknown
        return Presence(shown, unknown)

    async def delete(self, post_id: str) -> None:
        send = partial(self._request, "DELETE", f"/2/tweets/{post_id}")
        async with self.spend.buying(DELETION, 1) as purchase:
            await self.calls.once(send, "delete")
            purchase.got([f"deleted {post_id}"])

    async def _look_up(
        self, question: Question, ids: Sequence[str], fields: tuple[str, ...], least: int = 1
    ) -> tuple[Sequence[str], Answer]:
        """At most a page of posts: the first ones, at least so many, where the budget ends."""
        async with self.spend.buying(question.price, len(ids), least) as purchase:
            asked = ids[: purchase.most]
            get = partial(self._get, question.route, {"ids": ",".join(asked)}, fields)
            answer = await self.calls.read(get, question.lane)
            purchase.got(answer.ids)
        return asked, answer

    async def _own_posts(self, bounds: Mapping[str, str]) -> list[Document]:
        """Our posts within the bounds, newest first."""
        posts: list[Document] = []
        more: dict[str, str] = {}
        for _ in range(PAGES_OF_OWN_POSTS):
            params, fields = {**bounds, **more}, ("created_at", "note_tweet")
            answer = await self.ask(self.sought, params, fields, PAGE_SIZE)
            posts += answer.posts
            if (token := next_token(answer.document)) is None:
                break
            more = {"pagination_token": token}
        return posts

    async def ask(
        self,
        question: Question,
        params: Mapping[str, str],
        fields: tuple[str, ...],
        most: int,
    ) -> Answer:
        """At most so many posts: fewer, down to the smallest page, where the budget ends."""
        async with self.spend.buying(question.price, most, LEAST_PAGE_SIZE) as purchase:
            bounded = {**params, "max_results": purchase.most}
            get = partial(self._get, question.route, bounded, fields)
            answer = await self.calls.read(get, question.lane)
            purchase.got(answer.ids)
        return answer

    def _get(self, route: str, params: Mapping[str, object], fields: tuple[str, ...]) -> Answer:
        asked = {**params, **self._fields(fields, self.fields_parameter)}
        return _answer(self._request("GET", route, params=asked))

    def _fields(self, fields: Sequence[str], parameter: str) -> dict[str, str]:
        if parameter == NEW_FIELDS:
            fields = [RENAMED.get(name, name) for name in fields]
        return {parameter: ",".join(fields)}

    def _renamed(self, method: str, route: str, params: dict[str, Any]) -> requests.Response:
        """Ask in X's newer words, and keep to them once it has understood them."""
        fields = params.pop(OLD_FIELDS).split(",")
        response = self._request(method, route, params=params | self._fields(fields, NEW_FIELDS))
        self.fields_parameter = NEW_FIELDS
        return response

    def _request(self, method: str, route: str, **content: Any) -> requests.Response:  # noqa: ANN401 - passed on to tweepy
        request: Callable[..., requests.Response] = self.client.request
        try:
            return request(method, route, user_auth=True, **content)
        except tweepy.HTTPException as error:
            response: requests.Response = error.response
            params = content.get("params", {})
            if OLD_FIELDS in params and names_parameter(response, OLD_FIELDS):
                return self._renamed(method, route, params)
            bounds = {"since_id", "until_id"} & params.keys()
            if any(names_parameter(response, bound) for bound in bounds):
                raise FloorRefusedError(ORIGIN) from error
            raise error_from(response, self.calls.clock()) from error
        except (AttributeError, TypeError) as error:
            # tweepy trips over an error that is JSON, but no object.
            raise FailedVendorError(
                self.origin, "its answer cannot be read.", retry_after=5
            ) from error


def _body(intent: Intent) -> dict[str, Any]:
    """What X is asked to publish."""
    body: dict[str, Any] = {"text": intent.text, "made_with_ai": PLATFORM.ai_label}
    if intent.in_reply_to is None:
        return body
    if not ID.fullmatch(intent.in_reply_to):
        raise RefusedByVendorError(ORIGIN, f"{intent.in_reply_to} is no post that it could answer.")
    return body | {"reply": {"in_reply_to_tweet_id": intent.in_reply_to}}


def _answer(response: requests.Response) -> Answer:
    document = document_of(response)
    with understanding(ORIGIN):
        return Answer(document, things_of(document), response.headers)


def _receptions(posts: list[Document]) -> dict[str, Reception]:
    with understanding(ORIGIN):
        received = [reception(post) for post in posts]
    return {each.id: each for each in received}


@dataclass(frozen=True)
class XSource:
    """One of X's timelines, page by page."""

    timeline: XTimeline
    question: Question
    params: Mapping[str, str]

    async def page(
        self, floor: str | None, until: str | None, token: str | None, size: int
    ) -> Page:
        if floor is not None and not ID.fullmatch(floor):
            raise FloorRefusedError(ORIGIN)
        bounds = {"since_id": floor, "until_id": until, "pagination_token": token}
        params = {name: value for name, value in bounds.items() if value is not None}
        most = max(LEAST_PAGE_SIZE, min(size, PAGE_SIZE))
        answer = await self.timeline.ask(
            self.question, {**self.params, **params}, POST_FIELDS, most
        )
        with understanding(ORIGIN):
            if "meta" not in answer.document:
                message = "it is no page of a timeline"
                raise NonsenseError(message)
            entries = tuple(self.timeline.reader.entries(answer.document))
        return Page(entries, next_token(answer.document), quota(answer.headers, QUOTA))

    async def reaches(self, place: str) -> bool:
        page = await self.page(None, str(int(place) + 1), None, 1)
        return bool(page.entries or page.next_token)

    def is_old(self, place: str) -> bool:
        return self.timeline.calls.clock() - time_of(place).timestamp() > OLD_SECONDS

    def rest(self, place: str) -> str:
        """Posts stand where they came in."""
        return place
