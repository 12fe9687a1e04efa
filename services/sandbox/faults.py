"""Faults on demand: what a vendor does on a bad day, for the next N matching requests."""

from itertools import count
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.sandbox.vendors import VENDOR_NAMES

Kind = Literal["status", "html", "timeout", "half", "reset", "drip"]
# Scripts may name a fault that strikes after the vendor has done the work in one word.
AFTER = {"accept-then-timeout": "timeout", "accept-then-reset": "reset"}


class Fault(BaseModel):
    """One entry of the table; it strikes `times` matching requests, then it is spent."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"vendor": "x", "path": "/2/tweets", "fault": "timeout"}},
    )

    vendor: str = Field(description="Whose requests: x, spotify, musicbrainz or google.")
    method: str | None = Field(None, description="Only this method.")
    path: str | None = Field(None, description="Only paths that contain this text.")
    fault: Kind | Literal["accept-then-timeout", "accept-then-reset"]
    times: Annotated[int, Field(ge=1)] = Field(1, description="How many requests to strike.")
    after: int = Field(0, ge=0, description="How many matching requests to let through first.")
    after_commit: bool = Field(
        False, description="Let the vendor do the work, then strike its answer."
    )
    status: int = Field(503, ge=400, le=599, description="For `status` and `html`.")
    body: str | None = Field(None, description="For `status`: this text, not the vendor's body.")
    headers: dict[str, str] = Field({}, description="For `status`: headers besides the vendor's.")
    seconds: float = Field(
        30.0, ge=0, le=600, description="How long `timeout` holds and `drip` takes altogether."
    )

    @field_validator("vendor")
    @classmethod
    def known(cls, value: str) -> str:
        if value not in VENDOR_NAMES:
            message = f"no such vendor; there are {', '.join(sorted(VENDOR_NAMES))}"
            raise ValueError(message)
        return value

    def model_post_init(self, _: object) -> None:
        if self.fault in AFTER:
            self.fault = AFTER[self.fault]  # type: ignore[assignment]  # values of AFTER are kinds
            self.after_commit = True

    def matches(self, vendor: str, method: str, path: str) -> bool:
        return (
            vendor == self.vendor
            and method == (self.method or method).upper()
            and (self.path or "") in path
        )


class Faults:
    """The table of planned faults, first planned first struck."""

    def __init__(self) -> None:
        self.planned: dict[int, Fault] = {}
        self.ids = count(1)
        self.struck = 0

    def plan(self, fault: Fault) -> int:
        number = next(self.ids)
        self.planned[number] = fault
        return number

    def clear(self) -> None:
        self.planned.clear()

    def strike(self, vendor: str, method: str, path: str) -> Fault | None:
        """The fault that this request meets, if any; counts it."""
        for number, fault in list(self.planned.items()):
            if not fault.matches(vendor, method, path):
                continue
            if fault.after:
                fault.after -= 1
                continue
            fault.times -= 1
            if not fault.times:
                del self.planned[number]
            self.struck += 1
            return fault
        return None
