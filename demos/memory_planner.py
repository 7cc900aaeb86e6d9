"""The memory tab: what fine-tuning a model needs, lever by lever, and what fits a budget.

python -m demos.memory_planner
"""

from __future__ import annotations

from typing import Any, NamedTuple

import gradio as gr
from gradio.components.plot import PlotData

from demos import drawn
from demos.deep_links import link_inputs
from demos.error_messages import one_sentence
from demos.frame import frame
from demos.heavy import cancel_button, heavy
from demos.memory_measured import told_and_measured
from demos.memory_models import find_model, offered, trace_model
from demos.memory_plan import Bar, MemoryPlan, answer, plan_memory
from demos.plots import plot
from demos.served_model import ServedModel
from demos.tab import Row, Tab
from demos.wording import say, text, translated
from grokaem.address import REPOSITORY
from grokaem.kinds import AUDIO, TEXT
from grokaem.memory.trace import KINDS
from grokaem.stacked_bars import Limit, Stack, stacked_bars

LESSON = (
    "Fine-tuning fails most often for want of memory. Most of it is **activations**: what each layer keeps of the "
    "batch for the backward pass. Turn a lever and see what becomes smaller, before anything runs."
)
CHECKLIST = (
    "1. **Smaller passes, the same batch**: let a pass hold fewer examples and add up their gradients; the update is "
    "the same ([why]({page}#2-a-smaller-batch-and-the-same-batch---batch-size---gradient-accumulation-steps)).\n"
    "2. **Compute again instead of keeping**: gradient checkpointing keeps each layer's input only, for one more "
    "forward pass ([how]({page}#3-compute-it-again---gradient-checkpointing)).\n"
    "3. **Then the numbers**: bf16 halves activations, 8-bit Adam quarters the optimizer's state, LoRA needs almost "
    "none ([the whole list]({page}#the-list))."
)
PARTS = (*KINDS, "runtime")
PART_NAMES = ("weights", "gradients", "optimizer state", "activations", "short-lived tensors", "the program")
BEGINS = (32, 128, 2.0, "auto")  # batch, tokens, GB, precision


class Question(NamedTuple):
    """What the visitor sets, in the order of :func:`show`."""

    model: gr.Radio
    other: gr.Textbox
    batch: gr.Slider
    tokens: gr.Slider
    seconds: gr.Radio
    budget: gr.Slider
    precision: gr.Radio


class Shown(NamedTuple):
    """What the tab answers."""

    sentence: gr.Markdown
    chart: gr.Plot
    reasons: gr.Markdown
    command: gr.Code


def create_demo(served: tuple[ServedModel, ...] = ()) -> gr.Blocks:
    """Lays out the tab.

    Args:
        served (tuple of ServedModel): whose runs told and measured their memory. (Default: none)
    """
    example = drawn.drawn("memory")
    with frame("Memory") as demo:
        gr.Markdown(text(LESSON), elem_classes="lesson")
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                question, trace = _question()
            with gr.Column(scale=3, min_width=300):
                shown = Shown(
                    gr.Markdown(example.get("sentence", ""), elem_id="memory-sentence"),
                    gr.Plot(example.get("chart"), show_label=False, elem_id="memory-bars"),
                    gr.Markdown(example.get("reasons", ""), elem_id="memory-reasons", elem_classes="note"),
                    gr.Code(
                        example.get("command", ""), language="shell", label=text("The command that trains so"),
                        elem_id="memory-command", interactive=False, lines=4, max_lines=5, wrap_lines=True,
                    ),
                )  # fmt: skip
                gr.Markdown(text(CHECKLIST, page=f"{REPOSITORY}/blob/main/docs/memory_checklist.md"))
                if told := told_and_measured(served):
                    gr.Markdown(told, elem_id="memory-measured", elem_classes="note")
        _wire(demo, question, trace, shown)
        gr.api(one_sentence(plan_memory), api_name="plan_memory")
    return demo


