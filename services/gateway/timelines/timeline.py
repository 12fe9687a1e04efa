"""What a platform must be able to do: read posts, publish, look for what was published.

Every method raises `services.gateway.vendor_errors.VendorError`. What that means for `publish` is
the heart of publishing once:

- RefusedByVendorError: the platform will not have the post; nothing was published.
- NotDoneError: nothing was published, later may help.
- any other VendorError: unknown; only `find` can tell.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from services.gateway.schemas import Published, Reception, TimelinePage


class Timeline(Protocol):
    @property
    def origin(self) -> str:
        """The platform's name in `Post.origin`."""

    async def posts(self, after: str | None, limit: int) -> TimelinePage:
        """Posts after the cursor; see `services.gateway.timelines.reading`."""

    async def mentions(self, after: str | None, limit: int) -> TimelinePage:
        """Posts that name the bot, after the cursor."""

    async def publish(self, text: str) -> Published:
        """Ask the platform once to publish the text."""

    async def find(self, text: str, since: datetime) -> list[Published]:
        """Our own posts with this text, made since then, oldest first."""

    async def receptions(self, ids: Sequence[str]) -> list[Reception]:
        """How our posts were received; posts that are gone are left out."""

    async def delete(self, post_id: str) -> None:
        """Delete one of our posts; deleting what is gone is no error."""
