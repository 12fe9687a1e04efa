from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric

from model import precision
from model.errors import TrainingError
from model.training.config import Accelerator, CVAETraining, TrainingConfig
from model.training.machine import fabric_for, in_bf16, kind_of, launch

_CPU = TrainingConfig(Path("unused"), threads=1, accelerator="cpu", cvae=CVAETraining(bf16=False))


@pytest.fixture
def _fresh_trial() -> Iterator[None]:
    precision.bf16_pays.cache_clear()
    yield
    precision.bf16_pays.cache_clear()


@pytest.mark.usefixtures("_fresh_trial")
@pytest.mark.parametrize(("half", "pays"), [(1.0, True), (3.0, False)])
def test_without_a_word_about_precision_a_cpu_takes_the_faster(
    half: float, pays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def span(product: Callable[[], torch.Tensor]) -> float:
        return half if product().dtype == torch.bfloat16 else 2.0

    monkeypatch.setattr(precision, "_span", span)
    assert in_bf16(CVAETraining()) is pays
    assert in_bf16(CVAETraining(bf16=not pays)) is not pays


@pytest.mark.parametrize("able", [True, False])
def test_a_gpu_computes_in_bf16_where_it_can(able: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: able)
    assert in_bf16(CVAETraining(), "cuda") is able


@pytest.mark.parametrize(
    ("cuda", "mps", "kind"),
    [(True, False, "cuda"), (False, True, "mps"), (False, False, "cpu"), (True, True, "cuda")],
)
def test_the_fastest_kind_of_device_is_taken_unless_one_is_named(
    cuda: bool, mps: bool, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert kind_of(replace(_CPU, accelerator="auto")) == kind
    assert kind_of(_CPU) == "cpu"


@pytest.mark.parametrize(
    ("accelerator", "devices", "advice"),
    [("cuda", 2, "has 1 cuda .* name fewer"), ("mps", 2, "has 0 mps"), ("cpu", 0, "at least one")],
)
def test_devices_that_are_not_there_are_refused(
    accelerator: Accelerator, devices: int, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(TrainingError, match=advice):
        fabric_for(replace(_CPU, accelerator=accelerator, devices=devices))


def test_the_only_process_is_this_one() -> None:
    calls: list[tuple[int, int, str]] = []

    def note(fabric: Fabric, word: str) -> None:
        calls.append((fabric.global_rank, fabric.world_size, word))

    launch(_CPU, note, "here")
    assert calls == [(0, 1, "here")]
