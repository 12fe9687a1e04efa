"""What a sheet must be able to do: hold drafts for a curator and give back the decisions.

`Sheet` is what the worker needs and both sheets (Google's and the local one) offer; `Movable` is
what an operator needs who changes from one to the other, and both offer that too. `Desk` is
what the built-in `/curate` page needs on top; only the local sheet offers it, since a curator
who works in a Google Sheet has Google's own page.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol

from pydantic import BaseModel, Field

from services.gateway.people import Actor
from services.gateway.schemas import (
    Decision,
    DecisionPage,
    Draft,
    Outcome,
    Post,
    PublishedPost,
    Scores,
    Song,
    Written,
)
from services.inference.schemas import MAX_SAMPLES

# The worker lays no more drafts of a post; what is made at a desk has a rank above.
LAST_RANK_OF_WORKER = MAX_SAMPLES
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

    async def show(self, posts: Sequence[PublishedPost]) -> None:
        """Show what was published and how it was received: each post once, by its draft's id."""


class DeskDraft(BaseModel):
    """A draft as it lies on the desk."""

    draft: Draft
    decision: Decision | None = None
    outcome: Outcome | None = None

    @property
    def words(self) -> str:
        """What would leave: the curator's words, else the writer's."""
        return self.decision.text if self.decision else self.draft.text


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
    curator: str | None = Field(None, description="Who acted on it last.")
    acted_at: datetime | None = None
    snoozed_until: datetime | None = None

    @property
    def mark(self) -> str:
        """Another one than before when somebody decided, or laid drafts."""
        return f"{self.version}.{len(self.drafts)}"

    def is_away(self, now: datetime) -> bool:
        """Whether it waits, but not yet."""
        until = self.snoozed_until
        return self.state == "waiting" and until is not None and until > now


class Approved(BaseModel):
    """What was approved before: published, or on its way."""

    item_id: str
    song: Song
    words: str
    decided_at: datetime
    url: str | None = None


class DeskCounts(BaseModel):
    waiting: int
    snoozed: int
    approved: int
    rejected: int
    published: int
    failed: int

    @property
    def on_their_way(self) -> int:
        return self.approved - self.published - self.failed


View = Literal["waiting", "snoozed", "approved", "published", "failed", "rejected"]


@dataclass(frozen=True)
class Wanted:
    """Which items somebody looks for; `approved` are those on their way out."""

    view: View = "waiting"
    search: str = ""
    genre: str = ""
    curator: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def narrowed(self) -> bool:
        """Whether this is less than the whole view."""
        return self != Wanted(self.view)


WAITING = Wanted()


@dataclass(frozen=True)
class Tick:
    """One of the items that are decided in one go: the draft and the version that were seen."""

    draft_id: str
    version: int


# Raises BadRequestError for words about a song that would not be posted.
Fits = Callable[[str, Song], None]


@dataclass
class Batch:
    """What became of the items of a batch."""

    name: str
    done: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)  # why, by item or draft


@dataclass(frozen=True)
class NewDraft:
    """What the writer wrote because a curator asked for others."""

    text: str
    scores: Scores
    written: Written


class Desk(Protocol):
    async def queue(
        self, limit: int, after: str | None = None, wanted: Wanted = WAITING
    ) -> list[DeskItem]:
        """Waiting items, newest post first, after the item named by `after`; or others."""

    async def found(self, wanted: Wanted) -> int:
        """How many items are `wanted`."""

    async def item(self, item_id: str) -> DeskItem:
        """One item; raises NotFoundError."""

    async def items(self, item_ids: Sequence[str]) -> list[DeskItem]:
        """Those of these items that are on the desk."""

    async def counts(self) -> DeskCounts: ...

    async def recent(self, limit: int) -> list[DeskItem]:
        """Items that were decided or put away, the last one first."""

    async def approved(self, limit: int) -> list[Approved]:
        """The last approved words that were published or may yet be, the newest first."""

    async def above(self, item_id: str, wanted: Wanted = WAITING) -> int:
        """How many waiting items stand above the named one; raises NotFoundError."""

    async def approve(
        self, draft_id: str, *, text: str | None, version: int, curator: Actor | str
    ) -> DeskItem:
        """Approve one draft of its item, with the curator's own words where given.

        Every decision is noted in the audit log, in the transaction that makes it.
        Raises NotFoundError, and ConflictError when the item is no longer at `version`.
        """

    async def approve_own(
        self, item_id: str, *, text: str, version: int, curator: Actor | str
    ) -> DeskItem:
        """Lay a curator's own words as a draft of the item and approve it, both or neither;
        raises as `approve`."""

    async def add(
        self, item_id: str, drafts: Sequence[NewDraft], *, manner: str, curator: Actor | str
    ) -> list[Draft]:
        """Lay drafts, the best first, below those of a waiting item; returns those that say what
        no draft there says already. `manner` tells the audit log how they were asked for.

        Raises NotFoundError, and ConflictError when the item no longer waits or is full.
        """

    async def reject(
        self, item_id: str, *, reason: str | None, version: int, curator: Actor | str
    ) -> DeskItem:
        """Reject all drafts of an item; raises as `approve`."""

    async def undo(self, item_id: str, *, version: int, curator: Actor | str) -> DeskItem:
        """Take the decision back, or wake the item; ConflictError when a draft is already on its
        way out."""

    async def snooze(
        self, item_id: str, *, until: datetime, version: int, curator: Actor | str
    ) -> DeskItem:
        """Take a waiting item from the queue until then; raises as `approve`."""

    async def approve_all(
        self, ticks: Sequence[Tick], *, fits: Fits, curator: Actor | str
    ) -> Batch:
        """Approve many drafts in one transaction; what somebody else was faster with, or what
        does not fit, is not touched."""

    async def reject_all(
        self, ticks: Sequence[Tick], *, reason: str | None, curator: Actor | str
    ) -> Batch: ...

    async def snooze_all(
        self, ticks: Sequence[Tick], *, until: datetime, curator: Actor | str
    ) -> Batch: ...

    async def batch(self, name: str) -> list[DeskItem]:
        """The items of a batch to which nothing else has happened since."""

    async def undo_all(self, name: str, *, curator: Actor | str) -> Batch:
        """Take back what a batch did, item by item as `undo`."""
