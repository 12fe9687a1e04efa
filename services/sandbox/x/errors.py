"""X's error bodies, as recorded by people who met them."""

from http import HTTPStatus

from services.sandbox.answers import HTML, Answer, VendorError, json_answer, refuse

PROBLEMS = "https://api.twitter.com/2/problems/"
CREDITS = {
    "account_id": 1,
    "title": "CreditsDepleted",
    "detail": "Your enrolled account [1] does not have any credits to fulfill this request.",
    "type": f"{PROBLEMS}credits",
}
SPEND_CAP = {
    "title": "SpendCapReached",
    "detail": "Your enrolled account has reached its billing cycle spend cap.",
    "reset_date": "2026-12-13",
    "type": f"{PROBLEMS}credits",
}
OVER_CAPACITY = (
    "<!DOCTYPE html>\n<html><head><title>X / Over capacity</title></head>"
    "<body><h1>Over capacity</h1></body></html>\n"
)


def problem(status: int, detail: str) -> dict[str, object]:
    title = HTTPStatus(status).phrase
    return {"title": title, "type": "about:blank", "status": status, "detail": detail}


def x_failure(status: int) -> Answer:
    """How X words a failure of this status."""
    if status >= 500:
        return Answer(status, OVER_CAPACITY.encode(), HTML)
    if status in {402, 403}:
        return json_answer(status, CREDITS if status == 402 else SPEND_CAP)
    return json_answer(status, problem(status, HTTPStatus(status).phrase))


def refused(status: int, detail: str) -> VendorError:
    return refuse(status, problem(status, detail))


def invalid(parameter: str, value: str, message: str) -> VendorError:
    """A request that X cannot read; it names the parameter."""
    return refuse(
        400,
        {
            "errors": [{"parameters": {parameter: [value]}, "message": message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": f"{PROBLEMS}invalid-request",
        },
    )


def unsupported_authentication() -> VendorError:
    return refuse(
        403,
        {
            "title": "Unsupported Authentication",
            "detail": "Authenticating with OAuth 2.0 Application-Only is forbidden for this "
            "endpoint.  Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 "
            "User Context].",
            "type": f"{PROBLEMS}unsupported-authentication",
            "status": 403,
        },
    )


def not_found(parameter: str, value: str) -> dict[str, str]:
    """A partial error inside a 200: one of the things asked for is not there."""
    return {
        "value": value,
        "detail": f"Could not find tweet with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": "tweet",
        "parameter": parameter,
        "resource_id": value,
        "type": f"{PROBLEMS}resource-not-found",
    }
