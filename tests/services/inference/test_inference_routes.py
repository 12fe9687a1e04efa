"""The doors of the inference service, over a scripted writer: contract, errors, headers."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from structlog.testing import capture_logs

from model.errors import BundleMissingError
from model.request import CANDIDATES_PER_SAMPLE
from services.common.problems import Problem
from services.inference import schemas, translation
from services.inference.app import create_app
from services.inference.client import InferenceClient
from services.inference.schemas import (
    BatchAnswer,
    BatchRequest,
    GenerateAnswer,
    GenerateRequest,
    InterpolateRequest,
    LegacyRequest,
    ReconstructRequest,
)
from services.inference.settings import InferenceSettings
from tests.services.inference.scripted import ScriptedWriter

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]

GENERATE: dict[str, Any] = {"genres": ["dream pop"], "num_samples": 2, "seed": 7}


def app() -> FastAPI:
    return create_app(InferenceSettings())


def doors() -> list[tuple[str, str]]:
    """Every documented route, as method and path."""
    paths = app().openapi()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


def example(method: str, path: str) -> dict[str, Any] | None:
    """The request example that the OpenAPI document gives for a door; None if it takes no body."""
    document = app().openapi()
    door = document["paths"][path][method.lower()]
    if "requestBody" not in door:
        return None
    body = door["requestBody"]["content"]["application/json"]
    name = body["schema"]["$ref"].rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"][name]["example"]
    return found


def assert_problem(response: httpx.Response, status: int) -> Problem:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(response.content)
    assert problem.status == status
    assert problem.request_id == response.headers["x-request-id"]
    return problem


async def missing_once_loaded(client: httpx.AsyncClient) -> str:
    """What /readyz says is missing, once the writer's loading has ended."""
    async with asyncio.timeout(10):
        while "loading" in (text := (await client.get("/readyz")).text):  # noqa: ASYNC110 - a thread loads
            await asyncio.sleep(0.001)
    return str(json.loads(text)["missing"]["writer"])


async def eventually_shown(client: httpx.AsyncClient, metric: str) -> None:
    """Wait until a metric says so."""
    async with asyncio.timeout(10):
        while metric not in (await client.get("/metrics")).text:  # noqa: ASYNC110 - it is polled over HTTP
            await asyncio.sleep(0.001)


def test_every_promised_door_is_there() -> None:
    assert set(doors()) == {
        ("POST", "/v1/generate"),
        ("POST", "/v1/generate/batch"),
        ("POST", "/generate"),
        ("POST", "/v1/interpolate"),
        ("POST", "/v1/reconstruct"),
        ("GET", "/v1/genres"),
        ("GET", "/v1/topics"),
        ("GET", "/v1/model"),
        ("POST", "/v1/model/reload"),
    }


def test_every_example_of_an_answer_keeps_the_contract() -> None:
    answers = [
        kind for kind in vars(schemas).values() if getattr(kind, "__name__", "")[-6:] == "Answer"
    ]
    assert len(answers) == len(doors())
    for kind in answers:
        kind.model_validate(kind.model_json_schema()["example"])


@pytest.mark.parametrize(("method", "path"), doors())
async def test_every_door_answers_its_own_example(serve: Serve, method: str, path: str) -> None:
    async with serve() as client:
        body = example(method, path)
        response = await client.request(method, path, json=body)
    assert response.status_code == 200, response.text
    assert ("x-model-time-ms" in response.headers) == (body is not None)


@pytest.mark.parametrize(("method", "path"), doors())
async def test_every_door_wants_a_key_where_keys_are_set(
    serve: Serve, method: str, path: str
) -> None:
    async with serve(api_keys="correct-horse") as client:
        refused = await client.request(method, path, json={})
        headers = {"Authorization": "Bearer correct-horse"}
        let_in = await client.request(method, path, json={}, headers=headers)
    assert_problem(refused, 401)
    assert let_in.status_code in {200, 422}


@pytest.mark.parametrize(("method", "path"), doors())
async def test_every_door_says_that_the_writer_is_loading(
    serve: Serve, writer: ScriptedWriter, method: str, path: str
) -> None:
    loaded = threading.Event()

    def slowly(_: InferenceSettings) -> ScriptedWriter:
        assert loaded.wait(10)
        return writer

    async with serve(slowly, ready=False) as client:
        alive, ready = await client.get("/livez"), await client.get("/readyz")
        response = await client.request(method, path, json=example(method, path))
        loaded.set()
    assert alive.status_code == 200
    assert ready.status_code == 503
    assert "loading" in ready.json()["missing"]["writer"]
    assert "loading" in assert_problem(response, 503).detail
    assert int(response.headers["retry-after"]) >= 1


