"""Google's error bodies."""

from http import HTTPStatus

from services.sandbox.answers import Answer, VendorError, json_answer

STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
MESSAGES = {
    401: "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
    "cookie or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project.",
    403: "The caller does not have permission",
    404: "Requested entity was not found.",
    500: "Internal error encountered.",
    503: "The service is currently unavailable.",
}


def quota_message(kind: str) -> str:
    """`kind` is Read or Write."""
    return (
        f"Quota exceeded for quota metric '{kind} requests' and limit '{kind} requests per minute "
        "per user' of service 'sheets.googleapis.com' for consumer 'project_number:1'."
    )


def google_failure(status: int) -> Answer:
    message = MESSAGES.get(status) or (
        quota_message("Read") if status == 429 else HTTPStatus(status).phrase
    )
    return _answer(status, message)


def refused(status: int, message: str | None = None) -> VendorError:
    return VendorError(google_failure(status) if message is None else _answer(status, message))


def invalid(message: str) -> VendorError:
    return refused(400, message)


def invalid_value(field: str, kind: str, value: str) -> VendorError:
    """A body field of the wrong type, in the words of Google's JSON reader."""
    message = f"Invalid value at '{field}' (type.googleapis.com/{kind}), \"{value}\""
    violation = {"field": field, "description": message}
    details = [
        {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
    ]
    error = {"code": 400, "message": message, "status": STATUSES[400], "details": details}
    return VendorError(json_answer(400, {"error": error}))


def _answer(status: int, message: str) -> Answer:
    error = {"code": status, "message": message, "status": STATUSES.get(status, "UNKNOWN")}
    return json_answer(status, {"error": error})
