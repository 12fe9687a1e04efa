"""Which posts X still shows, as it answers a look-up by ids."""

from collections.abc import Sequence

from services.gateway.timelines.documents import Document, NonsenseError, things
from services.gateway.timelines.x_documents import id_of, things_of

# The ids of all versions of a post, in X's words of before and after August 2026.
HISTORIES = ("edit_history_tweet_ids", "edit_history_post_ids")


def shown_of(document: Document, wanted: Sequence[str]) -> set[str]:
    """Which of the wanted posts an answer holds, in whatever version; the others stand among its
    errors, and where they do not, it is no answer."""
    shown: set[str] = set()
    for post in things_of(document):
        versions = (version for name in HISTORIES for version in post.get(name) or ())
        shown |= {id_of(post), *map(str, versions)}
    refused = {
        str(error.get("resource_id") or error.get("value"))
        for error in things(document.get("errors", []))
    }
    if not shown | refused >= set(wanted):
        message = "it says nothing of some of the posts"
        raise NonsenseError(message)
    return shown & set(wanted)
