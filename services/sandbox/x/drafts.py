"""Reading a request to publish."""

import json

from services.sandbox.x.errors import invalid, refused

CREATE_FIELDS = {
    "text", "reply", "quote_tweet_id", "reply_settings", "media", "poll", "card_uri",
    "community_id", "edit_options", "geo", "nullcast", "for_super_followers_only",
    "share_with_followers", "made_with_ai", "paid_partnership", "direct_message_deep_link",
}  # fmt: skip


def read_draft(body: bytes) -> tuple[str, str | None]:
    """The text and the post replied to of a request to publish; raises X's 400 and 403."""
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise invalid("$", "", "The request body is not a JSON object")
    for name in document.keys() - CREATE_FIELDS:
        message = f"$.{name}: is not defined in the schema and the schema does not allow it"
        raise invalid(name, str(document[name]), message)
    text = document.get("text")
    if not isinstance(text, str) or not text.strip():
        raise invalid("text", str(text), "You must provide text, media or a poll")
    if "quote_tweet_id" in document:
        raise refused(403, "Quoting posts is not available on your plan.")
    return text, _replied_to(document.get("reply"))


def _replied_to(reply: object) -> str | None:
    if reply is None:
        return None
    target = reply.get("in_reply_to_tweet_id") if isinstance(reply, dict) else None
    if not isinstance(target, str) or not target.isdecimal() or len(target) > 19:
        raise invalid("reply", str(reply), "$.reply.in_reply_to_tweet_id: a post id is needed")
    return target
