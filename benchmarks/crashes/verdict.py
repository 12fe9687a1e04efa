"""What became of posts and decisions, read where people would see it."""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import func, select

from benchmarks.crashes.house import House
from benchmarks.crashes.people import Curator, Said
from services.common.database import reading
from services.gateway.tables import desk_decision, desk_draft
from worker.store import Store
from worker.tables import draft, outcome, post, publication

SETTLED = ("published", "failed", "cancelled")


def settled(store: Store, house: House, said: Mapping[str, Said]) -> bool:
    """Whether nothing is on its way any more, a decision to the worker for one."""
    if store.decisions.position() != last_decision(house):
        return False
    with reading(store.engine) as connection:
        wanted = select(post.c.item_id, post.c.state)
        states = {row.item_id: row.state for row in connection.execute(wanted)}
        leaving = select(func.count()).where(publication.c.state.not_in(SETTLED))
        owed = select(func.count()).where(outcome.c.owed)
        busy = (connection.scalar(leaving) or 0) + (connection.scalar(owed) or 0)
    return not busy and all(states.get(item) == each.state for item, each in said.items())


@dataclass
class Verdict:
    """Counts; those from `lost` on are of broken promises."""

    drafted: int = 0
    reasons: int = 0
    approved: int = 0
    edited: int = 0
    lost: int = 0  # posts that were never stored, approved drafts that are not out
    twice: int = 0  # drafts and publications beyond the one
    undrafted: int = 0  # posts with neither drafts nor a reason
    unasked: int = 0  # publications that nobody approved
    spoilt: int = 0  # edits that are not out as they were written, or not on the desk

    def row(self) -> dict[str, float]:
        names = ("drafted", "reasons", "approved", "edited")
        promises = ("lost", "twice", "undrafted", "unasked", "spoilt")
        return {name: float(getattr(self, name)) for name in (*names, *promises)}

    @classmethod
    def over(
        cls, store: Store, house: House, said: Mapping[str, Said], curator: Curator
    ) -> "Verdict":
        verdict = cls()
        verdict._look_at_posts(store, house, said)
        verdict._look_at_publications(house, said, curator)
        return verdict

    def _look_at_posts(self, store: Store, house: House, said: Mapping[str, Said]) -> None:
        """Each post has one set of drafts, the same in the store and on the desk, or a reason."""
        with reading(store.engine) as connection:
            posts = {row.item_id: row for row in connection.execute(select(post))}
            written = Counter(connection.scalars(select(draft.c.item_id)))
            texts = {row.id: row.text for row in connection.execute(select(draft))}
        with reading(house.desk.engine) as connection:
            laid = Counter(connection.scalars(select(desk_draft.c.item_id)))
            shown = {row.id: row.text for row in connection.execute(select(desk_draft))}
        self.lost += len(said.keys() - posts.keys())
        self.twice += len(shown.keys() ^ texts.keys())
        self.twice += sum(texts.get(each) != text for each, text in shown.items())
        for item_id in said.keys() & posts.keys():
            row = posts[item_id]
            if row.state == "decided":
                self.drafted += 1
                self.undrafted += not written[item_id]
                self.twice += written[item_id] > 2 or laid[item_id] != written[item_id]
            elif row.state in {"no_song", "unknown_song"} and row.reason:
                self.reasons += 1
                self.twice += bool(written[item_id])
                self.undrafted += said[item_id].state != row.state
            else:
                self.undrafted += 1

    def _look_at_publications(
        self, house: House, said: Mapping[str, Said], curator: Curator
    ) -> None:
        """What was approved is out once, in the words approved; nothing else is out."""
        public = everything_out(house)
        decided = decisions(house)
        known = 0
        for item_id, each in said.items():
            out = [text for text in public if each.title and f"“{each.title}”" in text]
            known += len(out)
            made = curator.made.get(item_id)
            if made is None or made.words is None:
                self.unasked += len(out)
                continue
            self.approved += 1
            self.lost += not out
            self.twice += max(0, len(out) - 1)
            if made.words.partition(":")[0].isdecimal():
                self.edited += 1
                self.spoilt += decided.get(made.draft_id) != made.words
            self.spoilt += any(not text.startswith(f"{made.words} — ") for text in out)
        self.unasked += len(public) - known


def everything_out(house: House) -> list[str]:
    """The texts of all posts of the bot on the sandbox's timeline."""
    with closing(sqlite3.connect(house.kept)) as kept:
        return [text for (text,) in kept.execute("SELECT text FROM posts WHERE by_bot")]


def last_decision(house: House) -> str | None:
    """The version of the last decision on the desk, by which the worker reads on."""
    with reading(house.desk.engine) as connection:
        last = connection.scalar(select(func.max(desk_decision.c.sequence)))
    return None if last is None else str(last)


def decisions(house: House) -> dict[str, str]:
    """The words of the last approval of each draft, as the desk keeps them."""
    wanted = select(desk_decision).order_by(desk_decision.c.sequence)
    with reading(house.desk.engine) as connection:
        return {
            row.draft_id: row.text
            for row in connection.execute(wanted)
            if row.verdict == "approved"
        }
