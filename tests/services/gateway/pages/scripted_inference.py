"""An inference service that answers over the wire as it is told, and remembers what was asked."""

import json
from collections.abc import Callable
from typing import Any

import httpx

from services.inference.client import InferenceClient

Answer = Callable[[httpx.Request], httpx.Response]
GENRES = ["ambient pop", "dream pop", "pop", "shoegaze"]
MODEL = {"name": "scripted", "revision": "r1"}


class ScriptedInference:
    """Knows four genres and three topics; each sentence holds its number and the seed."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []  # path and body of each POST
        self.answers: dict[str, Answer] = {}  # by path, instead of the usual
        self.texts = ["Sentence {number} of seed {seed}."]
        self.twin: str | None = "Twin {number} of seed {seed}."

    def client(self) -> InferenceClient:
        transport = httpx.MockTransport(self.answer)
        return InferenceClient("http://inference", transport=transport, attempts=1)

    def bodies(self, path: str) -> list[dict[str, Any]]:
        return [body for asked, body in self.asked if asked == path]

    def refuse(self, path: str, status: int, detail: str, **headers: str) -> None:
        body = {"type": "about:blank", "status": status, "detail": detail}
        self.answers[path] = lambda _: httpx.Response(status, json=body, headers=headers)

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.method == "POST":
            self.asked.append((path, json.loads(request.content)))
        if path in self.answers:
            return self.answers[path](request)
        return httpx.Response(200, json=getattr(self, path.rpartition("/")[2])(request))

    def model(self, _: httpx.Request) -> dict[str, Any]:
        return {"model": MODEL, "precision": "float32", "temperature": 0.5, "card": "# Card"}

    def topics(self, _: httpx.Request) -> dict[str, Any]:
        names = ["chorus voice verse", "bright hook kick", "soft slow warm"]
        return {
            "topics": [
                {"index": i, "name": name, "words": name.split(), "favoured": i == 0}
                for i, name in enumerate(names)
            ]
        }

    def genres(self, request: httpx.Request) -> dict[str, Any]:
        search = request.url.params.get("q")
        if search is None:
            return {"genres": GENRES, "understood": None}
        found = [genre for genre in GENRES if search in genre]
        mapped = {} if search in GENRES else {search: "shoegaze"}
        known = [search] if search in GENRES else []
        return {"genres": found, "understood": {"known": known, "mapped": mapped, "unknown": []}}

    def generate(self, request: httpx.Request) -> dict[str, Any]:
        body = json.loads(request.content)
        named = body["genres"]
        return {
            "model": MODEL,
            "genres": {
                "known": [name for name in named if name in GENRES],
                "mapped": {name: "shoegaze" for name in named if name == "nu dreamy"},
                "unknown": [name for name in named if name == "zzz"],
            },
            "seed": body["seed"],
            "samples": [self._sample(number, body) for number in range(1, body["num_samples"] + 1)],
        }

    def _sample(self, number: int, body: dict[str, Any]) -> dict[str, Any]:
        said = {"number": number, "seed": body["seed"]}
        return {
            "text": self.texts[(number - 1) % len(self.texts)].format(**said),
            "score": 5.0,
            "log_prob": -1.5,
            "topic": 0.62,
            "novelty": 0.7,
            "latent": [0.1],
            "unrefined": self.twin and self.twin.format(**said),
            "topics": [0.62, 0.25, 0.13],
            "unrefined_topics": [0.2, 0.5, 0.3] if self.twin else None,
        }

    def interpolate(self, request: httpx.Request) -> dict[str, Any]:
        body = json.loads(request.content)
        steps = [f"Step {step}." for step in range(1, body["steps"] + 1)]
        return {"model": MODEL, "sentences": steps}
