"""Every number that a service can be told is refused in words, or can be worked with."""

import inspect
from collections.abc import Iterator
from decimal import Decimal
from typing import get_args

import pytest
from annotated_types import Le
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from deephypebot.settings_table import SERVICES
from services.common.settings import ServiceSettings

UNBOUNDED = {"seed"}  # any will do


def numbers() -> Iterator[tuple[type[ServiceSettings], str, FieldInfo]]:
    for kind in SERVICES.values():
        for name, field in kind.model_fields.items():
            if {int, float, Decimal} & {field.annotation, *get_args(field.annotation)}:
                yield kind, name, field


def work_with(settings: ServiceSettings) -> None:
    """Compute every property that is of our making."""
    for name, member in inspect.getmembers_static(type(settings)):
        if isinstance(member, property) and not hasattr(BaseSettings, name):
            getattr(settings, name)


NUMBERS = [pytest.param(kind, name, id=f"{kind.__name__}.{name}") for kind, name, _ in numbers()]


@pytest.mark.parametrize("value", ["inf", "nan", "1e308", "-1"])
@pytest.mark.parametrize(("kind", "name"), NUMBERS)
def test_what_is_no_sensible_number_is_refused(
    kind: type[ServiceSettings], name: str, value: str
) -> None:
    try:
        settings = kind.model_validate({name: value})
    except ValidationError as error:
        (fault,) = error.errors()
        assert fault["msg"].startswith("Input should be")
    else:
        work_with(settings)


@pytest.mark.parametrize(
    ("kind", "name", "most"),
    [
        pytest.param(kind, name, bound.le, id=f"{kind.__name__}.{name}")
        for kind, name, field in numbers()
        for bound in field.metadata
        if isinstance(bound, Le)
    ],
)
def test_the_largest_can_be_worked_with(
    kind: type[ServiceSettings], name: str, most: float
) -> None:
    work_with(kind.model_validate({name: most}))


def test_every_number_is_bounded() -> None:
    boundless = {
        name
        for _, name, field in numbers()
        if not any(isinstance(bound, Le) for bound in field.metadata)
    }
    assert boundless == UNBOUNDED
