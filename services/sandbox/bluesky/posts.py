"""Posts as Bluesky shows them: the record as its author wrote it, and the view around it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.sandbox.bluesky.identity import (
    POST,
    address,
    cid_of,
    did_of,
    handle_of,
    post_ids_of,
    tid_of,
)
from services.sandbox.bluesky.length import fitting
from services.sandbox.store import Store
from services.sandbox.timeline import Post, Timeline, display_name
from services.sandbox.x.posts import reception, timestamp

Document = dict[str, Any]
RETWEET = re.compile(r"RT @(\w+): (.*)", re.DOTALL)
# What strangers answer and repeat was said this long before, where nobody here can see it.
EARLIER_MS = 3_600_000


@dataclass(frozen=True)
class Views:
    """Shows the timeline's posts in Bluesky's words."""

    timeline: Timeline
    store: Store

    def find(self, did: str, rkey: str) -> Post | None:
        """The post in this account's repository under this key."""
        if kept := self.store.record(did, POST, rkey):
            return self.timeline.find(kept.post_id or 0)
        for post_id in post_ids_of(rkey):
            post = self.timeline.find(post_id)
            if post and did_of(post.username) == did and not self.store.record_of(post.id):
                return post
        return None

    def uri(self, post: Post) -> str:
        kept = self.store.record_of(post.id)
        return address(did_of(post.username), POST, kept.rkey if kept else tid_of(post.id))

    def record(self, post: Post) -> Document:
        """What the author wrote: as it was sent, or as it would have been."""
        if kept := self.store.record_of(post.id):
            value: Document = json.loads(kept.value)
            return value
        record = _plain_record(post.text, post.lang, timestamp(post.created))
        if post.kind == "reply":
            parent = self._reference(self._parent_uri(post))
            record["reply"] = {"root": parent, "parent": parent}
        return record

    def strong_reference(self, post: Post) -> Document:
        return self._reference(self.uri(post))

    def view(self, post: Post) -> Document:
        record = self.record(post)
        return {**self.strong_reference(post), "author": author(post.username)} | {
            "record": record,
            "indexedAt": timestamp(post.created),
            "labels": [],
            "viewer": {"threadMuted": False, "embeddingDisabled": False},
            **counts(post, self.timeline.clock()),
        }

    def feed_item(self, post: Post) -> Document:
        """A post on a timeline, with what it answers, or who repeated it."""
        if post.kind == "retweet":
            return self._repost(post)
        item: Document = {"post": self.view(post)}
        reply = item["post"]["record"].get("reply")
        if isinstance(reply, Mapping):
            item["reply"] = {name: self._seen(reply[name]["uri"]) for name in ("root", "parent")}
        return item

    def _repost(self, post: Post) -> Document:
        match = RETWEET.fullmatch(post.text)
        username, text = match.groups() if match else ("somebody", post.text)
        said = post.created - EARLIER_MS / 1000
        uri = address(did_of(username), POST, tid_of(post.id - (EARLIER_MS << 22)))
        view = {**self._reference(uri), "author": author(username)} | {
            "record": _plain_record(text, post.lang, timestamp(said)),
            "indexedAt": timestamp(said),
            "labels": [],
            **counts(post, self.timeline.clock()),
        }
        reason = {"$type": "app.bsky.feed.defs#reasonRepost", "by": author(post.username)}
        return {"post": view, "reason": {**reason, "indexedAt": timestamp(post.created)}}

    def _parent_uri(self, post: Post) -> str:
        parent = self.timeline.find(int(post.reply_to)) if post.reply_to else None
        if parent:
            return self.uri(parent)
        return address(did_of("somebody"), POST, tid_of(post.id - (EARLIER_MS << 22)))

    def _seen(self, uri: str) -> Document:
        did, _, rkey = uri.removeprefix("at://").split("/")
        post = self.find(did, rkey)
        if post is None:
            return {"$type": "app.bsky.feed.defs#notFoundPost", "uri": uri, "notFound": True}
        return {"$type": "app.bsky.feed.defs#postView", **self.view(post)}

    def _reference(self, uri: str) -> Document:
        return {"uri": uri, "cid": cid_of(uri)}


def author(username: str) -> Document:
    return {
        "did": did_of(username),
        "handle": handle_of(username),
        "displayName": display_name(username)[:64],
        "labels": [],
    }


def counts(post: Post, now: float) -> Document:
    """X's made-up reception, in Bluesky's words."""
    made_up = reception(post, now)
    return {
        "replyCount": made_up["reply_count"],
        "repostCount": made_up["retweet_count"],
        "likeCount": made_up["like_count"],
        "quoteCount": made_up["quote_count"],
        "bookmarkCount": made_up["bookmark_count"],
    }


def _plain_record(text: str, lang: str, created_at: str) -> Document:
    return {"$type": POST, "text": fitting(text), "langs": [lang], "createdAt": created_at}
