"""Whatever the OpenAPI document allows or forbids, sent to every door of the real service."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.inference.app import create_app
from services.inference.settings import InferenceSettings
from tests.services.inference.processes import running, wait_for

# A batch may ask for thousands of drafts, and may take as long as the service's own deadline.
PATIENCE_SECONDS = 60

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    """The document of a running service, and where it runs."""
    log: Path = tmp_path_factory.mktemp("inference") / "log"
    with running(log) as (client, _):
        wait_for(client, "/readyz", '"ready"', log)
        yield schemathesis.openapi.from_url(f"{client.base_url}/openapi.json")


def doors() -> list[tuple[str, str]]:
    paths = create_app(InferenceSettings()).openapi()["paths"]
    return [(path, method.upper()) for path, methods in paths.items() for method in methods]


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(("path", "method"), doors())
def test_no_door_fails_or_answers_what_it_does_not_promise(
    document: schemathesis.BaseSchema, path: str, method: str, mode: GenerationMode
) -> None:
    door = document[path][method]
    if mode is GenerationMode.NEGATIVE and not (door.body or door.query):
        pytest.skip("takes nothing that could be wrong")

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=door.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=CHECKS, timeout=PATIENCE_SECONDS)

    ask()
