"""The doors of the inference service, over a scripted writer: contract and answers."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from fastapi import FastAPI

from model.request import CANDIDATES_PER_SAMPLE, MOST_CANDIDATES, STRONGEST, Request
from services.inference import schemas, translation
from services.inference.app import create_app
from services.inference.client import InferenceClient
from services.inference.schemas import (
    BatchRequest,
    GenerateAnswer,
    GenerateRequest,
    InterpolateRequest,
    LegacyRequest,
    ReconstructRequest,
)
from services.inference.settings import InferenceSettings
from tests.services.inference.asking import (
    GENERATE,
    Serve,
    assert_problem,
    metric_shown,
)
from tests.services.inference.scripted import ScriptedWriter


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


async def test_topics_come_only_when_asked_for(serve: Serve) -> None:
    async with serve() as client:
        without = (await client.post("/v1/generate", json=GENERATE)).json()
        told = (await client.post("/v1/generate", json={**GENERATE, "include_topics": True})).json()
    assert without["samples"][0]["topics"] is None
    assert told["samples"][0]["topics"] == [1.0]


async def test_the_strength_reaches_the_writer(serve: Serve, writer: ScriptedWriter) -> None:
    async with serve() as client:
        for more in ({}, {"strength": 0}, {"strength": 1.7}):
            await client.post("/v1/generate", json={**GENERATE, **more})
        refused = await client.post("/v1/generate", json={**GENERATE, "strength": 2.1})
    assert [r.strength for batch in writer.engine.batches for r in batch] == [1.0, 0.0, 1.7]
    assert "strength" in assert_problem(refused, 422).detail


def test_the_contract_allows_as_much_strength_as_the_writer() -> None:
    Request(strength=GenerateRequest(strength=STRONGEST).strength)


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


def test_the_contract_allows_as_many_candidates_as_the_writer() -> None:
    assert schemas.MAX_CANDIDATES == MOST_CANDIDATES


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
        "understood": {"known": [], "mapped": {}, "unknown": ["zzz"]},
    }
    assert_problem(refused, 422)


async def test_the_model_card_is_that_of_the_writer(serve: Serve) -> None:
    async with serve() as client:
        assert (await client.get("/v1/model")).json() == {
            "model": {"name": "scripted", "revision": "r1"},
            "precision": "float32",
            "temperature": 0.5,
            "card": "# The writer\n",
        }


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
        await metric_shown(client, "inference_tokens_total 1.0")  # counted once all are answered
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