async def test_a_bad_bundle_is_told_and_does_not_stop_the_service(serve: Serve) -> None:
    def load(_: InferenceSettings) -> ScriptedWriter:
        raise BundleMissingError("no bundle in x; name a folder that holds one")

    async with serve(load, ready=False) as client:
        missing = await missing_once_loaded(client)
        response = await client.post("/v1/generate", json=GENERATE)
    assert missing == "no bundle in x; name a folder that holds one"
    assert "name a folder" in assert_problem(response, 503).detail


async def test_a_defect_while_loading_is_told_without_a_traceback(serve: Serve) -> None:
    def load(_: InferenceSettings) -> ScriptedWriter:
        raise ZeroDivisionError("by nought")

    async with serve(load, ready=False) as client:
        missing = await missing_once_loaded(client)
    assert missing == "The writer could not be loaded (by nought): see the service's log."


async def test_the_app_finishes_what_it_was_asked_before_it_ends(
    serve: Serve, writer: ScriptedWriter
) -> None:
    async with serve() as client:
        writer.hold()
        asking = asyncio.create_task(client.post("/v1/generate", json=GENERATE))
        async with asyncio.timeout(10):
            while not writer.busy.is_set():  # noqa: ASYNC110 - set by the writer's thread
                await asyncio.sleep(0.001)
        asyncio.get_running_loop().call_later(0.7, writer.release)
    assert (await asking).status_code == 200


async def test_the_app_ends_at_once_when_nobody_waits(serve: Serve, writer: ScriptedWriter) -> None:
    async with serve() as client:
        writer.hold()
        asking = asyncio.create_task(client.post("/v1/generate", json=GENERATE))
        async with asyncio.timeout(10):
            while not writer.busy.is_set():  # noqa: ASYNC110 - set by the writer's thread
                await asyncio.sleep(0.001)
        asking.cancel()
        await asyncio.wait([asking])
        began = time.monotonic()
    assert time.monotonic() - began < 5  # of the 10 that it may take


async def test_generate_says_all_that_it_promises(serve: Serve) -> None:
    async with serve() as client:
        response = await client.post(
            "/v1/generate", json={**GENERATE, "include_unrefined": True, "candidates": 9}
        )
    answer = GenerateAnswer.model_validate_json(response.content)
    assert (answer.model.name, answer.model.revision) == ("scripted", "r1")
    assert answer.genres.known == ["dream pop"]
    assert answer.seed == 7
    assert [(sample.text, sample.unrefined) for sample in answer.samples] == [
        ("7 0", "twin"),
        ("7 1", "twin"),
    ]
    assert answer.samples[0].latent == [0.25, -0.5]
    assert float(response.headers["x-queue-time-ms"]) >= 0


@pytest.mark.parametrize(
    ("body", "sentences"),
    [
        ({"num_samples": 3}, 2 * 3 * CANDIDATES_PER_SAMPLE),  # each is drawn and read
        ({"candidates": 19, "include_unrefined": True}, 2 * 19 + 5),
        ({"candidates": 5}, 2 * 15),  # for some will be unfit
    ],
)
def test_a_request_counts_its_candidates_and_twins(body: dict[str, Any], sentences: int) -> None:
    job = translation.draft(GenerateRequest.model_validate(body))
    assert job.tokens == sentences * translation.TOKENS_PER_SENTENCE


async def test_without_a_seed_one_is_drawn_and_told(serve: Serve, writer: ScriptedWriter) -> None:
    async with serve() as client:
        answers = [(await client.post("/v1/generate", json={})).json() for _ in range(2)]
    assert [answer["seed"] for answer in answers] == [
        r.seed for batch in writer.engine.batches for r in batch
    ]
    assert answers[0]["seed"] != answers[1]["seed"]
    assert all(0 <= answer["seed"] < 2**53 for answer in answers)


async def test_the_largest_seed_survives(serve: Serve) -> None:
    async with serve() as client:
        response = await client.post("/v1/generate", json={"seed": 2**63 - 1})
    assert response.json()["seed"] == 2**63 - 1


