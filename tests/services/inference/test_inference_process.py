"""The service as it runs: a process of its own, the shipped writer, HTTP."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.inference.schemas import GenerateAnswer
from services.inference.translation import TOKENS_PER_SENTENCE
from tests.services.inference.processes import running, start, wait_for

pytestmark = pytest.mark.processes

ASKED: dict[str, Any] = {"genres": ["dream pop", "shoegaze"], "num_samples": 1, "candidates": 4}
USAGE_ERROR = 2
DRAFTS = 32


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The service, ready, with the shipped writer."""
    log = tmp_path_factory.mktemp("inference") / "log"
    with running(log) as (client, _):
        wait_for(client, "/readyz", '"ready"', log)
        yield client


def texts(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    answer = GenerateAnswer.model_validate_json(response.content)
    return [sample.text for sample in answer.samples]


async def ask_at_once(base_url: httpx.URL, bodies: list[dict[str, Any]]) -> list[httpx.Response]:
    async with httpx.AsyncClient(base_url=base_url, timeout=120) as client:
        return await asyncio.gather(*(client.post("/v1/generate", json=body) for body in bodies))


def test_it_writes_sentences(service: httpx.Client) -> None:
    written = texts(service.post("/v1/generate", json={**ASKED, "num_samples": 2, "seed": 1}))
    assert len(written) == 2
    assert all(len(text.split()) >= 3 for text in written)


def test_a_seed_gives_one_text_alone_and_among_sixteen(service: httpx.Client) -> None:
    bodies = [{**ASKED, "seed": seed} for seed in range(16)]
    together = asyncio.run(ask_at_once(service.base_url, bodies))
    alone = [texts(service.post("/v1/generate", json=body)) for body in bodies[:4]]
    assert [texts(response) for response in together[:4]] == alone
    assert len({tuple(texts(response)) for response in together}) > 8, "seeds differ"


def test_they_were_decoded_side_by_side(service: httpx.Client) -> None:
    bodies = [{**ASKED, "seed": seed} for seed in range(16)]
    steps, tokens = metric(service, "batch_rows_count"), metric(service, "tokens_total")
    asyncio.run(ask_at_once(service.base_url, bodies))
    steps = metric(service, "batch_rows_count") - steps
    assert (metric(service, "tokens_total") - tokens) / steps > 8, "rows in a step"


def metric(service: httpx.Client, name: str) -> float:
    metrics = service.get("/metrics").text
    found = re.search(rf"^inference_{name} (\S+)", metrics, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_an_unrefined_twin_is_of_the_same_code(service: httpx.Client) -> None:
    body = {**ASKED, "num_samples": 4, "candidates": 16, "seed": 3, "include_unrefined": True}
    answer = GenerateAnswer.model_validate_json(service.post("/v1/generate", json=body).content)
    twins = [(sample.text, sample.unrefined) for sample in answer.samples]
    assert any(twin and twin != text for text, twin in twins)


def test_genres_are_understood_or_said_to_be_unknown(service: httpx.Client) -> None:
    genres = ["Dream Pop", "no such genre at all 🪗"]
    body = {**ASKED, "genres": genres, "seed": 4}
    answer = GenerateAnswer.model_validate_json(service.post("/v1/generate", json=body).content)
    understood = answer.genres
    assert understood.unknown == [genres[1]]
    assert len(understood.known) + len(understood.mapped) == 1


def test_the_endpoint_of_2018_writes(service: httpx.Client) -> None:
    response = service.post("/generate", json={"genres": ["pop"], "num_sample": 2})
    assert len(response.json()["gens"]) == 2


def test_a_homotopy_has_its_steps(service: httpx.Client) -> None:
    body = {"start": "The drums are loud.", "end": "A piano plays softly.", "steps": 4}
    response = service.post("/v1/interpolate", json=body)
    assert len(response.json()["sentences"]) == 4
    assert service.post("/v1/interpolate", json=body).json() == response.json()


def test_a_sentence_comes_back_from_its_code(service: httpx.Client) -> None:
    response = service.post("/v1/reconstruct", json={"text": "The drums are loud."})
    assert response.json()["text"]


@pytest.mark.parametrize("text", [" ", "🪗", "\u0000", "\u202e", "x" * 500, "a " * 250])
def test_strange_sentences_are_answered_or_refused(service: httpx.Client, text: str) -> None:
    assert service.post("/v1/reconstruct", json={"text": text}).status_code in {200, 400}


@pytest.mark.parametrize(
    "extremes",
    [
        {"temperature": 0.0001},
        {"temperature": 2.0, "top_p": 1.0},
        {"top_k": 1},
        {"top_k": 64, "top_p": 0.001},
        {"seed": 2**63 - 1},
        {"artist": "🎸" * 500, "title": "\u0000\u202eشمس"},
        {"genres": ["c" * 100] * 32},
    ],
    ids=str,
)
def test_every_value_that_the_contract_allows_is_served(
    service: httpx.Client, extremes: dict[str, Any]
) -> None:
    response = service.post("/v1/generate", json={**ASKED, **extremes})
    assert response.status_code == 200, response.text


def test_it_describes_itself(service: httpx.Client) -> None:
    genres = service.get("/v1/genres").json()["genres"]
    assert genres == sorted(genres)
    assert "dream pop" in genres
    topics = service.get("/v1/topics").json()["topics"]
    assert sum(topic["favoured"] for topic in topics) == 1
    assert service.get("/v1/model").json()["model"]["revision"]


async def test_sigterm_lets_requests_in_flight_finish(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(log) as (client, process):
        await asyncio.to_thread(wait_for, client, "/readyz", '"ready"', log)
        bodies = [{**ASKED, "candidates": DRAFTS, "seed": seed} for seed in range(8)]
        asking = asyncio.create_task(ask_at_once(client.base_url, bodies))
        wanted = 7 * 2 * DRAFTS * TOKENS_PER_SENTENCE  # the first may have its answer already
        while await asyncio.to_thread(metric, client, "queue_tokens") < wanted:  # noqa: ASYNC110 - polled over HTTP
            await asyncio.sleep(0.002)
        process.send_signal(signal.SIGTERM)
        assert [response.status_code for response in await asking] == [200] * 8
        assert await asyncio.to_thread(process.wait, 60) in {0, -signal.SIGTERM}
    assert "Traceback" not in log.read_text()


def test_a_bad_bundle_is_told_at_the_door(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(log, INFERENCE_BUNDLE=str(tmp_path / "nowhere")) as (client, _):
        ready = wait_for(client, "/readyz", "nowhere", log)
        response = client.post("/v1/generate", json=ASKED)
        assert client.get("/livez").status_code == 200
    assert ready.status_code == 503
    assert response.status_code == 503
    assert "nowhere" in response.json()["detail"]
    assert "Traceback" not in log.read_text()


def test_a_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert start(port, log).wait(60) == USAGE_ERROR
    assert log.read_text() == f"Port {port} is taken: stop what uses it, or set INFERENCE_PORT.\n"


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert start(0, log, INFERENCE_DEVICE="toaster").wait(60) != 0
    assert "INFERENCE_DEVICE" in log.read_text()
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize(
    ("imported", "absent"),
    [("model", "fastapi"), ("model.writer", "fastapi"), ("services.inference.app", "torch")],
)
def test_importing_one_room_does_not_import_another(imported: str, absent: str) -> None:
    code = f"import sys, {imported}; sys.exit({absent!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
