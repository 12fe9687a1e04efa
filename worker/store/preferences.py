"""What curators and readers thought of our drafts: the data of the next LC-GAN.

Nothing in here was written by anybody on a timeline, and nothing names a post: platforms forbid
to train on that. What ties drafts of one post together is its number within the export. Of a
curator's own words (`made_by`) there is only that they were chosen, or not.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, or_, select

from services.common.database import reading
from worker.states import PostState, PublicationState
from worker.tables import decision, draft, post, publication, reception

Record = dict[str, Any]
VERDICTS = ("approved", "rejected")
PLAIN = ("rank", "made_by", "latent", "score", "log_prob", "topic", "novelty", "model")


class Preferences:
    """Drafts that were decided, and those that were passed over when another was approved."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def records(self) -> Iterator[Record]:
        """One a draft, in the order in which they were written."""
        standing = and_(
            decision.c.draft_id == draft.c.id, decision.c.version == draft.c.decision_version
        )
        out = and_(
            publication.c.draft_id == draft.c.id,
            publication.c.state == PublicationState.PUBLISHED,
        )
        wanted = (
            select(
                draft,
                decision.c.verdict,
                decision.c.edited,
                decision.c.decided_at,
                publication.c.id.label("publication_id"),
                publication.c.origin,
                publication.c.published_at,
            )
            .join(post, post.c.item_id == draft.c.item_id)
            .outerjoin(decision, standing)
            .outerjoin(publication, out)
            .where(or_(post.c.state == PostState.DECIDED, decision.c.verdict.in_(VERDICTS)))
            .order_by(draft.c.created_at, draft.c.item_id, draft.c.rank)
        )
        with reading(self.engine) as connection:
            readings = readings_by_publication(connection)
            numbers: dict[str, int] = {}
            for row in connection.execute(wanted.execution_options(yield_per=500)):
                number = numbers.setdefault(row.item_id, len(numbers) + 1)
                yield record(row, number, readings[row.publication_id])


def readings_by_publication(connection: Connection) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = defaultdict(list)
    taken = select(reception).where(reception.c.read_at.is_not(None)).order_by(reception.c.hours)
    for row in connection.execute(taken):
        counts = {name: getattr(row, name) for name in ("likes", "reposts", "replies")}
        read = {"hours": row.hours, "read_at": row.read_at.isoformat()}
        found[row.publication_id].append(read | ({"gone": True} if row.gone else counts))
    return found


def record(row: Row[Any], number: int, readings: list[Record]) -> Record:
    """A draft with what became of it; a verdict of None: another draft of its post was chosen."""
    decided = row.verdict in VERDICTS
    return {
        "item": number,
        **{name: getattr(row, name) for name in PLAIN},
        "model_revision": row.model_revision,
        "verdict": row.verdict if decided else None,
        "edited": row.edited if decided else None,
        "decided_at": row.decided_at.isoformat() if decided else None,
        "platform": row.origin,
        "published_at": row.published_at.isoformat() if row.published_at else None,
        "reception": readings,
    }
