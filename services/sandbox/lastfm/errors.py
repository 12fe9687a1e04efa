"""Last.fm's error bodies: a number says what is wrong, and the HTTP status hardly matters."""

from services.sandbox.answers import Answer, VendorError, json_answer

BAD_METHOD, BAD_PARAMETERS, BAD_KEY, UNAVAILABLE, SUSPENDED, HASTE = 3, 6, 10, 16, 26, 29
MESSAGES = {
    BAD_METHOD: "Invalid Method - No method with that name in this package",
    BAD_PARAMETERS: "Invalid parameters - Your request is missing a required parameter",
    BAD_KEY: "Invalid API key - You must be granted a valid key by last.fm",
    UNAVAILABLE: "The service is temporarily unavailable, please try again.",
    SUSPENDED: "Suspended API key - Access for your account has been suspended",
    HASTE: "Rate limit exceeded - Your IP has made too many requests in a short period",
}
STATUSES = {BAD_METHOD: 400, BAD_PARAMETERS: 400, BAD_KEY: 403, SUSPENDED: 403, HASTE: 429}
ERRORS = {400: BAD_PARAMETERS, 403: BAD_KEY, 404: BAD_METHOD, 429: HASTE}
ARTIST_NOT_FOUND = "The artist you supplied could not be found"


def lastfm_failure(status: int) -> Answer:
    error = ERRORS.get(status, UNAVAILABLE)
    return json_answer(status, {"error": error, "message": MESSAGES[error]})


def refused(error: int) -> VendorError:
    document = {"error": error, "message": MESSAGES[error]}
    return VendorError(json_answer(STATUSES.get(error, 500), document))


def no_such_artist(*, by_id: bool) -> VendorError:
    """It is told so with a status of 200 by name, and of 404 by id."""
    document = {"error": BAD_PARAMETERS, "message": ARTIST_NOT_FOUND}
    return VendorError(json_answer(404 if by_id else 200, document))
