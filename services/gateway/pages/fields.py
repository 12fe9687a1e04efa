"""What the desk's pages are asked with: the fields of their addresses and forms."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import Depends, Form, Query, Request
from pydantic import AfterValidator

from services.common.problems import UnavailableError
from services.gateway.pages.visitors import Visitor, may
from services.gateway.people import CURATE
from services.gateway.sheets.sheet import Desk

REASONS = ("Wrong song", "Not true", "Off tone", "Seen before", "Not worth a post")
SpanName = Literal["hour", "day", "week"]
SPANS: dict[SpanName, timedelta] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}


def unix_lines(text: str) -> str:
    """Forms send CRLF for every line break; the curator typed one line feed."""
    return text.replace("\r\n", "\n")


Words = Annotated[str, AfterValidator(unix_lines), Form()]
# PostgreSQL stores no NUL, and no id holds a control character.
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
Id = Annotated[str, Form(max_length=230, pattern=PRINTABLE)]
DraftId = Annotated[str, Form(max_length=240, pattern=PRINTABLE)]
AskedId = Annotated[str | None, Query(max_length=230, pattern=PRINTABLE)]
Span = Annotated[SpanName, Form()]
Version = Annotated[int, Form(ge=1, le=2**31 - 1)]
Known = Annotated[Visitor, Depends(may(CURATE))]


def the_desk(request: Request) -> Desk:
    desk: Desk | None = request.app.state.desk
    if desk is None:
        raise UnavailableError("Drafts are curated in the Google Sheet (SHEET=google).")
    return desk


TheDesk = Annotated[Desk, Depends(the_desk)]
