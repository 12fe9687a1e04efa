"""A typed client for the gateway. Every method raises `services.common.rest.ServiceError`."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from services.common.rest import RestClient
from services.gateway.schemas import (
    DecisionPage,
    Draft,
    DraftBatch,
    Forgotten,
    Heartbeat,
    Marked,
    NewPost,
    Orders,
    Outcome,
    Outcomes,
    Platform,
    Present,
    Published,
    PublishedPost,
    PublishedPosts,
    Received,
    Receptions,
    Song,
    Stored,
    TimelinePage,
)


class GatewayClient(RestClient):
    """`async with GatewayClient(url) as gateway: await gateway.timeline(after)`."""

    async def timeline(self, after: str | None, limit: int = 200) -> TimelinePage:
        """Posts after the cursor, oldest first; without a cursor, the newest `limit`."""
        params = {"after": after, "limit": limit}
        return await self.call("GET", "v1/timeline", TimelinePage, params=params)

    async def mentions(self, after: str | None, limit: int = 50) -> TimelinePage:
        """Posts that name the bot, as `timeline` gives others."""
        params = {"after": after, "limit": limit}
        return await self.call("GET", "v1/mentions", TimelinePage, params=params)

    async def platform(self) -> Platform:
        """What the platform allows."""
        return await self.call("GET", "v1/platform", Platform)

    async def song(self, title: str, artist: str | None) -> Song:
        """The canonical song; RefusedError with status 404 when no catalogue has it."""
        params = {"title": title, "artist": artist}
        return await self.call("GET", "v1/songs", Song, params=params)

    async def linked_song(self, catalogue: str, track_id: str) -> Song:
        """The song that a link to a catalogue names; RefusedError with status 404 for none."""
        path = f"v1/songs/{quote(catalogue, safe='')}/{quote(track_id, safe='')}"
        return await self.call("GET", path, Song)

    async def put_drafts(self, drafts: Sequence[Draft]) -> Stored:
        body = DraftBatch(drafts=list(drafts))
        return await self.call("PUT", "v1/drafts", Stored, body=body)

    async def decisions(
        self, since: str | None, limit: int = 500, *, fresh: bool = False
    ) -> DecisionPage:
        """Decisions after the cursor; perhaps of the last minute, unless they must be fresh."""
        params = {"since": since, "limit": limit, "fresh": fresh or None}
        return await self.call("GET", "v1/drafts", DecisionPage, params=params)

    async def mark(self, draft_id: str, outcome: Outcome) -> Received:
        path = f"v1/drafts/{quote(draft_id, safe='')}"
        return await self.call("PATCH", path, Received, body=outcome)

    async def mark_all(self, outcomes: Mapping[str, Outcome]) -> Marked:
        """What became of drafts, by id; says which of them are not on the desk."""
        return await self.call("PATCH", "v1/drafts", Marked, body=Outcomes(dict(outcomes)))

    async def forget(self, item_ids: Sequence[str]) -> Received:
        """Have the desk wipe what the authors of these posts wrote; drafts and decisions stay."""
        body = Forgotten(item_ids=list(item_ids))
        return await self.call("PUT", "v1/drafts/forgotten", Received, body=body)

    async def show_published(self, posts: Sequence[PublishedPost]) -> Received:
        """Have the desk show what was published; the same again, or with more, is the same post."""
        body = PublishedPosts(posts=list(posts))
        return await self.call("PUT", "v1/published", Received, body=body)

    async def publish(
        self, text: str, idempotency_key: str, *, in_reply_to: str | None = None
    ) -> Published:
        """Publish once per key, however often this is called with it; perhaps as an answer.

        RefusedError: the platform will not have it, ever. BusyError or NotSentError: not sent,
        later may help. FailedError or any other UnreachableError: unknown; call again with the
        same key, and the gateway looks for the post before it sends another.
        """
        headers = {"Idempotency-Key": idempotency_key}
        body = NewPost(text=text, in_reply_to=in_reply_to)
        return await self.call("POST", "v1/posts", Published, body=body, headers=headers)

    async def delete_post(self, post_id: str) -> Received:
        """Take a post back; RefusedError with status 404 for one that was not published here."""
        return await self.call("DELETE", f"v1/posts/{quote(post_id, safe='')}", Received)

    async def receptions(self, ids: Sequence[str]) -> Receptions:
        """How our posts were received, up to 100 of them; those that are gone are left out."""
        return await self.call("GET", "v1/posts", Receptions, params={"ids": ",".join(ids)})

    async def present(self, ids: Sequence[str]) -> Present:
        """Which of up to 100 posts, whoever wrote them, their platform still shows."""
        params = {"ids": ",".join(ids)}
        return await self.call("GET", "v1/posts/present", Present, params=params)

    async def put_heartbeat(self, heartbeat: Heartbeat) -> Orders:
        """Tell what the worker does; returns what it is asked to do."""
        return await self.call("PUT", "v1/heartbeat", Orders, body=heartbeat)
