"""The states of a post, a draft and a publication, and every move between them: one table each.

The store makes no other move; `docs/flow.md` draws these tables, and a test holds the two
together.
"""

from dataclasses import dataclass
from enum import StrEnum

START = "[*]"


class PostState(StrEnum):
    STORED = "stored"
    NO_SONG = "no_song"
    SONG = "song"
    UNKNOWN_SONG = "unknown_song"
    RESOLVED = "resolved"
    DRAFTED = "drafted"
    DELIVERED = "delivered"
    DECIDED = "decided"
    PARKED = "parked"
    GONE = "gone"


class DraftState(StrEnum):
    WRITTEN = "written"
    DELIVERED = "delivered"
    APPROVED = "approved"
    REJECTED = "rejected"


class PublicationState(StrEnum):
    READY = "ready"
    SENDING = "sending"
    UNKNOWN = "unknown"
    PUBLISHED = "published"
    FAILED = "failed"
    CANCELLED = "cancelled"


class IllegalTransitionError(Exception):
    """A move that the table does not hold: a defect, or somebody else's hand in the database."""


@dataclass(frozen=True, slots=True)
class Move:
    source: str
    target: str
    why: str


@dataclass(frozen=True, slots=True)
class Machine:
    """What may become of one kind of thing."""

    name: str
    moves: tuple[Move, ...]

    def check(self, source: str, target: str) -> None:
        """Raise IllegalTransitionError unless the table holds the move."""
        if not any((move.source, move.target) == (source, target) for move in self.moves):
            message = f"a {self.name} cannot go from {source} to {target}"
            raise IllegalTransitionError(message)

    def mermaid(self) -> str:
        """The table as a Mermaid state diagram."""
        lines = (f"    {move.source} --> {move.target}: {move.why}" for move in self.moves)
        return "\n".join(("stateDiagram-v2", *lines))


POST = Machine(
    "post",
    (
        Move(START, PostState.STORED, "read from the timeline"),
        Move(PostState.STORED, PostState.SONG, "names a song, or may name one"),
        Move(PostState.STORED, PostState.NO_SONG, "names none, with a reason"),
        Move(PostState.NO_SONG, PostState.STORED, "turns out to mention the bot"),
        Move(PostState.SONG, PostState.STORED, "turns out to mention the bot"),
        Move(PostState.SONG, PostState.RESOLVED, "a catalogue has it"),
        Move(PostState.SONG, PostState.UNKNOWN_SONG, "no catalogue has it"),
        Move(PostState.SONG, PostState.NO_SONG, "it was a guess, and no catalogue has it"),
        Move(PostState.RESOLVED, PostState.DRAFTED, "drafts stored"),
        Move(PostState.DRAFTED, PostState.DELIVERED, "drafts lie before the curator"),
        Move(PostState.DELIVERED, PostState.DECIDED, "one approved, or all rejected"),
        Move(PostState.DECIDED, PostState.DELIVERED, "decision taken back"),
        Move(PostState.STORED, PostState.PARKED, "poison"),
        Move(PostState.SONG, PostState.PARKED, "poison"),
        Move(PostState.RESOLVED, PostState.PARKED, "poison"),
        Move(PostState.DRAFTED, PostState.PARKED, "poison"),
        Move(PostState.PARKED, PostState.DELIVERED, "decided all the same"),
        Move(PostState.PARKED, PostState.STORED, "retried"),
        Move(PostState.PARKED, PostState.SONG, "retried"),
        Move(PostState.PARKED, PostState.RESOLVED, "retried"),
        Move(PostState.PARKED, PostState.DRAFTED, "retried"),
        Move(PostState.STORED, PostState.GONE, "deleted on its platform"),
        Move(PostState.SONG, PostState.GONE, "deleted on its platform"),
        Move(PostState.RESOLVED, PostState.GONE, "deleted on its platform"),
        Move(PostState.PARKED, PostState.GONE, "deleted on its platform"),
    ),
)

DRAFT = Machine(
    "draft",
    (
        Move(START, DraftState.WRITTEN, "the writer wrote it"),
        Move(START, DraftState.DELIVERED, "made at the desk, and decided there"),
        Move(DraftState.WRITTEN, DraftState.DELIVERED, "lies before the curator"),
        Move(DraftState.DELIVERED, DraftState.APPROVED, "approved"),
        Move(DraftState.DELIVERED, DraftState.REJECTED, "rejected"),
        Move(DraftState.APPROVED, DraftState.REJECTED, "rejected after all"),
        Move(DraftState.APPROVED, DraftState.DELIVERED, "decision taken back"),
        Move(DraftState.REJECTED, DraftState.APPROVED, "approved after all"),
        Move(DraftState.REJECTED, DraftState.DELIVERED, "decision taken back"),
    ),
)

PUBLICATION = Machine(
    "publication",
    (
        Move(START, PublicationState.READY, "approved"),
        Move(START, PublicationState.FAILED, "approved, but unfit"),
        Move(PublicationState.READY, PublicationState.SENDING, "due"),
        Move(PublicationState.READY, PublicationState.CANCELLED, "approval taken back"),
        Move(PublicationState.READY, PublicationState.FAILED, "found unfit"),
        Move(PublicationState.SENDING, PublicationState.PUBLISHED, "the platform has it"),
        Move(PublicationState.SENDING, PublicationState.FAILED, "the platform refused it"),
        Move(PublicationState.SENDING, PublicationState.READY, "surely not sent"),
        Move(PublicationState.SENDING, PublicationState.UNKNOWN, "no clear answer, or a crash"),
        Move(PublicationState.UNKNOWN, PublicationState.SENDING, "asked again, same key"),
        Move(PublicationState.CANCELLED, PublicationState.READY, "approved again"),
        Move(PublicationState.CANCELLED, PublicationState.FAILED, "approved again, but unfit"),
        Move(PublicationState.FAILED, PublicationState.READY, "approved again"),
    ),
)