async def test_the_endpoint_of_2018_is_a_drop_in(serve: Serve) -> None:
    body = {"genres": ["dream pop"], "num_sample": 3, "whatever": "else"}
    async with serve() as client:
        response = await client.post("/generate", json=body)
    assert response.status_code == 200
    assert list(response.json()) == ["gens"]
    assert len(response.json()["gens"]) == 3


async def test_genres_come_in_alphabetical_order_and_can_be_searched(serve: Serve) -> None:
    async with serve() as client:
        everything = (await client.get("/v1/genres")).json()
        found = (await client.get("/v1/genres", params={"q": "Pop"})).json()
        nothing = (await client.get("/v1/genres", params={"q": "zzz"})).json()
        refused = await client.get("/v1/genres", params={"q": ""})
    assert everything == {"genres": ["dream pop", "shoegaze"], "understood": None}
    assert found["genres"] == ["dream pop"]
    assert nothing == {
        "genres": [],
        "understood": {"known": [], "mapped": {}, "unknown": []},
    }
    assert_problem(refused, 422)


async def test_a_batch_answers_each_request_in_its_place(serve: Serve) -> None:
    asked = [
        {"seed": 1},
        {"seed": 2, "title": "impossible"},
        {"seed": 3, "num_samples": 5, "candidates": 2},
        {"seed": 4, "title": "poison"},
        {"seed": 5, "num_samples": 2},
    ]
    async with serve() as client:
        with capture_logs():
            response = await client.post("/v1/generate/batch", json={"requests": asked})
        only_wrong = await client.post("/v1/generate/batch", json={"requests": [asked[2]]})
    assert response.status_code == 200, response.text
    items = BatchAnswer.model_validate_json(response.content).answers
    assert [item.answer.seed if item.answer else None for item in items] == [1, None, None, None, 5]
    assert items[0].answer
    assert [sample.text for sample in items[0].answer.samples] == [f"1 {i}" for i in range(5)]
    errors = [item.error for item in items]
    assert errors[1] == "title is impossible; give another"
    assert "candidates" in str(errors[2])
    assert "poison" not in str(errors[3])
    assert float(response.headers["x-model-time-ms"]) >= 0
    assert "candidates" in only_wrong.json()["answers"][0]["error"]


async def test_a_batch_is_admitted_whole_or_refused(serve: Serve, writer: ScriptedWriter) -> None:
    tokens = 2 * CANDIDATES_PER_SAMPLE * 5 * translation.TOKENS_PER_SENTENCE  # as it comes
    async with serve(queue_tokens=3 * tokens) as client:
        writer.hold()
        first = asyncio.create_task(client.post("/v1/generate", json={}))
        async with asyncio.timeout(10):
            while not writer.busy.is_set():  # noqa: ASYNC110 - set by the writer's thread
                await asyncio.sleep(0.001)
        refused = await client.post("/v1/generate/batch", json={"requests": [{}] * 3})
        admitted = asyncio.create_task(
            client.post("/v1/generate/batch", json={"requests": [{}] * 2})
        )
        await eventually_shown(client, f"inference_queue_tokens {3 * tokens:.1f}")
        writer.release()
        assert (await first).status_code == (await admitted).status_code == 200
    assert_problem(refused, 429)
    assert int(refused.headers["retry-after"]) >= 1


async def test_a_new_bundle_is_swapped_in_and_a_broken_one_refused(
    serve: Serve, writer: ScriptedWriter
) -> None:
    writers: list[ScriptedWriter | BundleMissingError] = [
        writer,
        ScriptedWriter("r2"),
        BundleMissingError("no bundle in x; name a folder that holds one"),
    ]

    def load(_: InferenceSettings) -> ScriptedWriter:
        loaded = writers.pop(0)
        if isinstance(loaded, BundleMissingError):
            raise loaded
        return loaded

    async def revision() -> str:
        answer = await client.post("/v1/generate", json={"num_samples": 1})
        return str(answer.json()["model"]["revision"])

    async with serve(load) as client:
        assert await revision() == "r1"
        swapped = await client.post("/v1/model/reload")
        assert await revision() == "r2"
        refused = await client.post("/v1/model/reload")
        assert await revision() == "r2"
    assert swapped.json() == {
        "model": {"name": "scripted", "revision": "r2"},
        "before": {"name": "scripted", "revision": "r1"},
    }
    assert "no bundle in x" in assert_problem(refused, 409).detail


