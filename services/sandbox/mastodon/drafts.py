"""Reading a request to publish, and what Mastodon keeps of it besides the text."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from starlette.requests import Request

from services.sandbox.mastodon.errors import invalid, refused
from services.sandbox.mastodon.length import status_length
from services.sandbox.mastodon.query import id_of, is_true

VISIBILITIES = ("public", "unlisted", "private", "direct")


@dataclass(frozen=True)
class Wrapping:
    """Who sees a status, and behind which warning."""

    visibility: str = "public"
    spoiler_text: str = ""
    sensitive: bool = False
    language: str = "en"

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Draft:
    text: str
    wrapping: Wrapping
    reply_to: str | None


async def read_draft(request: Request, longest: int) -> Draft:
    """Raises Mastodon's 400 and 422."""
    given = await parameters(request)
    spoiler = str(given.get("spoiler_text") or "")
    text = str(given.get("status") or "").strip() or spoiler
    if not text:
        raise invalid("Text can't be blank")
    if status_length(text, spoiler) > longest:
        raise invalid(f"Text character limit of {longest} exceeded")
    visibility = str(given.get("visibility") or "public")
    if visibility not in VISIBILITIES:
        raise invalid("Visibility is not included in the list")
    wrapping = Wrapping(
        visibility=visibility,
        spoiler_text=spoiler,
        sensitive=bool(spoiler) or is_true(given.get("sensitive")),
        language=str(given.get("language") or "en"),
    )
    return Draft(text, wrapping, _reply_to(given.get("in_reply_to_id")))


async def parameters(request: Request) -> Mapping[str, object]:
    """A form or a JSON object; Mastodon takes both everywhere."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        return dict(await request.form())
    try:
        document = json.loads(await request.body())
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise refused(400, "Error occurred while parsing request parameters")
    return document


def _reply_to(value: object) -> str | None:
    if value is None or value == "":
        return None
    return str(id_of(str(value)))
