"""Answers in a vendor's own shape, and the one exception that carries them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from starlette.responses import Response

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer, ready to send or to break on purpose."""

    status: int
    body: bytes
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        return replace(self, headers={**self.headers, **headers})

    def response(self) -> Response:
        return Response(self.body, self.status, dict(self.headers), self.media_type)


def json_answer(status: int, document: object, headers: Mapping[str, str] | None = None) -> Answer:
    body = json.dumps(document, ensure_ascii=False).encode(errors="replace")
    return Answer(status, body, headers=headers or {})


def json_response(
    document: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return json_answer(status, document, headers).response()


class VendorError(Exception):
    """A vendor refuses; the answer is in that vendor's words."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode())
        self.answer = answer


def refuse(status: int, document: object, headers: Mapping[str, str] | None = None) -> VendorError:
    return VendorError(json_answer(status, document, headers))
