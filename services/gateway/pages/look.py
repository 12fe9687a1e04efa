"""What a curator looks at: a view of the desk, narrowed, and the addresses that hold it."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Form, Query
from pydantic import TypeAdapter, ValidationError

from services.common.problems import NotFoundError
from services.gateway.sheets.sheet import View, Wanted

NAMES = ("view", "search", "genre", "curator", "since", "until")
MOST = 200  # characters of a word to look for
VIEWS: TypeAdapter[View] = TypeAdapter(View)
TITLES: dict[View, str] = {
    "waiting": "Waiting",
    "snoozed": "Snoozed",
    "approved": "On their way",
    "published": "Published",
    "failed": "Failed",
    "rejected": "Rejected",
}


@dataclass(frozen=True)
class Look:
    """What is wanted, as addresses and forms carry it along."""

    wanted: Wanted

    @property
    def title(self) -> str:
        return TITLES[self.wanted.view]

    @property
    def fields(self) -> dict[str, str]:
        """What differs from the plain queue."""
        plain = asdict(Wanted())
        given = asdict(self.wanted).items()
        return {name: str(value) for name, value in given if value and value != plain[name]}

    @property
    def query(self) -> str:
        return urlencode(self.fields)

    def of(self, view: View) -> "Look":
        """The same search in another view."""
        return Look(Wanted(**{**asdict(self.wanted), "view": view}))

    def focus(self, **more: str | None) -> str:
        """The address of one item at a time."""
        query = self.fields | {name: value for name, value in more.items() if value}
        return f"/curate?{urlencode(query)}" if query else "/curate"

    def listed(self, **more: str | None) -> str:
        """The address of the list, a line an item."""
        query = self.fields | {name: value for name, value in more.items() if value}
        return f"/curate/list?{urlencode(query)}" if query else "/curate/list"


def look_of(given: dict[str, str]) -> Look:
    """The look that a query or a form names; what makes no sense is left out, as if not given."""
    named = {name: given.get(name, "").replace("\0", " ").strip()[:MOST] for name in NAMES}
    words = {name: named[name] for name in ("search", "genre", "curator")}
    view = view_of(named["view"])
    return Look(Wanted(view, **words, since=day_of(named["since"]), until=day_of(named["until"])))


def view_of(name: str) -> View:
    try:
        return VIEWS.validate_python(name)
    except ValidationError:
        return "waiting"


def day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


Asked = Annotated[str, Query()]


async def asked_look(
    *,
    view: Asked = "",
    search: Asked = "",
    genre: Asked = "",
    curator: Asked = "",
    since: Asked = "",
    until: Asked = "",
) -> Look:
    """The look that an address names; raises NotFoundError for a view that there is not."""
    if view and view not in TITLES:
        raise NotFoundError(f"There is no view '{view[:MOST]}'.")
    given = (view, search, genre, curator, since, until)
    return look_of(dict(zip(NAMES, given, strict=True)))


async def sent_look(look: Annotated[str, Form()] = "") -> Look:
    """The look that a form carries in one field, as the query of its address."""
    return look_of(dict(parse_qsl(look)))


AskedLook = Annotated[Look, Depends(asked_look)]
SentLook = Annotated[Look, Depends(sent_look)]
