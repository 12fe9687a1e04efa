"""Mastodon, read and written with Mastodon.py (the only file that knows it).

Mastodon.py waits for nothing here (`ratelimit_method="throw"`) and asks for no version. It writes
what it hears of rate limits on the client, and errs where two threads do so at once; clients cost
nothing, so each call has its own, over the one session that holds the connections.
"""

import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import TypeVar

import requests
from mastodon import Mastodon, MastodonError, MastodonNetworkError

from services.gateway.schemas import Platform, Published, Reception, TimelinePage
from services.gateway.timelines.documents import (
    NOT_UNDERSTOOD,
    Document,
    NonsenseError,
    batches,
    nonsense,
    quota,
    readable,
    things,
)
from services.gateway.timelines.mastodon_documents import (
    ORIGIN,
    accepted,
    comparable,
    documents,
    has_other_ids,
    home_entry,
    id_at,
    id_of,
    mention_entry,
    passed_by,
    platform,
    published,
    reception,
)
from services.gateway.timelines.mastodon_errors import NotThereError
from services.gateway.timelines.mastodon_session import InstanceSession
from services.gateway.timelines.reading import Entry, FloorRefusedError, Page, read
from services.gateway.timelines.timeline import Intent, Presence
from services.gateway.vendor_calls import VendorCalls
from services.gateway.vendor_errors import CredentialsError, VendorError

T = TypeVar("T")
Call = Callable[[Mastodon], T]

VERSION = "4.5.0"
PAGE_SIZE = 40
IDS_AT_ONCE = 20
PAGES_OF_OWN_POSTS = 5
# A home timeline that nobody reads for a week is put together anew, with less in it.
OLD = timedelta(days=6)
# How long a status may be on its way from another instance.
ON_ITS_WAY = timedelta(minutes=5)
# Ids that are ahead by more than this tell no time.
A_DAY = timedelta(days=1)
PLATFORM_SECONDS = 3600.0
OTHER_IDS = (
    "the server at MASTODON_BASE_URL gives ids that are no numbers; such servers (GoToSocial, "
    "Pleroma) are not supported yet."
)
# What may stand in a header as it is.
HEADER = re.compile(r"[!-~]+")
QUOTA = "x-ratelimit-"  # how its headers about rate limits begin


class PlainMastodon(Mastodon):
    """Mastodon.py without its types.

    They take a third of a second a page, and make something of every answer: an empty list of an
    empty object, None of what is no time.
    """

    def _Mastodon__try_cast_to_type(self, value: T, **_: object) -> tuple[T, None]:  # noqa: N802 - its private name
        return value, None


