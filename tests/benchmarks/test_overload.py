"""`benchmarks.overload`: which trials it takes."""

import pytest

from benchmarks.overload import TRIALS, main


def test_help_names_every_trial(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    told = capsys.readouterr().out
    assert [name for name in TRIALS if name not in told] == []


def test_a_trial_that_there_is_not_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["flood", "drought"])
    assert "there is no trial 'drought'; there are flood, " in capsys.readouterr().err
