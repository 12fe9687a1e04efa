"""What a platform must be able to do: read posts, publish, look for what was published.

Every method raises `services.gateway.vendor_errors.VendorError`. What that means for `publish` is
the heart of publishing once:

- RefusedByVendorError: the platform will not have the post; nothing was published.
- NotDoneError: nothing was published, later may help.
- any other VendorError: unknown; only `find` can tell.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.gateway.schemas import Platform, Published, Reception, TimelinePage

# Our clock and a platform's may disagree by this much.
CLOCK_MARGIN = timedelta(minutes=10)


@dataclass(frozen=True)
class Intent:
    """A post to be published: the same at every attempt."""

    key: str  # the Idempotency-Key of whoever asked
    text: str
    asked_at: datetime  # the first time
    in_reply_to: str | None = None  # the id of the post that it answers

    @property
    def since(self) -> datetime:
        """No post for this intent is older, by the platform's clock."""
        return self.asked_at - CLOCK_MARGIN


@dataclass(frozen=True)
class Presence:
    """What the platform says of posts: those that are in neither set are gone."""

    shown: Set[str]
    unknown: Set[str] = frozenset()  # it was not asked, or did not say


class Timeline(Protocol):
    @property
    def origin(self) -> str:
        """The platform's name in `Post.origin`."""

    async def platform(self) -> Platform:
        """What the platform allows; where that is the instance's choice, the instance is asked."""

    async def posts(self, after: str | None, limit: int) -> TimelinePage:
        """Posts after the cursor; see `services.gateway.timelines.reading`."""

    async def mentions(self, after: str | None, limit: int) -> TimelinePage:
        """Posts that name the bot, after the cursor."""

    async def publish(self, intent: Intent) -> Published:
        """Ask the platform once to publish; a platform that knows idempotency keys gets ours."""

    async def find(self, intent: Intent) -> list[Published]:
        """Our own posts that may be this one, oldest first.

        A platform that files posts under names of our choosing (Bluesky) knows exactly which
        one it is; on others it is those with this text, made since then.
        """

    async def receptions(self, ids: Sequence[str]) -> list[Reception]:
        """How our posts were received; posts that are gone are left out."""

    async def present(self, ids: Sequence[str]) -> Presence:
        """Which of these posts, whoever wrote them, the platform still shows us.

        Where a budget does not cover them all, as many as it covers are asked about.
        """

    async def delete(self, post_id: str) -> None:
        """Delete one of our posts; deleting what is gone is no error."""
