"""Mastodon's error bodies: one sentence under `error`, whatever the status."""

from http import HTTPStatus

from services.sandbox.answers import HTML, Answer, VendorError, json_answer

INVALID_TOKEN = "The access token is invalid"  # noqa: S105 - Mastodon's words, no secret
TEMPORARY = "There was a temporary problem serving your request, please try again"
MESSAGES = {
    401: INVALID_TOKEN,
    403: "This action is not allowed",
    404: "Record not found",
    410: "The page you were looking for doesn't exist here anymore.",
    422: "Validation failed: Text can't be blank",
    429: "Too many requests",
    503: TEMPORARY,
}
# What nginx says while no process of Mastodon's answers it.
GATEWAY = "<html>\r\n<head><title>{0}</title></head>\r\n<body><h1>{0}</h1></body>\r\n</html>\r\n"


def mastodon_failure(status: int) -> Answer:
    """How Mastodon, or the proxy that every instance has before it, words this status."""
    phrase = HTTPStatus(status).phrase
    if status in {502, 504}:
        return Answer(status, GATEWAY.format(f"{status} {phrase}").encode(), HTML)
    return json_answer(status, {"error": MESSAGES.get(status, phrase)})


def refused(status: int, message: str | None = None) -> VendorError:
    answer = mastodon_failure(status)
    return VendorError(answer if message is None else json_answer(status, {"error": message}))


def invalid(what: str) -> VendorError:
    """A status that Mastodon's validations reject."""
    return refused(422, f"Validation failed: {what}")
