"""What `up` promises once it is ready."""

from pathlib import Path

import pytest

from deephypebot.embedded import House, Wishes
from deephypebot.up import fate
from deephypebot.vendors import Environment, X

LIVE = dict.fromkeys(X.credentials, "real")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, "on the sandbox's timeline within two cycles"),
        ({"WORKER_MIN_INTERVAL": "300"}, "on the sandbox's timeline, at the pace that WORKER_MIN_"),
        (LIVE, "on X, at the pace that WORKER_MIN_INTERVAL sets"),
        (LIVE | {"WORKER_PUBLISH": "False"}, "is kept: nothing is published"),
        (LIVE | {"WORKER_DRY_RUN": "True"}, "is only logged: nothing is published"),
    ],
)
def test_an_approval_is_promised_no_more_than_the_settings_allow(
    told: dict[str, str], said: str
) -> None:
    assert said in fate(House(Wishes(Path("data")), Environment(told, {})))
