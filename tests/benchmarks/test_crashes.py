"""A small `python -m benchmarks.crashes`: every failpoint on a post's way, some random moments."""

from pathlib import Path

import pytest

from benchmarks.crashes.trial import PROMISES, Trial

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]
KEPT = dict.fromkeys(PROMISES, 0)


def test_workers_that_are_killed_lose_and_repeat_nothing(tmp_path: Path) -> None:
    trial = Trial(tmp_path, posts=24, moments=5)
    row = trial.run()
    assert {promise: row[promise] for promise in PROMISES} == KEPT, trial.last_words()
    assert row["drafted"] + row["reasons"] == 24
    assert trial.unreached == set()
