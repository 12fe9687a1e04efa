"""What a sheet must be able to do: hold drafts for a curator and give back the decisions.

`Sheet` is what the worker needs and both sheets (Google's and the local one) offer. `Desk` is
what the built-in `/curate` page needs on top; only the local sheet offers it, since a curator
who works in a Google Sheet has Google's own page.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

from pydantic import BaseModel

from services.gateway.schemas import Decision, DecisionPage, Draft, Outcome, Post, Song


class Sheet(Protocol):
    async def upsert(self, drafts: Sequence[Draft]) -> int:
        """Store drafts by id, and return how many were new; a curator's words are not touched."""

    async def decisions(self, since: str | None, limit: int) -> DecisionPage:
        """Decisions made after the cursor, oldest first."""

    async def mark(self, draft_id: str, outcome: Outcome) -> None:
        """Show the curator what became of a draft; raises NotFoundError."""


class DeskDraft(BaseModel):
    """A draft as it lies on the desk."""

    draft: Draft
    decision: Decision | None = None
    outcome: Outcome | None = None


class DeskItem(BaseModel):
    """A post with its song and all drafts for it: what a curator decides in one go."""

    item_id: str
    version: int
    state: Literal["waiting", "approved", "rejected"]
    post: Post
    song: Song
    drafts: list[DeskDraft]


class DeskCounts(BaseModel):
    waiting: int
    approved: int
    rejected: int
    published: int
    failed: int


class Desk(Protocol):
    async def queue(self, limit: int, after: str | None = None) -> list[DeskItem]:
        """Waiting items, newest post first, after the item named by `after`."""

    async def item(self, item_id: str) -> DeskItem:
        """One item; raises NotFoundError."""

    async def counts(self) -> DeskCounts: ...

    async def recent(self, limit: int) -> list[DeskItem]:
        """Decided items, the last decision first."""

    async def above(self, item_id: str) -> int:
        """How many waiting items stand above the named one; raises NotFoundError."""

    async def approve(
        self, draft_id: str, *, text: str | None, version: int, curator: str
    ) -> DeskItem:
        """Approve one draft of its item, with the curator's own words where given.

        Raises NotFoundError, and ConflictError when the item is no longer at `version`.
        """

    async def reject(
        self, item_id: str, *, reason: str | None, version: int, curator: str
    ) -> DeskItem:
        """Reject all drafts of an item; raises as `approve`."""

    async def undo(self, item_id: str, *, version: int, curator: str) -> DeskItem:
        """Take the decision back; ConflictError when a draft is already on its way out."""
