"""Running one whole training step on fake tensors: no weights, no arithmetic, the code that training runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol
from unittest import mock

from grokaem.memory import checkpointing
from grokaem.memory.recorder import Recorder
from grokaem.memory.settings import MemorySettings
from grokaem.memory.trace import Trace
from grokaem.memory.workload import Workload

if TYPE_CHECKING:
    import torch
    from torch import nn

    MakeOptimizer = Callable[[nn.Module, MemorySettings, float], torch.optim.Optimizer]


class Kernels(contextlib.AbstractContextManager, Protocol):
    """A device's kernels: entered around the forward pass and around layers that run again."""

    def forward(self) -> contextlib.AbstractContextManager[None]:
        """The part of the step that training runs inside autocast."""
        ...


def trace_step(
    work: Workload,
    settings: MemorySettings,
    *,
    attention: str | None = None,
    kernels: Callable[[MemorySettings], Kernels] | None = None,
    make_optimizer: MakeOptimizer | None = None,
    keep_gradients: bool = False,
    from_first_step: bool = False,
    record: Callable[[bool], Recorder] = Recorder,
) -> Trace:
    """Records what one optimizer step does with memory, from building the model on.

    The optimizer's state exists before the pass, and with accumulation so do the gradients, as from the second
    pass on: the passes before need less.

    Args:
        work (Workload): model and shapes.
        settings (MemorySettings): the levers.
        attention (str, optional): ``"eager"`` or ``"sdpa"``. (Default: the library's choice)
        kernels (callable, optional): given the settings, stands in for another device's kernels; see
            :class:`grokaem.memory.cuda_kernels.CudaKernels`. (Default: this CPU's)
        make_optimizer (callable, optional): given model and settings, the optimizer. (Default: ours)
        keep_gradients (bool, optional): gradients are set to zero after a step instead of freed, as training
            loops did before torch 2. (Default: False)
        from_first_step (bool, optional): run three steps in their true order, two passes for each where
            gradients accumulate, so that the order of allocations is a real one. (Default: False)
        record (callable, optional): told whether convolutions copy, makes the recorder. (Default: the usual one)

    Returns:
        Trace: every storage, in time; marks ``build``, ``state``, ``forward``, ``backward``, ``optimizer``.
    """
    # Both make tensors when they are imported, and those are of no step.
    import bitsandbytes.functional  # noqa: F401
    from torch._subclasses.fake_tensor import FakeTensorMode

    if settings.lora_rank:
        import peft  # noqa: F401

    from grokaem.memory.apply import apply_to_model, weights_dtype

    with _quiet(), FakeTensorMode(), record(kernels is None) as recorder, _fake_friendly(recorder):
        recorder.mark("build", "workspace")
        model = _without_scripts(work.build(weights_dtype(settings), attention))
        model = apply_to_model(model, settings).train()
        for tensor in [*model.parameters(), *model.buffers(), *_int8_state(model)]:
            recorder.tag(tensor, "parameters")
        step = _Step(recorder, model, work, settings, kernels, make_optimizer, keep_gradients)
        if from_first_step:
            step.whole(3)
        else:
            step.steady()
        recorder.mark("end", "workspace")
        trace = recorder.trace
    return trace


class _Step:
    """The training step on fakes; the names follow :func:`trace_step`."""

    def __init__(
        self,
        recorder: Recorder,
        model: nn.Module,
        work: Workload,
        settings: MemorySettings,
        kernels: Callable[[MemorySettings], Kernels] | None,
        make_optimizer: MakeOptimizer | None,
        keep_gradients: bool,
    ) -> None:
        from grokaem.memory.optimizers import build_optimizer

        self.recorder, self.model, self.work, self.settings = recorder, model, work, settings
        self.keep_gradients = keep_gradients
        self.kernels = CpuKernels(settings) if kernels is None else kernels(settings)
        self.trainable = [p for p in model.parameters() if p.requires_grad]
        for parameter in self.trainable:
            parameter.register_post_accumulate_grad_hook(lambda p: recorder.tag(p.grad, "gradients"))
        self.optimizer = (make_optimizer or build_optimizer)(model, settings, 1e-3)

    def steady(self) -> None:
        """One step as all steps but the first are."""
        import torch

        self.recorder.mark("state", "optimizer_state")
        _make_state(self.optimizer, self.trainable)
        _tag_state(self.recorder, self.optimizer)
        if self.settings.gradient_accumulation_steps > 1 or self.keep_gradients:
            self.recorder.mark("gradients", "gradients")
            for parameter in self.trainable:
                parameter.grad = torch.zeros_like(parameter)
        self._pass()
        self._update()

    def whole(self, steps: int) -> None:
        """The first steps, in order."""
        for _ in range(steps):
            for _ in range(min(2, self.settings.gradient_accumulation_steps)):
                self._pass()
            self._update()
            self.optimizer.zero_grad(set_to_none=not self.keep_gradients)

    def _pass(self) -> None:
        self.recorder.mark("forward", "activations")
        inputs = self.work.batch(self.settings.micro_batch_size)
        with self.kernels, self.kernels.forward():
            loss = self.model(**inputs).loss
        self.recorder.mark("backward", "workspace")
        with mock.patch.object(checkpointing, "second_pass", lambda: self.kernels):
            (loss / self.settings.gradient_accumulation_steps).backward()

    def _update(self) -> None:
        self.recorder.mark("optimizer", "workspace")
        self.optimizer.step()
        _tag_state(self.recorder, self.optimizer)


