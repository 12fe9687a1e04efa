"""`benchmarks.desk`, with a few posts."""

import pytest

from benchmarks.desk.__main__ import main
from benchmarks.desk.asking import ASKED
from benchmarks.desk.keys import CHROMIUM


@pytest.mark.browser
@pytest.mark.processes
def test_a_small_desk_is_timed(capsys: pytest.CaptureFixture[str]) -> None:
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    main(["--items", "30", "--each", "2", "--posts", "3"])
    told = capsys.readouterr().out
    assert [name for name in ASKED if f"| {name} " not in told] == []
    assert "MiB at most" in told
    assert "median ms" in told
