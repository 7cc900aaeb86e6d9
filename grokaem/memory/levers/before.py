"""Levers that are looked at before anything is trained."""

from __future__ import annotations

from grokaem.memory.lever import Lever

PREFLIGHT = Lever(
    key="preflight",
    name="Two examples on the CPU first",
    flag="--preflight",
    kind="check",
    saves="a failed run",
    costs="seconds",
    chosen="a wrong label or shape also looks like running out of memory on an accelerator, and is found here",
    refused="switched off by --no-preflight",
)
DISTILLED = Lever(
    key="distilled",
    name="A distilled student instead of its teacher",
    flag="--base-model",
    kind="model",
    saves="everything, in proportion to the layers",
    costs="some accuracy",
    chosen="half the layers are half the weights, gradients, state and activations",
    refused="the model you asked for fits",
)
