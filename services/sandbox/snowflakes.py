"""Post ids in X's layout: milliseconds since 2010-11-04 above 22 low bits, so ids sort by time.

Feed posts use the lower half of the low bits, posts written by people or the bot the upper half:
within one millisecond every feed post is older than every written one, and none collide.
"""

EPOCH_MS = 1288834974657
LOW_BITS = 22
WRITTEN = 1 << (LOW_BITS - 1)
FEED_MASK = WRITTEN - 1


def feed_id(ms: int, position: int) -> int:
    """The id of the feed post at `position`, released at `ms` (Unix milliseconds)."""
    return (ms - EPOCH_MS) << LOW_BITS | (position & FEED_MASK)


def written_id(ms: int, newest: int) -> int:
    """An id for a post written at `ms` that is above `newest`, the highest one given out."""
    return max((ms - EPOCH_MS) << LOW_BITS | WRITTEN, newest + 1)


def millis(post_id: int) -> int:
    """The Unix milliseconds at which a post was made."""
    return (post_id >> LOW_BITS) + EPOCH_MS