def _question() -> tuple[Question, gr.Button]:
    batch, tokens, budget, precision = BEGINS
    chips = [(chip.title, chip.key) for chip in offered()]
    radio = gr.Radio(chips, value=chips[0][1], label=text("Model"), elem_id="memory-model")
    with gr.Accordion(text("Another model"), open=False, elem_id="memory-other"):
        other = gr.Textbox(
            "", label=text("Its name on the Hub"), placeholder="google-bert/bert-base-multilingual-cased",
            info=text("Only its config.json is read. Following its steps takes a minute or two, once."),
            max_length=200, elem_id="memory-name",
        )  # fmt: skip
        with gr.Row():
            trace = gr.Button(text("Follow its steps"), variant="primary", elem_id="memory-trace")
            cancel_button("memory-cancel")
    batches = gr.Slider(1, 128, batch, step=1, label=text("Batch: examples of one update"), elem_id="memory-batch")
    lengths = gr.Slider(16, 512, tokens, step=16, label=text("Length: tokens of a text"), elem_id="memory-length")
    seconds = gr.Radio(
        [1, 2, 4, 8], value=4, label=text("Length: seconds of a clip"), visible=False, elem_id="memory-seconds"
    )
    budgets = gr.Slider(0.25, 32, budget, step=0.25, label=text("Budget, GB"), elem_id="memory-budget")
    names = [(text("the planner chooses"), "auto"), ("fp32", "fp32"), (text("bf16 autocast"), "bf16")]
    chosen = gr.Radio(names, value=precision, label=text("Precision"), elem_id="memory-precision")
    return Question(radio, other, batches, lengths, seconds, budgets, chosen), trace


def _wire(demo: gr.Blocks, question: Question, trace: gr.Button, shown: Shown) -> None:
    names = ("model", "hub", "batch", "length", "seconds", "budget", "precision")
    linked = link_inputs(demo, dict(zip(names, question, strict=True)))
    moves = [item.change for item in question if item is not question.other]
    planning = one_sentence(show), list(question), [question.tokens, question.seconds, *shown]
    gr.on(
        moves, *planning,
        trigger_mode="always_last", show_progress="hidden", queue=False, api_visibility="private",
    )  # fmt: skip
    gr.on(
        [trace.click, question.other.submit], one_sentence(heavy(follow)), [question.other, question.seconds],
        question.model, show_progress_on=shown.sentence, api_visibility="private",
    )  # fmt: skip
    drawn.translate(demo, "memory", shown._asdict())
    # an input that is filled before its event is listened to would stand beside another plan
    linked.then(*planning, show_progress="hidden", queue=False, api_visibility="private")


def follow(name: str, seconds: float, progress: gr.Progress = gr.Progress()) -> Any:  # noqa: B008  # Gradio's way
    """Records the steps of a model that is none of the chips, and chooses it."""

    def tell(done: int, of: int) -> None:
        progress((done, of), desc=say("Following training steps of {model}", model=name))

    trace_model(name, seconds, tell)
    chips = [(chip.title, chip.key) for chip in offered()]
    return gr.Radio(choices=[*chips, (name, name)], value=name)


def show(
    model: str, other: str, batch: float, tokens: float, seconds: float, budget: float, precision: str
) -> tuple[Any, ...]:
    """The bars and what fits, for what stands in the tab."""
    kept = find_model(model)
    if kept is None:
        raise ValueError("This model is not remembered any more; follow its steps again.")
    of_texts = kept.record["by_length"]
    length = tokens if of_texts else seconds
    if not of_texts and length not in kept.record["lengths"]:
        length = kept.record["lengths"][-1]
    if of_texts:
        length = min(length, max(kept.record["lengths"]))
    told = answer(model, round(batch), length, precision, budget * 1e9 / 2**20)
    return gr.Slider(visible=of_texts), gr.Radio(visible=not of_texts), *parts_of(told).values()


