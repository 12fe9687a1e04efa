"""How a curator wants others written: what the two sliders below the drafts say."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Form, Query
from pydantic import Field

AS_TRAINED = 1.0
CALM_ENOUGH = 0.55  # the temperature that the writer which ships takes by itself

Strength = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]
Temperature = Annotated[float, Field(ge=0.1, le=1.5, allow_inf_nan=False)]


@dataclass(frozen=True)
class Manner:
    """The LC-GAN's strength, 0 to 2, and the temperature, as `/v1/generate` takes them."""

    strength: float = AS_TRAINED
    temperature: float = CALM_ENOUGH

    @property
    def fields(self) -> dict[str, str]:
        return {"strength": f"{self.strength:g}", "temperature": f"{self.temperature:g}"}

    def __str__(self) -> str:
        return f"strength {self.strength:g}, temperature {self.temperature:g}"


AS_USUAL = Manner()


async def sent_manner(
    strength: Annotated[Strength, Form()] = AS_TRAINED,
    temperature: Annotated[Temperature, Form()] = CALM_ENOUGH,
) -> Manner:
    return Manner(strength, temperature)


async def asked_manner(
    strength: Annotated[Strength, Query()] = AS_TRAINED,
    temperature: Annotated[Temperature, Query()] = CALM_ENOUGH,
) -> Manner:
    return Manner(strength, temperature)


SentManner = Annotated[Manner, Depends(sent_manner)]
AskedManner = Annotated[Manner, Depends(asked_manner)]
