"""Some days of `benchmarks/year.py`, on every timeline."""

import asyncio
import random
from pathlib import Path

import pytest

from benchmarks.year import PROMISES, TIMELINES, Year, a_world


@pytest.mark.parametrize("name", TIMELINES)
def test_some_days_with_a_fault_a_day_lose_and_repeat_nothing(tmp_path: Path, name: str) -> None:
    with a_world(tmp_path) as world:
        year = Year(world, name, days=5, every=12 * 3600.0, dice=random.Random(3))
        row = asyncio.run(year.live())
    assert {promise: row[promise] for promise in PROMISES} == dict.fromkeys(PROMISES, 0)
    assert row["posts"] > 100
    assert row["polls"] == 50
