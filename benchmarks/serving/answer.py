"""What a server said, out of the wrapping that its framework puts around it."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Read:
    """An answer as it is checked and counted."""

    seed: int | None = None
    said: Any = None  # pieces, a text, or texts
    sentences: int = 0


def read_answer(body: bytes) -> Read:
    """The answer in a body; one that can't be read is for no seed."""
    try:
        answer = _unwrapped(json.loads(body))
        if "samples" in answer:  # ours
            texts = [sample["text"] for sample in answer["samples"]]
            return Read(answer["seed"], texts, len(texts))
        return Read(answer["seed"], answer.get("ids", answer.get("text")), 1)
    except (ValueError, LookupError, TypeError, AttributeError):
        return Read()


def _unwrapped(answer: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(answer, list):  # BentoML: a batch of one
        (answer,) = answer
    if "outputs" in answer:  # Triton: a tensor of strings
        answer = json.loads(answer["outputs"][0]["data"][0])
    return answer
