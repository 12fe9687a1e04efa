"""The inference service's settings."""

import pytest
from pydantic import ValidationError

from services.common.settings import environment_name
from services.inference.loading import WriterMissingError, device_of
from services.inference.settings import InferenceSettings


def test_every_field_is_described_and_named() -> None:
    for name, field in InferenceSettings.model_fields.items():
        assert field.description, name
        assert environment_name(InferenceSettings, name, field).isupper()


@pytest.mark.parametrize("device", ["auto", "cpu", "mps", "cuda", "cuda:1"])
def test_devices_that_may_be_named(device: str) -> None:
    assert InferenceSettings(device=device).device == device


@pytest.mark.parametrize("device", ["", "gpu", "cuda:", "cuda:x", "CPU"])
def test_devices_that_may_not(device: str) -> None:
    with pytest.raises(ValidationError):
        InferenceSettings(device=device)


@pytest.mark.parametrize("device", ["cuda:99", "mps"])
def test_a_device_that_is_not_there_is_told(device: str) -> None:
    backends = pytest.importorskip("torch").backends
    if device == "mps" and backends.mps.is_available():
        pytest.skip("it is there")
    with pytest.raises(WriterMissingError, match=f"no usable GPU for INFERENCE_DEVICE={device}"):
        device_of(device)


def test_what_is_always_there_needs_no_look() -> None:
    assert device_of("cpu") == "cpu"