class CpuKernels(contextlib.nullcontext):
    """This device's own kernels.

    Args:
        settings (MemorySettings): the precision decides whether there is autocast.
    """

    def __init__(self, settings: MemorySettings) -> None:
        super().__init__()
        self.settings = settings

    def forward(self) -> contextlib.AbstractContextManager[None]:
        """The part of the step that training runs inside autocast."""
        from grokaem.memory.apply import autocast

        return autocast(self.settings, "cpu")


def _make_state(optimizer: torch.optim.Optimizer, trainable: list[nn.Parameter]) -> None:
    """Lets the optimizer create its state weight by weight, so that no gradients pile up here."""
    import torch

    groups = optimizer.param_groups
    members = [group["params"] for group in groups]
    for part in getattr(optimizer, "parts", [optimizer]):
        for group in part.param_groups:
            for parameter in list(group["params"]):
                parameter.grad = torch.zeros_like(parameter)
                part.step()
                parameter.grad = None
    for group, parameters in zip(groups, members, strict=True):
        group["params"] = parameters


def _tag_state(recorder: Recorder, optimizer: torch.optim.Optimizer) -> None:
    import torch

    for part in getattr(optimizer, "parts", [optimizer]):
        for state in part.state.values():
            for value in state.values():
                if isinstance(value, torch.Tensor):
                    recorder.tag(value, "optimizer_state")


def _int8_state(model: nn.Module) -> list[torch.Tensor]:
    from grokaem.memory.int8 import Int8Linear

    layers = [module for module in model.modules() if isinstance(module, Int8Linear)]
    weights = [layer.weight for layer in layers]  # bitsandbytes' own parameters
    return [value for weight in weights for value in (weight.CB, weight.SCB)]  # pyright: ignore[reportAttributeAccessIssue]


def _without_scripts(model: nn.Module) -> nn.Module:
    """Puts the Python originals in place of functions compiled by TorchScript, which cannot run on fakes."""
    import sys

    import torch

    module = sys.modules[type(model).__module__]
    for name, function in list(vars(module).items()):
        original = getattr(function, "_torchdynamo_inline", None)
        if isinstance(function, torch.jit.ScriptFunction) and original is not None:
            setattr(module, name, original)
    return model


@contextlib.contextmanager
def _fake_friendly(recorder: Recorder) -> Iterator[None]:
    """Replaces the places that need real values, that fake parameters refuse, or that repeat themselves."""
    import torch
    from bitsandbytes import functional
    from torch._subclasses.fake_tensor import FakeTensorMode

    from grokaem.memory import adamw8bit

    def move(
        module: nn.Module, function: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True
    ) -> nn.Module:
        for child in module.children():
            move(child, function)
        for name, parameter in module._parameters.items():
            if parameter is None:
                continue
            with torch.no_grad():
                moved = function(parameter)
            if moved is not parameter:
                module._parameters[name] = torch.nn.Parameter(moved, parameter.requires_grad)
        for name, value in module._buffers.items():
            if value is not None:
                module._buffers[name] = function(value)
        return module

    with (
        mock.patch.object(torch.nn.Module, "_apply", move),
        # peft copies the head it trains, and a copied fake tensor would bring a copy of the mode.
        mock.patch.object(FakeTensorMode, "__deepcopy__", lambda self, _: self, create=True),
        mock.patch.object(functional, "create_dynamic_map", lambda *_, **__: torch.zeros(256)),
        mock.patch.object(adamw8bit, "slices", recorder.first_slice),
    ):
        yield


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    import warnings

    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logging.set_verbosity(level)
