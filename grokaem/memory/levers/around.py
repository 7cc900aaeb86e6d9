"""Levers that change no tensor of the model: the data on its way to it, the losses on their way out, use."""

from __future__ import annotations

from grokaem.memory.lever import Lever

BUCKETING = Lever(
    key="bucketing",
    name="Texts of like length together, padded no further than needed",
    flag="--group-by-length",
    kind="exact",
    saves="the padding of every batch",
    costs="order within an epoch is a little less random",
    chosen="padding is computed and stored like text; only the longest batch sets the peak",
    refused="switched off by --no-group-by-length",
    needs=("padding",),
)
HOST = Lever(
    key="host",
    name="Data stays on the host",
    flag="--pin-memory",
    kind="host",
    saves="accelerator memory: only the batch in use is there",
    costs="pinned pages of host memory",
    chosen="only the batch in use travels to the accelerator, from pinned pages while the last one computes",
    refused="on a CPU there is nowhere to copy the data to, so no pages are pinned",
    needs=("copies_inputs",),
)
WORKERS = Lever(
    key="workers",
    name="Workers that prepare batches",
    flag="--dataloader-workers",
    kind="host",
    saves="no memory: time, where preparing a batch takes as long as a step",
    costs="a process on the host for each, with its own copy of what it touches",
    chosen="preparing batches takes as long as training on them",
    refused="the data is prepared once and kept on the host, so workers would only take memory",
)
LOSSES = Lever(
    key="what_runs_where",
    name="Losses leave the graph as numbers",
    flag="--logging-steps",
    kind="host",
    saves="the graphs a kept loss tensor would hold",
    costs="nothing",
    chosen=(
        "a loss tensor kept for a plot keeps its whole graph; its value is taken only at logging steps, and "
        "metrics are computed on the CPU"
    ),
    refused="always on",
)
QUANTIZE = Lever(
    key="quantize",
    name="Quantization for use",
    flag="--export",
    kind="after",
    saves="three quarters of the model's size in use",
    costs="measured accuracy, and the export is refused beyond a limit",
    chosen="training needs fine steps, use does not: the exported model is int8",
    refused="no export was asked for",
)