async def test_a_defect_while_reloading_is_refused_too(
    serve: Serve, writer: ScriptedWriter
) -> None:
    loads = [writer]

    def load(_: InferenceSettings) -> ScriptedWriter:
        return loads.pop()

    async with serve(load) as client:
        with capture_logs():
            refused = await client.post("/v1/model/reload")
        assert (await client.post("/v1/generate", json={})).status_code == 200
    assert "goes on" in assert_problem(refused, 409).detail


async def test_a_service_that_began_without_a_bundle_is_healed_by_a_reload(
    serve: Serve, writer: ScriptedWriter
) -> None:
    found: list[ScriptedWriter] = []

    def load(_: InferenceSettings) -> ScriptedWriter:
        if not found:
            raise BundleMissingError("no bundle in x; name a folder that holds one")
        return found[0]

    async with serve(load, ready=False) as client:
        await missing_once_loaded(client)
        lacking = await client.post("/v1/generate", json=GENERATE)
        found.append(writer)
        healed = await client.post("/v1/model/reload")
        answer = await client.post("/v1/generate", json=GENERATE)
    assert_problem(lacking, 503)
    assert "retry-after" not in lacking.headers, "waiting would not help"
    assert healed.json()["before"] is None
    assert answer.status_code == 200


async def test_requests_never_fail_while_bundles_are_swapped(serve: Serve) -> None:
    numbers = iter(range(1000))

    async def ask() -> list[int]:
        return [
            (await client.post("/v1/generate", json={"num_samples": 1})).status_code
            for _ in range(25)
        ]

    async def swap() -> list[int]:
        return [(await client.post("/v1/model/reload")).status_code for _ in range(10)]

    async with serve(lambda _: ScriptedWriter(f"r{next(numbers)}")) as client:
        answers = await asyncio.gather(*(ask() for _ in range(8)), swap())
    assert {status for statuses in answers for status in statuses} == {200}


async def test_the_model_card_is_that_of_the_writer(serve: Serve) -> None:
    async with serve() as client:
        assert (await client.get("/v1/model")).json() == {
            "model": {"name": "scripted", "revision": "r1"},
            "precision": "float32",
            "card": "# The writer\n",
        }


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


async def test_the_typed_client_speaks_the_contract(serve: Serve) -> None:
    async with (
        serve() as client,
        InferenceClient("http://inference", transport=client._transport) as inference,
    ):
        answer = await inference.generate(GenerateRequest(genres=["shoegaze"], seed=4))
        batch = await inference.generate_batch(BatchRequest(requests=[GenerateRequest(seed=6)]))
        legacy = await inference.generate_as_in_2018(LegacyRequest(genres=["pop"], num_sample=3))
        line = await inference.interpolate(InterpolateRequest(start="a", end="b", steps=4))
        again = await inference.reconstruct(ReconstructRequest(text="a"))
        known, found = await inference.genres(), await inference.genres("dream")
        topics, model, swapped = (
            await inference.topics(),
            await inference.model(),
            await inference.reload(),
        )
    assert answer.seed == 4
    assert batch.answers[0].answer
    assert batch.answers[0].answer.seed == 6
    assert len(legacy.gens) == 3
    assert len(line.sentences) == 4
    assert again.text == "a []"
    assert known.genres == ["dream pop", "shoegaze"]
    assert found.genres == ["dream pop"]
    assert topics.topics[0].favoured
    assert (model.precision, model.model) == ("float32", swapped.before)


async def test_metrics_name_the_route_and_the_queue(serve: Serve) -> None:
    async with serve() as client:
        await client.post("/v1/generate", json=GENERATE)
        text = (await client.get("/metrics")).text
    assert 'route="/v1/generate"' in text
    for name in (
        "inference_queue_tokens 0.0",
        "inference_queue_requests 0.0",
        "inference_rows_in_progress 0.0",
        "inference_batch_rows_count 1.0",
        "inference_batch_rows_sum 1.0",
        "inference_tokens_total 1.0",
        "inference_queue_seconds_count 1.0",
        "inference_model_seconds_count 1.0",
    ):
        assert name in text
