"""How far back X's home timeline reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.services.sandbox.conftest import StartSandbox


def test_posts_beyond_the_depth_are_no_longer_shown(start: StartSandbox) -> None:
    sandbox = start(feed_burst=9, x_depth=6)
    everything = sandbox.x().get_home_timeline(max_results=100).data
    assert len(everything) == 6
    assert sandbox.x().get_home_timeline(max_results=5).data == everything[:5]
