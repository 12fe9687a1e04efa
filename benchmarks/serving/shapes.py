"""The shapes of load that every server is put under."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """A closed loop of callers, or random arrivals at a share of our capacity."""

    name: str
    callers: int | None = None
    share: float | None = None


FULLEST = Shape("64 callers", callers=64)  # what our capacity is measured with
SHAPES = (
    Shape("1 caller", callers=1),
    Shape("16 callers", callers=16),
    FULLEST,
    Shape("open 30%", share=0.3),
    Shape("open 70%", share=0.7),
    Shape("open 90%", share=0.9),
)
