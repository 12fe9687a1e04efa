"""What a search at the local desk looks at: the words about an item, folded.

Case and accents do not count, in any script. What the author of the post wrote is kept in a column
of its own, so that it can be wiped alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from services.common.database import inserting
from services.common.words.folding import unaccented
from services.gateway.tables import desk_item, desk_words

# Letters that have no accent to take off, as people without them on the keyboard type them.
PLAIN = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)
HELD_AT_ONCE = 500  # items; far below SQLite's most variables


def fold(text: str) -> str:
    """The text without case, accents and more than one space in a row."""
    return " ".join(unaccented(text.casefold()).replace("\0", " ").translate(PLAIN).split())


def lines(texts: Iterable[str]) -> str:
    """Folded texts, apart from each other: no search goes across two of them."""
    return "\n".join(map(fold, texts))


def words_row(
    item_id: str, song: Mapping[str, Any], post: Mapping[str, Any], said: Iterable[str]
) -> dict[str, str]:
    """What an item is found by: its song and post as they are stored, and what drafts say of it."""
    return {
        "item_id": item_id,
        "words": lines(dict.fromkeys([song["title"], *song["artists"], *said])),
        "genres": lines(song.get("genres") or ()),
        "post": lines([post["text"], post.get("author") or ""]),
    }


def keep_words(connection: Connection, rows: Sequence[Mapping[str, str]]) -> None:
    """Let items be found by these words from now on."""
    if not rows:
        return
    insert = inserting(connection, desk_words)
    news = {name: insert.excluded[name] for name in ("words", "genres", "post")}
    kept = insert.on_conflict_do_update(index_elements=["item_id"], set_=news)
    connection.execute(kept, rows)


def forget_words(connection: Connection, item_id: str) -> None:
    """Let an item no longer be found by what the post's author wrote."""
    mine = update(desk_words).where(desk_words.c.item_id == item_id)
    connection.execute(mine.values(post=""))


def hold_items(connection: Connection, ids: Iterable[str]) -> None:
    """Make others wait who would lay a draft of these items or decide them."""
    in_order = sorted(set(ids))  # so that two callers do not wait for each other
    for first in range(0, len(in_order), HELD_AT_ONCE):
        some = desk_item.c.id.in_(in_order[first : first + HELD_AT_ONCE])
        held = select(desk_item.c.id).where(some).order_by(desk_item.c.id)
        connection.execute(held.with_for_update(key_share=True))
