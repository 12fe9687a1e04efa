"""Posts as X words them, in the vocabulary of before or after August 2026."""

import re
from datetime import UTC, datetime

from services.sandbox.timeline import Post
from services.sandbox.x.length import LIMIT, weighted_length
from services.sandbox.x.query import FieldsQuery

Document = dict[str, object]
# What a long post shows of itself where `note_tweet` is not asked for.
SHOWN_OF_LONG = 274
# Whom a reply answers; it does not count against its length.
ANSWERED = re.compile(r"(?:@\w{1,30} )*")
RENAMED = {
    "edit_history_tweet_ids": "edit_history_post_ids",
    "note_tweet": "note_post",
    "referenced_tweets": "referenced_posts",
    "retweet_count": "repost_count",
}


def post_document(post: Post, query: FieldsQuery, now: float) -> Document:
    """A post with the fields asked for, and those that always come."""
    post_id = str(post.id)
    answered = ANSWERED.match(post.text) if post.reply_to else None
    words_at = answered.end() if answered else 0
    is_long = weighted_length(post.text[words_at:]) > LIMIT
    text = f"{post.text[: words_at + SHOWN_OF_LONG]}…" if is_long else post.text
    document: Document = {"id": post_id, "text": text, "edit_history_tweet_ids": [post_id]}
    optional: Document = {
        "author_id": post.author_id,
        "created_at": timestamp(post.created),
        "lang": post.lang,
        "public_metrics": reception(post, now),
    }
    if is_long:
        optional["note_tweet"] = {"text": post.text}
    if post.reply_to:
        optional["referenced_tweets"] = [{"type": "replied_to", "id": post.reply_to}]
    wanted = {_old_name(name) for name in query.fields}
    if "author_id" in query.expansions:
        wanted.add("author_id")
    document |= {name: value for name, value in optional.items() if name in wanted}
    return renamed(document) if query.vocabulary == "post" else document


def reception(post: Post, now: float) -> Document:
    """What the world made of a post: made up from its id, growing for half an hour."""
    ripe = min(1.0, max(0.0, now - post.created) / 1800)
    spread = post.id * 2654435761 >> 7
    return {
        "retweet_count": int(spread % 5 * ripe),
        "reply_count": int(spread // 5 % 4 * ripe),
        "like_count": int(spread // 20 % 30 * ripe),
        "quote_count": int(spread // 600 % 2 * ripe),
        "bookmark_count": int(spread // 1200 % 3 * ripe),
        "impression_count": int((40 + spread // 3600 % 900) * ripe),
    }


def user_document(user_id: str, name: str, username: str) -> Document:
    return {"id": user_id, "name": name, "username": username}


def timestamp(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def renamed(document: Document) -> Document:
    """The same document in the vocabulary of August 2026."""
    return {
        RENAMED.get(name, name): renamed(value) if isinstance(value, dict) else value
        for name, value in document.items()
    }


def _old_name(name: str) -> str:
    return next((old for old, new in RENAMED.items() if new == name), name)
