"""docker-compose.yml: valid by the Compose specification, and as careful as it says it is."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deephypebot.settings_table import settings

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(set(SERVICES) - {"postgres"})
# What compose itself or another image reads.
FOREIGN = {"COMPOSE_PROFILES", "GATEWAY_PUBLISHED_PORT"}
SETTINGS = {setting.name: setting for setting in settings()}


def env_file_names(path: str) -> list[str]:
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    return [line.partition("=")[0] for line in lines if line and not line.startswith("#")]


def is_setting(name: str) -> bool:
    return name in SETTINGS or name.removesuffix("_FILE") in SETTINGS


def test_it_meets_the_compose_specification() -> None:
    shipped = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(shipped.read_text(encoding="utf-8"))
    jsonschema.validate(COMPOSE, schema)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_is_confined_and_watched(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service["init"] is True
    assert service["tmpfs"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert not service.get("privileged")


def test_only_the_gateway_publishes_a_port_and_only_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert list(published) == ["gateway"]
    assert all(port.startswith("127.0.0.1:") for port in published["gateway"])


def test_dependencies_are_waited_for_until_they_are_healthy() -> None:
    conditions = {
        (name, needed): how["condition"]
        for name, service in SERVICES.items()
        for needed, how in service.get("depends_on", {}).items()
    }
    assert ("worker", "gateway") in conditions
    assert set(conditions.values()) == {"service_healthy"}
    assert {needed for _, needed in conditions} <= set(SERVICES)


def test_what_a_profile_may_leave_out_is_not_required() -> None:
    for service in SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            assert ("profiles" in SERVICES[needed]) == (how.get("required") is False)


def test_the_gpu_is_reserved_under_its_profile_only() -> None:
    reserved = {name for name, service in SERVICES.items() if "deploy" in service}
    assert reserved == {"inference-gpu"}
    service = SERVICES["inference-gpu"]
    assert service["profiles"] == ["gpu"]
    device = service["deploy"]["resources"]["reservations"]["devices"][0]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}


@pytest.mark.parametrize("name", ["inference", "inference-gpu"])
def test_either_writer_answers_to_the_name_that_others_ask(name: str) -> None:
    for asking in ("gateway", "worker"):
        assert SERVICES[asking]["environment"]["INFERENCE_URL"] == "http://inference:8001"
    assert SERVICES[name]["networks"]["default"]["aliases"] == ["inference"]


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting_of_the_service_that_gets_it(name: str) -> None:
    room = name.removesuffix("-gpu")
    for variable in SERVICES[name].get("environment", {}):
        setting = SETTINGS.get(variable) or SETTINGS.get(variable.removesuffix("_FILE"))
        assert setting is not None, variable
        assert room in setting.services, variable


def test_the_services_that_want_keys_do_not_start_without() -> None:
    for name in ("gateway", "inference", "inference-gpu", "worker"):
        assert SERVICES[name]["environment"]["API_KEYS"].startswith("${API_KEYS:?")


@pytest.mark.parametrize("path", [".env.example", "deploy/demo.env"])
def test_every_variable_in_an_env_file_is_a_setting(path: str) -> None:
    unknown = [name for name in env_file_names(path) if not is_setting(name)]
    assert set(unknown) <= FOREIGN


@pytest.mark.parametrize("path", [".env.example", "deploy/demo.env"])
def test_every_variable_in_an_env_file_reaches_a_container(path: str) -> None:
    read = set(re.findall(r"\$\{(\w+)", TEXT)) | {"COMPOSE_PROFILES"}
    assert set(env_file_names(path)) <= read


def test_the_example_holds_no_secret() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    values = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    secret = re.compile("KEY|SECRET|TOKEN|URL|CLIENT_ID")
    assert not any(value for name, value in values.items() if secret.search(name))


def test_secret_files_stay_out_of_git_and_of_the_images() -> None:
    assert "/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "*"
    assert not {"!secrets", "!.env", "!data"} & set(ignored)


def test_every_volume_is_named_and_declared() -> None:
    used = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith("./")
    }
    assert used == set(COMPOSE["volumes"])
