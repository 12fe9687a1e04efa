"""Statuses and notifications as Mastodon words them."""

import re
from dataclasses import replace

from services.sandbox.mastodon.accounts import (
    Account,
    Document,
    account_document,
    timestamp,
)
from services.sandbox.mastodon.content import account_address, content
from services.sandbox.mastodon.drafts import Wrapping
from services.sandbox.mastodon.entities import Entity, entities
from services.sandbox.timeline import Post, author_id, display_name
from services.sandbox.x.posts import reception

BOOSTED = re.compile(r"RT @(\w+): (.*)", re.DOTALL)
WHO_MAY_QUOTE = {"public": ["public"], "unlisted": ["public"]}


class Statuses:
    """Words statuses for the bot, which alone can call here."""

    def __init__(self, site: str, bot: Account, now: float) -> None:
        self.site, self.bot, self.now = site, bot, now

    def status(self, post: Post, wrapping: Wrapping, parent: Post | None) -> Document:
        inner = _boosted(post)
        shown = inner or post
        received = reception(shown, self.now)
        document: Document = {
            "id": str(post.id),
            "created_at": timestamp(post.created),
            "in_reply_to_id": None,
            "in_reply_to_account_id": None,
            "sensitive": wrapping.sensitive,
            "spoiler_text": wrapping.spoiler_text,
            "visibility": wrapping.visibility,
            "language": wrapping.language if post.by_bot else post.lang,
            "uri": f"{self.site}/ap/users/{post.author_id}/statuses/{post.id}",
            "url": f"{account_address(post.username, self.site)}/{post.id}",
            "replies_count": received["reply_count"],
            "reblogs_count": received["retweet_count"],
            "favourites_count": received["like_count"],
            "quotes_count": 0,
            "edited_at": None,
            "favourited": False,
            "reblogged": False,
            "muted": False,
            "bookmarked": False,
            "content": content(shown.text, self.site),
            "filtered": [],
            "reblog": self.status(inner, Wrapping(), None) if inner else None,
            "application": {"name": "Web", "website": None},
            "account": account_document(self._author(post), self.site),
            "media_attachments": [],
            "mentions": [self._mention(each) for each in _unique(shown.text, "mention")],
            "tags": [self._tag(each.text) for each in _unique(shown.text, "hashtag")],
            "emojis": [],
            "tagged_collections": [],
            "quote": None,
            "card": None,
            "poll": None,
            "quote_approval": _quote_approval(wrapping.visibility),
        }
        if post.author_id == self.bot.id and wrapping.visibility != "direct":
            document["pinned"] = False
        return document | _answered(post, parent)

    def notification(self, post: Post, status: Document) -> Document:
        """That the bot was mentioned."""
        number = str(notification_id(post))
        return {
            "id": number,
            "type": "mention",
            "created_at": timestamp(post.created),
            "group_key": f"ungrouped-{number}",
            "account": account_document(self._author(post), self.site),
            "status": status,
        }

    def _author(self, post: Post) -> Account:
        if post.author_id == self.bot.id:
            return self.bot
        return Account(post.author_id, post.username, post.name, self.bot.since)

    def _mention(self, entity: Entity) -> Document:
        of_bot = entity.text.casefold() == self.bot.username.casefold()
        return {
            "id": self.bot.id if of_bot else author_id(entity.text),
            "username": entity.username,
            "url": account_address(entity.text, self.site),
            "acct": entity.text,
        }

    def _tag(self, name: str) -> Document:
        return {"name": name.casefold(), "url": f"{self.site}/tags/{name.casefold()}"}


def notification_id(post: Post) -> int:
    """Notifications are numbered apart from statuses, in the same order."""
    return 2 * post.id + 1


def deleted(status: Document, text: str) -> Document:
    """A status as its deletion answers: the words it was written in, to write it anew."""
    return {name: value for name, value in status.items() if name != "content"} | {"text": text}


def _boosted(post: Post) -> Post | None:
    """What a boost shows: somebody else's post."""
    match = BOOSTED.fullmatch(post.text) if post.kind == "retweet" else None
    if match is None:
        return None
    username, text = match.groups()
    return replace(
        post,
        id=post.id - 1,
        author_id=author_id(username),
        username=username,
        name=display_name(username),
        text=text,
        kind="post",
    )


def _answered(post: Post, parent: Post | None) -> Document:
    """Whom a status answers; replies of the feed answer what nobody here has seen."""
    if parent is not None:
        return {"in_reply_to_id": str(parent.id), "in_reply_to_account_id": parent.author_id}
    if post.kind != "reply":
        return {}
    asked = next((each.text for each in entities(post.text) if each.kind == "mention"), "somebody")
    unseen = post.reply_to or str(post.id - 1)
    return {"in_reply_to_id": unseen, "in_reply_to_account_id": author_id(asked)}


def _unique(text: str, kind: str) -> list[Entity]:
    found = {each.text.casefold(): each for each in entities(text) if each.kind == kind}
    return list(found.values())


def _quote_approval(visibility: str) -> Document:
    return {
        "automatic": WHO_MAY_QUOTE.get(visibility, []),
        "manual": [],
        "current_user": "denied" if visibility == "direct" else "automatic",
    }
