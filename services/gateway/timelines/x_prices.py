"""What X charges, in millionths of a US dollar (August 2026, pay-per-use).

Each post that an answer holds is billed, and each only once a day. Reading the own account's posts
and mentions is cheaper where that account owns the app.
"""

from dataclasses import replace

from services.gateway.lengths import X_LINK
from services.gateway.spend import Price
from services.gateway.timelines.timeline import Intent

POST_READ = Price("post read", 5_000, reads=True)
PRESENCE = replace(POST_READ, operation="presence")
OWNED_READ = Price("owned read", 1_000, reads=True)
POST = Price("post", 15_000, reads=False)
REPLY = Price("summoned reply", 10_000, reads=False)
POST_WITH_LINK = Price("post with link", 200_000, reads=False)
DELETION = Price("deletion", 10_000, reads=False)


def price_of(intent: Intent) -> Price:
    """Of publishing it; a link makes an answer as dear as any post."""
    if X_LINK.search(intent.text):
        return POST_WITH_LINK
    return POST if intent.in_reply_to is None else REPLY


def price_of_reconciling(*, owns_app: bool) -> Price:
    """Of looking whether a post is out."""
    return replace(price_of_own(owns_app=owns_app), operation="reconciliation")


def price_of_own(*, owns_app: bool) -> Price:
    """Of reading the own account's posts and mentions."""
    return OWNED_READ if owns_app else POST_READ
