"""What was decided about an item, and what became of it, as the pages tell it."""

from dataclasses import dataclass
from datetime import datetime

from services.gateway.schemas import Decision, Outcome
from services.gateway.sheets.sheet import DeskDraft, DeskItem


@dataclass(frozen=True)
class Decided:
    """A decided item: `draft` is the approved one, or the first of those rejected."""

    item: DeskItem
    draft: DeskDraft
    can_undo: bool

    @property
    def decision(self) -> Decision | None:
        """None when an undo came too late and the post is out all the same."""
        decision = self.draft.decision
        return decision if decision is not None and decision.verdict == self.item.state else None

    @property
    def snoozed(self) -> bool:
        return self.item.state == "waiting"

    @property
    def curator(self) -> str | None:
        if self.snoozed:
            return self.item.curator
        return self.decision.curator if self.decision else None

    @property
    def at(self) -> datetime | None:
        if self.snoozed:
            return self.item.acted_at
        return self.decision.decided_at if self.decision else None

    @property
    def outcome(self) -> Outcome | None:
        return self.draft.outcome

    @property
    def words(self) -> str:
        return self.draft.words


def decided(item: DeskItem, now: datetime | None = None) -> Decided | None:
    """None while the item waits; what was put away counts too where `now` is given."""
    if item.state == "waiting":
        away = now is not None and item.is_away(now)
        return Decided(item, item.drafts[0], can_undo=True) if away else None
    draft = max(item.drafts, key=lambda laid: _weight(laid, item.state))
    leaving = draft.outcome is not None and draft.outcome.state in {"scheduled", "published"}
    return Decided(item, draft, can_undo=not leaving)


def _weight(laid: DeskDraft, state: str) -> tuple[bool, bool, int]:
    stands = laid.decision is not None and laid.decision.verdict == state
    return stands, laid.outcome is not None, -laid.draft.rank
