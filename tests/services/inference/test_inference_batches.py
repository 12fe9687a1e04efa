"""Many songs in one call."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from model.request import CANDIDATES_PER_SAMPLE
from services.inference import translation
from services.inference.schemas import (
    BatchAnswer,
)
from tests.services.inference.asking import (
    Serve,
    ask_and_hold,
    assert_problem,
    metric_shown,
)
from tests.services.inference.scripted import ScriptedWriter


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
        first = await ask_and_hold(client, writer)
        refused = await client.post("/v1/generate/batch", json={"requests": [{}] * 3})
        admitted = asyncio.create_task(
            client.post("/v1/generate/batch", json={"requests": [{}] * 2})
        )
        await metric_shown(client, f"inference_queue_tokens {3 * tokens:.1f}")
        writer.release()
        assert (await first).status_code == (await admitted).status_code == 200
    assert_problem(refused, 429)
    assert int(refused.headers["retry-after"]) >= 1
