"""How long a post is, as each platform counts."""

import pytest

from services.gateway.lengths import length, over
from services.gateway.schemas import Platform


def platform(origin: str, **changes: object) -> Platform:
    kinds: dict[str, dict[str, object]] = {
        "x": {"longest": 280, "counting": "weighted", "link_length": 23},
        "mastodon": {"longest": 500, "counting": "graphemes", "link_length": 23},
        "bluesky": {"longest": 300, "longest_bytes": 3000, "counting": "graphemes"},
    }
    common = {"links": "allowed", "replies": "summoned", "ai_label": False, "bot_label": True}
    values = {"origin": origin, "paid": False, **common, **kinds[origin], **changes}
    return Platform.model_validate(values)


FAMILY = "\U0001f469\u200d\U0001f467"
THUMB = "\U0001f44d\U0001f3fd"
FLAG = "\U0001f1f8\U0001f1ea"
LINK = "https://example.org/a/very/long/address/that/goes/on"


@pytest.mark.parametrize(
    ("text", "x", "mastodon", "bluesky"),
    [
        ("abc", 3, 3, 3),
        ("“a” — b…", 9, 8, 8),
        ("音楽", 4, 2, 2),
        ("e\u0301", 1, 1, 1),
        ("\U0001f3b5", 2, 1, 1),
        (FAMILY, 2, 1, 1),
        (THUMB, 2, 1, 1),
        (FLAG, 2, 1, 1),
        (f"see {LINK}.", 28, 28, 5 + len(LINK)),
        ("by will.i.am, on hypem.com/a?b", 8 + 2 * 23, 30, 30),
        ("2.5 of 5, in the U.K.", 21, 21, 21),
        ("will.i.am", 23, 9, 9),
        ("", 0, 0, 0),
    ],
)
def test_each_platform_counts_in_its_own_way(
    text: str, x: int, mastodon: int, bluesky: int
) -> None:
    counted = [length(text, platform(origin)) for origin in ("x", "mastodon", "bluesky")]
    assert counted == [x, mastodon, bluesky]


def test_what_is_over_is_what_must_go() -> None:
    assert over("x" * 280, platform("x")) == 0
    assert over("x" * 283, platform("x")) == 3


def test_bytes_bound_a_post_besides() -> None:
    signs = FAMILY * 280  # eleven bytes each
    assert length(signs, platform("bluesky")) == 280
    assert over(signs, platform("bluesky")) == 280 * 11 - 3000


def test_a_lone_surrogate_is_counted_and_no_accident() -> None:
    assert over("\ud800" * 301, platform("bluesky")) == 1
