"""What must outlive the process, in SQLite: posts, records, spreadsheets, the feed's schedule.

Every method is one transaction that is on the disk when it returns (`synchronous=FULL`), because
a vendor that answered 201 does not forget. There is one connection and no locking: all handlers
run on one event loop and none awaits inside a change.
"""

import sqlite3
from dataclasses import astuple, dataclass, replace
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS posts (
    id INTEGER PRIMARY KEY,
    author_id TEXT NOT NULL,
    username TEXT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    by_bot INTEGER NOT NULL,
    reply_to TEXT,
    deleted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS records (
    did TEXT NOT NULL,
    collection TEXT NOT NULL,
    rkey TEXT NOT NULL,
    value TEXT NOT NULL,
    post_id INTEGER UNIQUE,
    PRIMARY KEY (did, collection, rkey)
);
CREATE TABLE IF NOT EXISTS deleted_feed_posts (id INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS spreadsheets (id TEXT PRIMARY KEY, document TEXT NOT NULL);
"""


@dataclass(frozen=True)
class WrittenPost:
    """A post that was written to the sandbox, by the bot or by a person."""

    id: int
    author_id: str
    username: str
    name: str
    text: str
    by_bot: bool
    reply_to: str | None = None


@dataclass(frozen=True)
class Record:
    """What a Bluesky account's repository holds under a key; `value` is JSON as it was sent."""

    did: str
    collection: str
    rkey: str
    value: str
    post_id: int | None = None


class Store:
    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self.db = sqlite3.connect(path or ":memory:", check_same_thread=False)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.executescript(SCHEMA)

    def close(self) -> None:
        self.db.close()

    def fact(self, name: str) -> str | None:
        row = self.db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def put_fact(self, name: str, value: str) -> None:
        with self.db:
            self.db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def add_post(self, post: WrittenPost, record: Record | None = None) -> None:
        """Keep a post and, where it came as one, the record that it was."""
        with self.db:
            self.db.execute(
                "INSERT INTO posts (id, author_id, username, name, text, by_bot, reply_to)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    post.id,
                    post.author_id,
                    post.username,
                    post.name,
                    post.text,
                    post.by_bot,
                    post.reply_to,
                ),
            )
            if record is not None:
                self._insert_record(replace(record, post_id=post.id))

    def delete_post(self, post_id: int) -> None:
        with self.db:
            self.db.execute("DELETE FROM records WHERE post_id = ?", (post_id,))
            self.db.execute("UPDATE posts SET deleted = 1 WHERE id = ?", (post_id,))

    def delete_feed_post(self, post_id: int) -> None:
        with self.db:
            self.db.execute("INSERT OR IGNORE INTO deleted_feed_posts VALUES (?)", (post_id,))

    def deleted_feed_posts(self) -> set[int]:
        return {post_id for (post_id,) in self.db.execute("SELECT id FROM deleted_feed_posts")}

    def posts(self) -> list[WrittenPost]:
        """Every written post that was not deleted, oldest first."""
        rows = self.db.execute(
            "SELECT id, author_id, username, name, text, by_bot, reply_to"
            " FROM posts WHERE NOT deleted ORDER BY id"
        )
        return [
            WrittenPost(post_id, author, username, name, text, bool(by_bot), reply_to)
            for post_id, author, username, name, text, by_bot, reply_to in rows
        ]

    def newest_id(self) -> int:
        """The highest post id ever given out, deleted posts included; 0 before the first."""
        return int(self.db.execute("SELECT coalesce(max(id), 0) FROM posts").fetchone()[0])

    def put_record(self, record: Record) -> None:
        with self.db:
            self._insert_record(record)

    def _insert_record(self, record: Record) -> None:
        self.db.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)", astuple(record))

    def delete_record(self, did: str, collection: str, rkey: str) -> None:
        with self.db:
            self.db.execute(
                "DELETE FROM records WHERE did = ? AND collection = ? AND rkey = ?",
                (did, collection, rkey),
            )

    def record(self, did: str, collection: str, rkey: str) -> Record | None:
        row = self.db.execute(
            "SELECT * FROM records WHERE did = ? AND collection = ? AND rkey = ?",
            (did, collection, rkey),
        ).fetchone()
        return row and Record(*row)

    def record_of(self, post_id: int) -> Record | None:
        """The record that a post came as."""
        row = self.db.execute("SELECT * FROM records WHERE post_id = ?", (post_id,)).fetchone()
        return row and Record(*row)

    def put_spreadsheet(self, spreadsheet_id: str, document: str) -> None:
        with self.db:
            self.db.execute(
                "INSERT OR REPLACE INTO spreadsheets VALUES (?, ?)", (spreadsheet_id, document)
            )

    def delete_spreadsheet(self, spreadsheet_id: str) -> None:
        with self.db:
            self.db.execute("DELETE FROM spreadsheets WHERE id = ?", (spreadsheet_id,))

    def spreadsheets(self) -> dict[str, str]:
        return dict(self.db.execute("SELECT id, document FROM spreadsheets").fetchall())
