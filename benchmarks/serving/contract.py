"""What is asked of every server and what it answers."""

from typing import Any

from pydantic import BaseModel

Answer = dict[str, Any]  # JSON


class Asked(BaseModel):
    """A request."""

    seed: int
