"""Who may do what on the pages: people, their keys, their roles.

`PEOPLE` gives keys to people by name: `ada:curate+publish:KEY, bob:curate:KEY`. Such a key opens
the pages with the roles that stand beside it, and no REST door. A key of `API_KEYS` has every role.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import SecretStr

from services.common.auth import key_id

Role = Literal["curate", "publish", "operate"]
CURATE: Role = "curate"  # all of /curate: decide, edit, take back
PUBLISH: Role = "publish"  # whether what is approved leaves
OPERATE: Role = "operate"  # the machine: parked posts, errors, cost, the audit log
EVERY_ROLE: frozenset[Role] = frozenset(get_args(Role))

MAX_NAME = 60
LEAST_KEY = 16  # characters; a key is made at random, nobody has to remember it
FORM = "name:roles:key, such as ada:curate+publish:KEY"


@dataclass(frozen=True)
class Person:
    """Somebody with a key of their own; one that is being replaced has two."""

    name: str
    roles: frozenset[Role]
    key: SecretStr

    @property
    def key_id(self) -> str:
        return key_id(self.key.get_secret_value())


@dataclass(frozen=True)
class Actor:
    """Who does something: the name, the key that opened the page, and the role it takes."""

    name: str
    key_id: str | None = None  # none where nobody logs in
    role: Role | None = None


def people_from(text: str) -> tuple[Person, ...]:
    """The people of `PEOPLE`, parted by commas or lines; raises ValueError, and shows no key."""
    entries = [entry.strip() for entry in text.replace("\n", ",").split(",")]
    people = tuple(
        _person(entry, number) for number, entry in enumerate(filter(None, entries), start=1)
    )
    refuse_twins(person.key for person in people)
    return people


def refuse_twins(keys: Iterable[SecretStr]) -> None:
    """Raise ValueError where a key stands twice: it would not tell who came."""
    given = [key.get_secret_value() for key in keys]
    if len(set(given)) < len(given):
        message = "a key is there twice: give everybody one of their own, apart from API_KEYS"
        raise ValueError(message)


def _person(entry: str, number: int) -> Person:
    # Of a wrong entry only its number is told: any part of it may be the key.
    parts = [part.strip() for part in entry.split(":", 2)]
    if len(parts) != 3 or not all(parts):
        message = f"entry {number} is not {FORM}"
        raise ValueError(message)
    name, roles, key = parts
    if len(name) > MAX_NAME or not name.isprintable():
        message = f"the name in entry {number} must be 1 to {MAX_NAME} printable characters"
        raise ValueError(message)
    if len(key) < LEAST_KEY:
        message = f"the key in entry {number} is short: {LEAST_KEY} characters or more, at random"
        raise ValueError(message)
    return Person(name, _roles(roles, number), SecretStr(key))


def _roles(text: str, number: int) -> frozenset[Role]:
    wanted = {role.strip() for role in text.split("+")}
    if not wanted <= EVERY_ROLE:
        message = (
            f"entry {number} names a role that there is not; there are "
            f"{', '.join(sorted(EVERY_ROLE))}, joined by +"
        )
        raise ValueError(message)
    return frozenset(role for role in EVERY_ROLE if role in wanted)
