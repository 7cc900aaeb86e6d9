"""Width against depth: what a wide residual network costs, for every widening factor, before it is built."""

from __future__ import annotations

import gradio as gr
import numpy as np
from gradio.components.plot import PlotData

from demos.error_messages import one_sentence
from demos.plots import plot
from demos.wording import say, text
from grokaem.audio.wide_resnet_shapes import cost
from grokaem.curves import curves
from grokaem.figure import Axis

DEPTHS = (10, 16, 22, 28, 40)
WIDEST = 12
N_MELS, FRAMES_PER_SECOND = 64, 100
MAX_SECONDS, MAX_BATCH = 30.0, 256
# float32 weights, their gradients, and AdamW's two moments
BYTES_PER_PARAMETER = 16

LESSON = (
    "A wide residual network WRN-**d**-**k** has d convolutions on its longest path and k times the feature maps. "
    "Parameters grow **linearly with the depth** and **with the square of the width**; the memory of the feature "
    "maps, which training keeps for every example, grows linearly with both. Zagoruyko and "
    "Komodakis (2016) found wide, shallow networks as accurate as thin ones many times deeper, and faster to train."
)


def network_cost(depth: int, widen_factor: int, seconds: float, batch_size: int) -> dict[str, float]:
    """What a network on log-mel clips costs.

    Args:
        depth (int): 6 n + 4.
        widen_factor (int): 1 to 12.
        seconds (float): length of a clip, at most 30.
        batch_size (int): clips at once in training, at most 256.

    Returns:
        dict: ``parameters``, ``multiply_adds`` of one clip, ``activation_mib`` of one clip and ``training_mib``
        of a batch (float32 weights, gradients, AdamW's moments, kept feature maps).

    Raises:
        ValueError: a setting is out of range, or the depth is not 6 n + 4.
    """
    if not 1 <= widen_factor <= WIDEST:
        raise ValueError(f"A widening factor of {widen_factor} is not shown here; choose 1 to {WIDEST}.")
    if not 0.1 <= seconds <= MAX_SECONDS:
        raise ValueError(f"Clips of {seconds:g} s are not shown here; choose 0.1 to {MAX_SECONDS:.0f} s.")
    if not 1 <= batch_size <= MAX_BATCH:
        raise ValueError(f"A batch of {batch_size} is not shown here; choose 1 to {MAX_BATCH}.")
    found = cost(depth, widen_factor, (N_MELS, 1 + int(seconds * FRAMES_PER_SECOND)))
    training = BYTES_PER_PARAMETER * found.parameters + batch_size * found.activation_bytes
    return {
        "parameters": found.parameters,
        "multiply_adds": found.multiply_adds,
        "activation_mib": round(found.activation_bytes / 2**20, 2),
        "training_mib": round(training / 2**20, 1),
    }


def draw(depth: int, widen_factor: int, seconds: float, batch_size: int) -> list[PlotData]:
    """Three charts over the widening factor, a curve for each depth: parameters, multiply-adds, memory."""
    factors = np.arange(1, WIDEST + 1)
    depths = sorted({*DEPTHS, depth})
    table = {d: [network_cost(d, int(k), seconds, batch_size) for k in factors] for d in depths}
    chosen = table[depth][widen_factor - 1]
    titles = {
        "parameters": say("parameters"),
        "multiply_adds": say("multiply-adds, one clip"),
        "training_mib": say("memory to train (MiB)"),
    }
    drawn = []
    for key, title in titles.items():
        series = {say("depth {depth}", depth=d): np.array([row[key] for row in rows]) for d, rows in table.items()}
        mark = (widen_factor, chosen[key])
        horizontal, vertical = Axis(say("widening factor k")), Axis(title, log=True)
        drawn.append(plot(curves(factors, series, horizontal, vertical, markers=True, mark=mark)))
    return drawn


@one_sentence
def network_and_its_cost(
    depth: int = 16, widen_factor: int = 2, seconds: float = 2.0, batch_size: int = 32
) -> tuple[dict[str, float], str]:
    """Computes what a wide residual network on log-mel clips (64 bands, 100 frames a second) costs.

    Args:
        depth (int): 6 n + 4: 10, 16, 22, 28, 40, ...
        widen_factor (int): 1 to 12, multiplies the feature maps.
        seconds (float): length of a clip, 0.1 to 30.
        batch_size (int): clips at once in training, 1 to 256.

    Returns:
        ``parameters``, ``multiply_adds`` of one clip, ``activation_mib`` of one clip, ``training_mib``.
        The same as a sentence.
    """
    found = network_cost(int(depth), int(widen_factor), float(seconds), int(batch_size))
    note = say(
        "WRN-{depth}-{factor}: **{parameters} parameters**, {operations} million multiply-adds and {kept} MiB of kept "
        "feature maps for a clip of {seconds} s; training with AdamW in float32, {batch} clips at once, keeps about "
        "**{training} MiB** of weights, gradients, moments and feature maps.",
        depth=int(depth),
        factor=int(widen_factor),
        parameters=found["parameters"],
        operations=f"{found['multiply_adds'] / 1e6:,.0f}",
        kept=f"{found['activation_mib']:,.1f}",
        seconds=f"{seconds:g}",
        batch=int(batch_size),
        training=f"{found['training_mib']:,.0f}",
    )
    return found, note


def add_panel() -> None:
    """Lays out the panel inside the open ``gr.Blocks``."""
    with gr.Accordion(text("Width against depth: a wide residual network's cost"), open=False) as panel:
        gr.Markdown(text(LESSON), elem_classes="lesson")
        with gr.Row():
            depth = gr.Radio(list(DEPTHS), value=16, label=text("Depth d"), elem_id="wrn-depth")
            factor = gr.Slider(1, WIDEST, 2, step=1, label=text("Widening factor k"), elem_id="wrn-factor")
            seconds = gr.Slider(0.5, MAX_SECONDS, 2, step=0.5, label=text("Clip (s)"))
            batch = gr.Slider(1, MAX_BATCH, 32, step=1, label=text("Batch size"))
        note = gr.Markdown("", elem_id="wrn-note")
        with gr.Row():
            plots = [
                gr.Plot(label=text("Parameters"), elem_id="wrn-parameters"),
                gr.Plot(label=text("Multiply-adds"), elem_id="wrn-multiply-adds"),
                gr.Plot(label=text("Memory to train"), elem_id="wrn-memory"),
            ]
        numbers = gr.JSON(visible=False)
        settings = [depth, factor, seconds, batch]
        gr.on(
            [panel.expand, depth.input, factor.release, seconds.release, batch.release],
            network_and_its_cost,
            settings,
            [numbers, note],
            api_name="draw_wide_resnet_cost",
            api_visibility="private",
        ).success(draw, settings, plots, show_progress="hidden", api_visibility="private")