def parts_of(plan: MemoryPlan) -> dict[str, Any]:
    """What the tab's components show of an answer."""
    return {
        "sentence": verdict(plan), "chart": draw(plan), "reasons": _reasons(plan), "command": _command(plan),
    }  # fmt: skip


def verdict(plan: MemoryPlan) -> str:
    """One sentence: what fits, and what does not."""
    asked, chosen = plan["bars"][0], plan["recommended"]
    values = {"need": _gb(asked["peak_mib"]), "budget": _gb(plan["budget_mib"])}
    if chosen is None:
        return say(
            "As asked training needs **{need}**, and nothing on the checklist fits **{budget}**: take a smaller model, "
            "shorter inputs or a larger budget.", **values,
        )  # fmt: skip
    values |= {"peak": _gb(chosen["bar"]["peak_mib"]), "times": f"{chosen['bar']['relative_step_time']:.2f}"}
    if asked["fits"]:
        return say(
            "As asked training needs **{need}**, which fits **{budget}**; the fastest that fits takes **{peak}** and "
            "{times} times the time of plain fp32.", **values,
        )  # fmt: skip
    alone = sum(bar["fits"] for bar in plan["bars"][1:])
    values |= {"alone": alone, "levers": len(plan["bars"]) - 1}
    return say(
        "As asked training needs **{need}**, which does not fit **{budget}**; {alone} of {levers} levers fit alone. "
        "The fastest that fits takes **{peak}** and {times} times the time of plain fp32.", **values,
    )  # fmt: skip


def draw(plan: MemoryPlan) -> PlotData:
    """A stacked bar for each lever, and the budget across."""
    bars = plan["bars"] + ([plan["recommended"]["bar"]] if plan["recommended"] else [])
    parts = [say(name) for name in PART_NAMES]
    limit = Limit(plan["budget_mib"] * 2**20 / 1e9, say("budget {size}", size=_gb(plan["budget_mib"])))
    stacks = [_stack(bar) for bar in bars]
    return plot(stacked_bars(stacks, parts, title=say("Memory of a training step, GB"), limit=limit))


def _stack(bar: Bar) -> Stack:
    values = [bar["components_mib"].get(part, 0.0) * 2**20 / 1e9 for part in PARTS]
    size = _gb(bar["peak_mib"])
    told = say("{size}, fits", size=size) if bar["fits"] else say("{size}, over", size=size)
    return Stack(translated(bar["lever"]), values, told)


def _reasons(plan: MemoryPlan) -> str:
    if plan["recommended"] is None:
        return ""
    pairs = [why.split(": ", 1) for why in plan["recommended"]["reasons"]]
    return "\n".join(f"- **{translated(lever)}**: {translated(why)}" for lever, why in pairs)


def _command(plan: MemoryPlan) -> str:
    return (plan["command"] + "\n" if plan["command"] else "") + plan["plan_command"]


def _gb(mib: float) -> str:
    size = mib * 2**20 / 1e9
    return say("{size} GB", size=f"{size:.2f}" if size < 10 else f"{size:.1f}")


def draw_example() -> dict[str, object]:
    """The tab's first picture."""
    batch, tokens, budget, precision = BEGINS
    return dict(parts_of(answer(offered()[0].key, batch, tokens, precision, budget * 1e9 / 2**20)))


TAB = Tab(
    "memory",
    "Memory",
    lambda page: create_demo((page.text, page.audio)),
    (
        Row(
            "Memory",
            "a model (kept ones, or any by its name on the Hub), batch, length, budget, precision",
            "a stacked bar for each lever of the checklist with the budget's line, what fits, the command that trains",
        ),
    ),
    draw_example,
)


def main() -> None:
    """Launches this tab alone."""
    from demos.style import LAUNCH

    create_demo((ServedModel(TEXT.key), ServedModel(AUDIO.key))).queue(max_size=32).launch(**LAUNCH)


if __name__ == "__main__":
    main()
