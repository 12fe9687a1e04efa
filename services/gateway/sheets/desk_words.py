"""What a search at the local desk looks at: the words about an item, folded.

Case and accents do not count, in any script. What the author of the post wrote is kept in a column
of its own, so that it can be wiped alone.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select, update

from services.common.database import inserting
from services.common.words.folding import unaccented
from services.gateway.sheets.sheet import DeskItem
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


def fold(text: str) -> str:
    """The text without case, accents and more than one space in a row."""
    return " ".join(unaccented(text.casefold()).replace("\0", " ").translate(PLAIN).split())


def lines(texts: Iterable[str]) -> str:
    """Folded texts, apart from each other: no search goes across two of them."""
    return "\n".join(map(fold, texts))


def words_row(item: DeskItem) -> dict[str, str]:
    drafts = [laid.draft.text for laid in item.drafts]
    decided = [laid.decision.text for laid in item.drafts if laid.decision is not None]
    own = dict.fromkeys([item.song.title, *item.song.artists, *drafts, *decided])
    return {
        "item_id": item.item_id,
        "words": lines(own),
        "genres": lines(item.song.genres),
        "post": lines([item.post.text, item.post.author or ""]),
    }


def keep_words(connection: Connection, items: Sequence[DeskItem]) -> None:
    """Let these items be found by what they say now."""
    if not items:
        return
    insert = inserting(connection, desk_words)
    news = {name: insert.excluded[name] for name in ("words", "genres", "post")}
    kept = insert.on_conflict_do_update(index_elements=["item_id"], set_=news)
    connection.execute(kept, [words_row(item) for item in items])


def forget_words(connection: Connection, item_id: str) -> None:
    """Let an item no longer be found by what the post's author wrote."""
    mine = update(desk_words).where(desk_words.c.item_id == item_id)
    connection.execute(mine.values(post=""))


def hold_items(connection: Connection, ids: Iterable[str]) -> None:
    """Make others wait who would lay a draft of these items or decide them."""
    for item_id in sorted(set(ids)):
        mine = select(desk_item.c.id).where(desk_item.c.id == item_id)
        connection.execute(mine.with_for_update(key_share=True))
