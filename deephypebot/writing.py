"""`deephypebot generate` and `interpolate`: the writer without a service.

Requests and answers are those of the inference service, by the same code; torch is imported by
`load_writer`, which says what to install where it is absent.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from deephypebot.errors import CommandError
from deephypebot.json_lines import read_objects
from services.common.serve import load_settings
from services.inference import translation
from services.inference.loading import load_writer
from services.inference.schemas import (
    GenerateAnswer,
    GenerateRequest,
    GenreMatch,
    InterpolateAnswer,
    InterpolateRequest,
)
from services.inference.settings import InferenceSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model.writer import Writer

# Enough to share the work of decoding, few enough that the first lines come soon.
REQUESTS_AT_ONCE = 16

M = TypeVar("M", bound=BaseModel)


def generate(options: dict[str, Any]) -> GenerateAnswer:
    """The answer to one request; raises CommandError and ModelError."""
    return next(_answers(iter([_request(GenerateRequest, options, "")])))


def generate_file(name: str, options: dict[str, Any]) -> Iterator[GenerateAnswer]:
    """An answer for each line, in order; `options` hold where a line does not say.

    Raises CommandError, before anything is written, when a line is wrong.
    """
    requests = [
        _request(GenerateRequest, options | value, f"{place}: ")
        for place, value in read_objects(name)
    ]
    return _answers(iter(requests))


def interpolate(start: str, end: str, steps: int, genres: list[str]) -> InterpolateAnswer:
    """The homotopy between two sentences; raises CommandError and ModelError."""
    values = {"start": start, "end": end, "steps": steps, "genres": genres}
    request = _request(InterpolateRequest, values, "")
    writer = _writer()
    sentences = writer.interpolate(request.start, request.end, request.steps, request.genres)
    return InterpolateAnswer(model=translation.model_name(writer.facts), sentences=list(sentences))


def remarks(genres: GenreMatch) -> list[str]:
    """What a person should know about how their genres were understood."""
    mapped = [f"'{given}' is taken for '{known}'" for given, known in genres.mapped.items()]
    return mapped + [f"'{name}' is no genre that the writer knows" for name in genres.unknown]


def _answers(requests: Iterator[GenerateRequest]) -> Iterator[GenerateAnswer]:
    writer = _writer()
    while some := [translation.asked(body) for body in islice(requests, REQUESTS_AT_ONCE)]:
        for result in writer.write(some):
            yield translation.answer(writer.facts, result)


def _writer() -> Writer:
    return load_writer(load_settings(InferenceSettings))


def _request(kind: type[M], values: dict[str, Any], place: str) -> M:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        raise CommandError(f"{place}{faults}.") from error
