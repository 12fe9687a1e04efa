"""What a sheet must be able to do: hold drafts for a curator and give back the decisions.

`Sheet` is what the worker needs and both sheets (Google's and the local one) offer; `Movable` is
what an operator needs who changes from one to the other, and both offer that too. `Desk` is
what the built-in `/curate` page needs on top; only the local sheet offers it, since a curator
who works in a Google Sheet has Google's own page.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Protocol

from pydantic import BaseModel, Field

from services.gateway.people import Actor
from services.gateway.schemas import Decision, DecisionPage, Draft, Outcome, Post, Song

# States of an outcome that another one follows.
PASSING = frozenset({"waiting", "scheduled"})


class Sheet(Protocol):
    async def upsert(self, drafts: Sequence[Draft]) -> int:
        """Store drafts by id, and return how many were new; a curator's words are not touched."""

    async def decisions(
        self, since: str | None, limit: int, *, fresh: bool = False
    ) -> DecisionPage:
        """Decisions made after the cursor, oldest first; up to this moment when they must be
        `fresh`, otherwise up to the last minute."""

    async def mark(self, draft_id: str, outcome: Outcome) -> None:
        """Show the curator what became of a draft; raises NotFoundError.

        What is published stays so, whatever is told late of a step before."""

    async def mark_all(self, outcomes: Mapping[str, Outcome]) -> Sequence[str]:
        """Show what became of drafts, by id; returns the ids of which there is no draft."""

    async def forget(self, item_ids: Collection[str]) -> None:
        """Wipe what the authors of these posts wrote; drafts, songs and decisions stay."""


class DeskDraft(BaseModel):
    """A draft as it lies on the desk."""

    draft: Draft
    decision: Decision | None = None
    outcome: Outcome | None = None


class Carried(BaseModel):
    """What became of records that were carried into a sheet."""

    new: int = Field(0, description="Drafts that were not there.")
    decided: int = Field(0, description="Decisions that came along.")
    published: int = Field(0, description="Drafts now known to be published.")
    kept: int = Field(0, description="Drafts on which the words that stood there were kept.")

    def __add__(self, other: "Carried") -> "Carried":
        both = {name: getattr(self, name) + getattr(other, name) for name in Carried.model_fields}
        return Carried(**both)


class Movable(Protocol):
    """A sheet whose content can move to another one."""

    async def records(self) -> list[DeskDraft]:
        """Everything in the sheet: each draft with the decision and the outcome that stand."""

    async def carry(self, records: Sequence[DeskDraft]) -> Carried:
        """Take in another sheet's records, by draft id.

        What curators said comes along as decided, but never replaces what stands here already.
        That a draft is published always counts. Carrying the same again changes nothing.
        """


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
        self, draft_id: str, *, text: str | None, version: int, curator: Actor | str
    ) -> DeskItem:
        """Approve one draft of its item, with the curator's own words where given.

        Every decision is noted in the audit log, in the transaction that makes it.
        Raises NotFoundError, and ConflictError when the item is no longer at `version`.
        """

    async def reject(
        self, item_id: str, *, reason: str | None, version: int, curator: Actor | str
    ) -> DeskItem:
        """Reject all drafts of an item; raises as `approve`."""

    async def undo(self, item_id: str, *, version: int, curator: Actor | str) -> DeskItem:
        """Take the decision back; ConflictError when a draft is already on its way out."""
