"""Faults on demand: what a vendor does on a bad day, for the next N matching requests."""

from itertools import count
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.sandbox.vendors import VENDOR_NAMES

Kind = Literal["status", "html", "timeout", "half", "reset", "drip", "duplicate", "shuffle", "skew"]
# Scripts may name a fault that strikes after the vendor has done the work in one word.
AFTER = {"accept-then-timeout": "timeout", "accept-then-reset": "reset"}


class Call(NamedTuple):
    """A request to a vendor, as far as faults tell requests apart."""

    vendor: str
    method: str
    path: str
    query: str


class Fault(BaseModel):
    """One entry of the table; it strikes `times` matching requests, then it is spent."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"vendor": "x", "path": "/2/tweets", "fault": "timeout"}},
    )

    vendor: str = Field(description=f"Whose requests: {', '.join(sorted(VENDOR_NAMES))}.")
    method: str | None = Field(None, description="Only this method.")
    path: str | None = Field(None, description="Only paths that contain this text.")
    query: str | None = Field(
        None, description="Only requests whose query contains this text: a later page, say."
    )
    fault: Kind | Literal["accept-then-timeout", "accept-then-reset"] = Field(
        description="`duplicate` gives the things in an answer twice, `shuffle` in another order, "
        "`skew` with a clock that is wrong by `seconds`."
    )
    times: Annotated[int, Field(ge=1)] = Field(1, description="How many requests to strike.")
    after: int = Field(0, ge=0, description="How many matching requests to let through first.")
    after_commit: bool = Field(
        False, description="Let the vendor do the work, then strike its answer."
    )
    status: int = Field(
        503,
        ge=200,
        le=599,
        description="For `status` and `html`; 200 with a body of another kind is a fault too.",
    )
    body: str | None = Field(None, description="For `status`: this text, not the vendor's body.")
    headers: dict[str, str] = Field({}, description="For `status`: headers besides the vendor's.")
    seconds: float = Field(
        30.0,
        ge=-86_400,
        le=86_400,
        description="How long `timeout` holds and `drip` takes altogether; by how much `skew` is "
        "off.",
    )

    @field_validator("vendor")
    @classmethod
    def known(cls, value: str) -> str:
        if value not in VENDOR_NAMES:
            message = f"no such vendor; there are {', '.join(sorted(VENDOR_NAMES))}"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def strikes(self) -> Self:
        if self.fault == "status" and self.status < 300 and self.body is None:
            message = f"status {self.status} is a fault only with a body of another kind"
            raise ValueError(message)
        return self

    def model_post_init(self, _: object) -> None:
        if self.fault in AFTER:
            self.fault = AFTER[self.fault]  # type: ignore[assignment]  # values of AFTER are kinds
            self.after_commit = True

    def matches(self, call: Call) -> bool:
        return (
            call.vendor == self.vendor
            and call.method == (self.method or call.method).upper()
            and (self.path or "") in call.path
            and (self.query or "") in call.query
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

    def strike(self, call: Call) -> Fault | None:
        """The fault that this request meets, if any; counts it."""
        for number, fault in list(self.planned.items()):
            if not fault.matches(call):
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
