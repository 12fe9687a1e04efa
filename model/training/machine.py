"""What a training runs on: one process or several, on CPU, CUDA or MPS, by Lightning Fabric.

- Several devices are several processes that share every batch (data parallelism); on a CPU they
  are so many processes of a few threads each.
- Processes are spawned, never forked: a fork of a process that has used CUDA or OpenMP hangs. Each
  gets its own copy of what is passed to it, and what they learn comes back in files.
- Mixed precision is used where the machine is quicker for it, which on a CPU only a trial tells.
"""

import os
import platform
import sys
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from multiprocessing import active_children
from typing import Literal

import torch
from lightning_fabric import Fabric
from torch import nn
from torch.multiprocessing.spawn import ProcessExitedException

from model.errors import TrainingError
from model.memory import hold_memory
from model.precision import fastest
from model.training.config import CVAETraining, TrainingConfig

Kind = Literal["cpu", "cuda", "mps"]

_GRACE = 10.0  # seconds in which an interrupted process may close its files


def launch(config: TrainingConfig, function: Callable[..., None], *arguments: object) -> None:
    """Call `function(fabric, *arguments)` in each of a training's processes: here, if it is one.

    This process, if it is the only one, keeps the threads and the precision that it is given.

    Raises:
        TrainingError: this machine lacks the devices, a process raised one, or a process died.
    """
    fabric = fabric_for(config)
    if config.devices == 1:
        settle(config)
        fabric.launch(function, *arguments)
        return
    before = set(active_children())
    try:
        error = fabric.launch(partial(_share, config, function, arguments))
    except ProcessExitedException as death:
        raise TrainingError(
            f"{death}; was the memory too short? The same command goes on from the last whole "
            "epoch, and fewer `devices` need less memory"
        ) from death
    finally:
        # An interrupted launch leaves its processes to themselves. Ctrl-C has reached them too.
        for process in set(active_children()) - before:
            process.join(_GRACE)
            process.terminate()
    if error is not None:
        raise error


def _share(
    config: TrainingConfig,
    function: Callable[..., None],
    arguments: tuple[object, ...],
    fabric: Fabric,
) -> TrainingError | None:
    """One process's share. An error for the user is returned, for raised it would lose its type."""
    settle(config)
    # Tensors arrive in memory that all processes share.
    own = [deepcopy(a) if isinstance(a, nn.Module) else a for a in arguments]
    try:
        function(fabric, *own)
    except TrainingError as error:
        return error
    return None


def fabric_for(config: TrainingConfig) -> Fabric:
    """The devices and the precision of a training.

    Raises:
        TrainingError: this machine doesn't have them.
    """
    kind = kind_of(config)
    _check_devices(kind, config.devices)
    return Fabric(
        accelerator=kind,
        devices=config.devices,
        strategy="auto" if config.devices == 1 else "ddp_spawn",
        precision="bf16-mixed" if in_bf16(config.cvae, kind) else "32-true",
    )


def kind_of(config: TrainingConfig) -> Kind:
    """The kind of device that a training takes: the one it names, or the fastest there is."""
    return default_device() if config.accelerator == "auto" else config.accelerator


def default_device() -> Kind:
    """The fastest kind of device there is."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _check_devices(kind: Kind, wanted: int) -> None:
    present = {
        "cpu": sys.maxsize,  # more processes than cores are slow, not wrong
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }[kind]
    if wanted < 1:
        raise TrainingError(f"a training needs at least one device, not {wanted}")
    if wanted > present:
        raise TrainingError(
            f"this machine has {present} {kind} devices that torch can use, not {wanted}; "
            "name fewer `devices`, or leave `accelerator` out to train on what there is"
        )


def settle(config: TrainingConfig) -> None:
    """Give this process its share of the threads, TF32 where there is, and memory to hold on to."""
    torch.set_num_threads(max(1, (config.threads or os.cpu_count() or 1) // config.devices))
    torch.set_float32_matmul_precision("high")
    hold_memory()


def described(config: TrainingConfig) -> str:
    """The machine in words, for a model card."""
    kind = kind_of(config)
    device = f"{torch.cuda.get_device_name()}, " if kind == "cuda" else ""
    return f"{device}{os.cpu_count()} CPU cores, {platform.machine()}, torch {torch.__version__}"


def in_bf16(settings: CVAETraining, kind: Kind = "cpu") -> bool:
    """Whether a training computes in mixed precision."""
    if settings.bf16 is not None:
        return settings.bf16
    return fastest(torch.device(kind)) is torch.bfloat16
