"""The promise on real posts: title and artist both right in at least 98 of 100."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / ".." / "shared" / "data"

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(
        not (DATA / "tweets" / "nowplaying_pandora.jsonl").exists(),
        reason="needs ../shared/data/tweets",
    ),
]


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    """benchmarks/parser.py, which knows how to read the gold."""
    spec = importlib.util.spec_from_file_location("parser_benchmark", ROOT / "benchmarks/parser.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("feed", ["pandora", "lastfm"])
def test_reads_shared_posts(benchmark: ModuleType, feed: str) -> None:
    posts = list(getattr(benchmark, feed)(DATA))[:3_000]
    assert len(posts) == 3_000
    assert benchmark.both_right(benchmark.ours, posts, 0) >= 0.98


def test_keeps_silent_on_most_of_what_musicians_post(benchmark: ModuleType) -> None:
    posts = benchmark.texts(DATA / "tweets" / "musicians.jsonl")[:4_000]
    # An upper bound: some of these posts do name a song.
    assert benchmark.fires(benchmark.ours, posts) < 0.03
