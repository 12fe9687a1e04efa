import gc
from collections.abc import Iterator

import pytest

from services.common.collector import spare_what_stays


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_is_there_is_not_looked_at_again_and_what_comes_is_collected() -> None:
    spare_what_stays()
    frozen = gc.get_freeze_count()
    assert frozen > 10_000, "the modules that are loaded, at least"
    ring = list[object]()
    ring.append(ring)
    del ring
    assert gc.collect() >= 1
    assert gc.get_freeze_count() <= frozen
