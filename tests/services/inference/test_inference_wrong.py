"""Bodies that are wrong, or only strange."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from structlog.testing import capture_logs

from services.inference import schemas
from tests.services.inference.asking import (
    Serve,
    assert_problem,
)

WRONG = {
    "no JSON": b"genres=rock",
    "half a document": b'{"genres": [',
    "not an object": b"[]",
    "nothing": b"",
    "null": b"null",
    "not text": b"\xff\xfe\x00",
    "a lone surrogate as a value": rb'{"genres": ["\ud800"]}',
    "a lone surrogate as a field": rb'{"\ud800": 1}',
    "not a number": b'{"temperature": NaN}',
    "infinity": b'{"temperature": Infinity}',
    "minus infinity": b'{"top_p": -Infinity}',
    "a number beyond floats": b'{"temperature": 1e999}',
    "a number beyond integers": b'{"seed": 1' + b"0" * 5000 + b"}",
    "a seed too large": json.dumps({"seed": 2**63}).encode(),
    "a negative seed": b'{"seed": -1}',
    "wrong types": b'{"genres": "rock", "num_samples": "many"}',
    "absurd sizes": b'{"num_samples": 1000000}',
    "no samples": b'{"num_samples": 0}',
    "fewer candidates than samples": b'{"num_samples": 5, "candidates": 2}',
    "an empty genre": b'{"genres": [""]}',
    "too many genres": json.dumps({"genres": ["rock"] * 33}).encode(),
    "a field that does not exist": b'{"genre": "rock"}',
    "a nest": b'{"genres": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "a hundred wrong fields": json.dumps({f"field{i}": i for i in range(100)}).encode(),
    "a megabyte": json.dumps({"title": "x" * 2**20}).encode(),
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
async def test_what_is_wrong_is_refused_with_what_to_do(serve: Serve, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    async with serve() as client:
        response = await client.post("/v1/generate", content=body, headers=headers)
    assert 400 <= response.status_code < 500
    assert assert_problem(response, response.status_code).detail


async def test_a_body_that_hides_its_size_is_refused_too(serve: Serve) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(2000):
            yield b" " * 1000

    async with serve() as client:
        response = await client.post("/v1/generate", content=chunks())
    assert "524288 bytes" in assert_problem(response, 413).detail


async def test_what_the_writer_refuses_is_the_callers_to_mend(serve: Serve) -> None:
    async with serve() as client:
        response = await client.post("/v1/generate", json={"title": "impossible"})
        metrics = (await client.get("/metrics")).text
    assert "give another" in assert_problem(response, 400).detail
    assert 'inference_rejected_total{reason="refused"} 1.0' in metrics


async def test_a_defect_of_the_writer_is_a_problem_without_its_inside(serve: Serve) -> None:
    async with serve() as client:
        with capture_logs():
            response = await client.post("/v1/generate", json={"title": "poison"})
    assert "poison" not in assert_problem(response, 500).detail


STRANGE = {
    "no genres": {"genres": []},
    "unknown genres": {"genres": ["polka-step", "🪗"]},
    "emoji and right-to-left": {"artist": "🎸🎸", "title": "شمس\u202e\u0000"},
    "the longest names": {"artist": "a" * 500, "title": "b" * 500, "genres": ["c" * 100] * 32},
}


@pytest.mark.parametrize("body", STRANGE.values(), ids=STRANGE)
async def test_what_is_only_strange_is_answered(serve: Serve, body: dict[str, Any]) -> None:
    async with serve() as client:
        response = await client.post("/v1/generate", json=body)
    assert response.status_code == 200


async def test_unknown_doors_and_methods_are_problems(serve: Serve) -> None:
    async with serve() as client:
        assert_problem(await client.get("/v1/nothing"), 404)
        assert_problem(await client.get("/v1/generate"), 405)


ASKS: dict[str, type[BaseModel]] = {
    "/v1/generate": schemas.GenerateRequest,
    "/v1/generate/batch": schemas.BatchRequest,
    "/generate": schemas.LegacyRequest,
    "/v1/interpolate": schemas.InterpolateRequest,
    "/v1/reconstruct": schemas.ReconstructRequest,
}
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4), max_leaves=8)
plausible = (
    st.integers(1, 70)
    | st.floats(0.1, 2.1)
    | st.text(min_size=1, max_size=20)
    | st.lists(st.text(min_size=1, max_size=20), max_size=5)
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, bytes]:
    """A door, and a body of its own fields (and others) with values that may or may not fit."""
    path = draw(st.sampled_from(sorted(ASKS)))
    fields = st.sampled_from([*ASKS[path].model_fields, "other"])
    body = draw(st.dictionaries(fields, plausible | anything, max_size=6))
    return path, json.dumps(body).encode("utf-8")


def test_no_body_makes_the_service_fail(serve: Serve) -> None:
    served: set[int] = set()
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        client = runner.run(stack.enter_async_context(serve()))
        client.headers["Content-Type"] = "application/json"

        @settings(max_examples=200, deadline=None)
        @given(request=requests())
        def ask(request: tuple[str, bytes]) -> None:
            path, body = request
            response = runner.run(client.post(path, content=body))
            assert response.status_code in {200, 400, 422}, response.text
            served.add(response.status_code)

        ask()
        runner.run(stack.aclose())
    assert {200, 422} <= served, "both kinds were tried"