class MastodonTimeline:
    """The timeline of the account that the token is of."""

    origin = ORIGIN

    def __init__(
        self, base_url: str, access_token: str, visibility: str, calls: VendorCalls
    ) -> None:
        self.base_url, self.access_token = base_url, access_token
        self.visibility, self.calls = visibility, calls
        self.session = InstanceSession(calls.timeout, calls.clock)
        self.own_id: str | None = None
        self.known: tuple[float, Platform] | None = None

    def close(self) -> None:
        self.session.close()

    async def platform(self) -> Platform:
        now = time.monotonic()
        if self.known is None or now - self.known[0] > PLATFORM_SECONDS:
            self.known = now, await self._ask_platform()
        return self.known[1]

    async def _ask_platform(self) -> Platform:
        try:
            return await self.read(lambda client: platform(client.instance_v2()))
        except NotThereError:
            # Not every server that speaks Mastodon has this page.
            return platform({})

    async def posts(self, after: str | None, limit: int) -> TimelinePage:
        own_id = await self._own_id()
        source = MastodonSource(
            self, Mastodon.timeline_home, partial(home_entry, own_id=own_id), ids_tell_time=True
        )
        return await read(source, ORIGIN, after, limit)

    async def mentions(self, after: str | None, limit: int) -> TimelinePage:
        fetch = partial(Mastodon.notifications, types=["mention"])
        source = MastodonSource(self, fetch, mention_entry, ids_tell_time=False)
        return await read(source, ORIGIN, after, limit)

    async def publish(self, intent: Intent) -> Published:
        """Within an hour, Mastodon answers a key that it knows with the status that it has."""

        def publish(client: Mastodon) -> Published:
            status = client.status_post(
                intent.text,
                in_reply_to_id=intent.in_reply_to,
                visibility=self.visibility,
                idempotency_key=header_key(intent.key),
            )
            return accepted(status, intent.text, self.calls.clock())

        return await self.calls.once(partial(self._ask, publish))

    async def find(self, intent: Intent) -> list[Published]:
        wanted, own_id = comparable(intent.text), await self._own_id()
        found: list[Published] = []
        max_id: str | None = None
        for _ in range(PAGES_OF_OWN_POSTS):
            page = await self.read(partial(self._own_posts, own_id, max_id))
            recent = [post for post in page if post.created_at >= intent.since]
            found += recent
            if len(recent) < len(page) or not page:
                break
            max_id = page[-1].id
        return [post for post in reversed(found) if comparable(post.text) == wanted]

    async def receptions(self, ids: Sequence[str]) -> list[Reception]:
        numbers = [post_id for post_id in ids if post_id.isdecimal()]
        found: dict[str, Reception] = {}
        for some in batches(numbers, IDS_AT_ONCE):
            found |= await self.read(partial(_receptions, some))
        return [found[number] for number in numbers if number in found]

    async def present(self, ids: Sequence[str]) -> Presence:
        numbers = [post_id for post_id in ids if post_id.isdecimal()]
        found: set[str] = set()
        for some in batches(numbers, IDS_AT_ONCE):
            found |= await self.read(partial(_present, some))
        return Presence(found & set(numbers))

    async def delete(self, post_id: str) -> None:
        def delete(client: Mastodon) -> None:
            client.status_delete(post_id)

        with suppress(NotThereError):
            await self.calls.once(partial(self._ask, delete))

    def _own_posts(self, own_id: str, max_id: str | None, client: Mastodon) -> list[Published]:
        """Our own posts, newest first."""
        answer = client.account_statuses(
            own_id, exclude_reblogs=True, max_id=max_id, limit=PAGE_SIZE
        )
        return [published(status, reconciled=True) for status in documents(answer)]

    async def _own_id(self) -> str:
        if self.own_id is None:
            self.own_id = await self.read(_own_id)
        return self.own_id

    async def read(self, call: Call[T]) -> T:
        return await self.calls.read(partial(self._ask, call))

    def _ask(self, call: Call[T]) -> T:
        """Raises VendorError, and `requests`' errors where no answer came."""
        try:
            return call(self._client())
        except MastodonNetworkError as error:
            cause = error.__context__
            if isinstance(cause, VendorError | requests.RequestException):
                raise cause from error
            raise nonsense(ORIGIN, error) from error
        except (MastodonError, *NOT_UNDERSTOOD) as error:
            # Whatever the instance answered, it was no refusal.
            raise nonsense(ORIGIN, error) from error

    def _client(self) -> Mastodon:
        client = PlainMastodon(
            api_base_url=self.base_url,
            ratelimit_method="throw",
            request_timeout=self.calls.seconds,
            version_check_mode="none",
            mastodon_version=VERSION,
            session=self.session,
            user_agent="deephypebot",
        )
        # As an argument, a token is taken for the name of a file where there is such a file.
        client.access_token = self.access_token
        return client


@dataclass(frozen=True)
class MastodonSource:
    """One of the account's timelines, page by page."""

    timeline: MastodonTimeline
    fetch: Callable[..., object]
    entry: Callable[[Document], Entry]
    ids_tell_time: bool

    async def page(
        self, floor: str | None, until: str | None, token: str | None, size: int
    ) -> Page:
        """Pages are asked for whole, whatever `size`, as much of them may be left out here."""
        del size
        if floor is not None and not floor.isdecimal():
            raise FloorRefusedError(ORIGIN)
        return await self.timeline.read(partial(self._page, floor, token or until, PAGE_SIZE))

    def _page(self, floor: str | None, below: str | None, limit: int, client: Mastodon) -> Page:
        answer = self.fetch(client, since_id=floor, max_id=below, limit=limit)
        found = things(answer)
        try:
            entries = tuple(readable(ORIGIN, found, self.entry, passed_by))
        except NonsenseError as error:
            if has_other_ids(found):
                raise CredentialsError(ORIGIN, OTHER_IDS, retry_after=600) from error
            raise
        # A short page is not the last one: what was deleted is missing from it. An empty one is.
        next_token = entries[-1].place if entries else None
        return Page(entries, next_token, quota(self.timeline.session.response.headers, QUOTA))

    async def reaches(self, place: str) -> bool:
        page = await self.timeline.read(partial(self._page, None, str(int(place) + 1), 1))
        return bool(page.entries)

    def is_old(self, place: str) -> bool:
        return self.ids_tell_time and int(place) < id_at(self._now() - OLD)

    def rest(self, place: str) -> str:
        """A status from elsewhere gets an id by when it was written, and comes in later."""
        now = self._now()
        if not self.ids_tell_time or int(place) > id_at(now + A_DAY):
            return place
        return str(min(int(place), id_at(now - ON_ITS_WAY)))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.timeline.calls.clock(), UTC)


def header_key(key: str) -> str:
    """A key that a header can carry, the same for the same key."""
    return key if HEADER.fullmatch(key) else sha256(key.encode()).hexdigest()


def _own_id(client: Mastodon) -> str:
    return str(client.account_verify_credentials()["id"])


def _present(ids: Sequence[str], client: Mastodon) -> set[str]:
    return {id_of(status) for status in documents(client.statuses(ids))}


def _receptions(ids: Sequence[str], client: Mastodon) -> dict[str, Reception]:
    received = [reception(status) for status in documents(client.statuses(ids))]
    return {each.id: each for each in received}
