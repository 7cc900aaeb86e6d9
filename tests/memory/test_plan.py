"""The command and the solver behind it, on a model small enough to trace in a moment."""

import argparse
import json
import shlex
import subprocess

import pytest

from grokaem.memory import plan
from grokaem.memory.architectures import BUILT_IN, HUB_IDS, short_name, workload
from grokaem.memory.checklist import Situation
from grokaem.memory.settings import MemorySettings, add_settings_arguments, from_arguments
from grokaem.memory.solver import Predictor, cheapest, pass_sizes
from grokaem.processor import cpu_multiplies_bf16
from tests.conftest import started


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model's folder: its config.json and no weights."""
    from transformers import BertConfig

    path = tmp_path_factory.mktemp("tiny")
    BertConfig(hidden_size=128, num_hidden_layers=3, num_attention_heads=4, intermediate_size=512,
               vocab_size=4000).save_pretrained(path)  # fmt: skip
    return str(path)


@pytest.fixture
def answer(capsys, folder):
    def ask(*arguments, model=folder):
        short = ["--sequence-length", "64"] if model == folder else []
        words = ["--base-model", model, *short, "--batch-size", "16", *arguments, "--json"]
        code = plan.main(words)
        return code, json.loads(capsys.readouterr().out)

    return ask


def leaving(share, peak_mib, components_mib):
    """A budget that holds what a process needs anyway, and this share of what its tensors need."""
    runtime = components_mib["runtime"]
    return runtime + share * (peak_mib - runtime)


def test_json_has_the_promised_keys_and_every_lever_alone(answer):
    code, told = answer()
    assert code == 0
    assert {"peak_mib", "components_mib", "relative_step_time", "fits", "chosen", "command"} <= told.keys()
    assert set(told["components_mib"]) == {
        "parameters", "gradients", "optimizer_state", "activations", "workspace", "runtime"
    }  # fmt: skip
    assert told["peak_mib"] == pytest.approx(sum(told["components_mib"].values()), abs=0.5)
    assert told["relative_step_time"] == 1.0 and told["fits"] is None
    rows = {row["lever"]: row for row in told["levers"]}
    assert len(rows) >= 9
    assert {"Weights in bf16 too", "Gradient accumulation, 4 x 4"} <= set(rows)
    autocast = {"tf32 products", "bf16 autocast"}  # rows only where the processor multiplies 16-bit numbers itself
    assert autocast & set(rows) == (autocast if cpu_multiplies_bf16() else set())
    assert rows["Gradient checkpointing"]["step_time"] > 1.1
    assert rows["Gradient checkpointing"]["change_percent"] < -10


def test_the_chosen_settings_fit_keep_the_batch_and_lead_back_from_the_command(answer, folder):
    _, asked = answer("--no-table")
    budget = leaving(0.65, asked["peak_mib"], asked["components_mib"])
    code, told = answer("--budget", f"{budget}MiB", "--precision", "fp32", "--no-table")
    assert code == 0 and told["fits"] is False
    chosen = told["chosen"]
    assert chosen["peak_mib"] <= budget
    assert chosen["micro_batch_size"] * chosen["gradient_accumulation_steps"] == 16
    assert chosen["reasons"]
    words = shlex.split(told["command"])
    assert words[:2] == ["python", "training/finetune.py"]
    parser = argparse.ArgumentParser()
    add_settings_arguments(parser)
    for flag in ("--task", "--base-model", "--sequence-length"):
        parser.add_argument(flag)
    arguments = parser.parse_args(words[2:])
    assert (arguments.task, arguments.base_model, arguments.sequence_length) == ("text", folder, "64")
    assert from_arguments(arguments).as_dict() == {key: chosen[key] for key in MemorySettings().as_dict()}


def test_a_budget_that_everything_fits_costs_no_lever_that_takes_time(answer):
    _, told = answer("--budget", "100GB", "--precision", "fp32", "--no-table")
    assert told["fits"] is True
    assert told["chosen"]["gradient_accumulation_steps"] == 1
    assert not told["chosen"]["gradient_checkpointing"]
    assert told["chosen"]["optimizer"] == "adamw"


def test_what_was_asked_for_is_never_taken_back(folder):
    work = workload(folder, sequence_length=64)
    predictor, situation = Predictor(work, "cpu"), plan.find_situation(work, "cpu")
    wanted = MemorySettings(16, optimizer="sgd", freeze=1)
    plain = predictor(MemorySettings(16))
    budget = leaving(0.5, plain.peak_mib, plain.components_mib)
    chosen = cheapest(wanted, budget, predictor, situation).prediction.settings
    assert (chosen.precision, chosen.optimizer, chosen.freeze) == ("fp32", "sgd", 1)


def test_batch_norm_keeps_enough_examples_in_a_pass():
    network = Situation(attention=False, batch_norm=True)
    assert pass_sizes(MemorySettings(16), network) == [16, 8, 4]
    assert pass_sizes(MemorySettings(12), Situation()) == [12, 6, 4, 3, 2, 1]
    assert pass_sizes(MemorySettings(12, optimizer_in_backward=True), Situation()) == [12]


def test_nothing_fits_into_nothing(answer):
    code, told = answer("--budget", "1MiB", "--precision", "fp32", "--no-table")
    assert code == 1 and told["chosen"] is None and told["command"] is None


def test_audio_goes_through(answer):
    code, told = answer("--max-seconds", "0.5", "--budget", "1GB", "--no-table", model="wide_resnet")
    assert code == 0 and told["task"] == "audio"
    assert "--depth 10 --widen-factor 2" in told["command"] and "--max-seconds 0.5" in told["command"]


def test_the_table_of_a_network_with_batch_statistics(answer):
    code, told = answer("--max-seconds", "0.5", model="wide_resnet")
    assert code == 0 and len(told["levers"]) > 3
    assert not any("bf16 too" in lever["lever"] for lever in told["levers"])


def test_weights_in_16_bits_are_refused_where_there_are_batch_statistics(answer):
    with pytest.raises(ValueError, match="use --precision bf16"):
        answer("--precision", "bf16-pure", model="wide_resnet")


def test_sharding_divides_the_state(answer):
    _, alone = answer("--no-table")
    _, four = answer("--no-table", "--processes", "4", "--sharding", "fsdp")
    assert four["components_mib"]["optimizer_state"] == pytest.approx(
        alone["components_mib"]["optimizer_state"] / 4, abs=0.2
    )


def test_a_smaller_budget_never_gives_a_faster_step_and_goes_further_down_the_list(folder):
    work = workload(folder, sequence_length=64)
    predictor, situation = Predictor(work, "cpu"), plan.find_situation(work, "cpu")
    wanted = MemorySettings(16)
    asked = predictor(wanted)
    stages, seconds = [], []
    for share in (1.0, 0.6, 0.2):
        budget = leaving(share, asked.peak_mib, asked.components_mib)
        choice = cheapest(wanted, budget, predictor, situation)
        assert choice.prediction.peak_mib <= budget
        assert choice.prediction.settings.effective_batch_size == 16
        stages.append(choice.stage)
        seconds.append(choice.prediction.seconds)
    assert stages[0] == stages[1] == "the same training" != stages[-1]
    assert seconds[0] <= seconds[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--base-model", "./no/such/model"], "no built-in architecture"),
        (["--sequence-length", "9999"], "at most 512 tokens"),
        (["--precision", "fp16"], "use --precision bf16"),
        (["--load-in-8bit"], "--lora-rank 8"),
        (["--sharding", "fsdp"], "--processes 2"),
        (["--depth", "10"], "--depth is for sounds and has no effect on texts: leave it out"),
        (["--base-model", "wide_resnet", "--sequence-length", "128"], "--sequence-length is for texts"),
        (["--base-model", "ast", "--widen-factor", "2"], "--widen-factor has no effect on this run"),
        (["--base-model", "ast", "--max-seconds", "0"], "from 0.01 to 3600"),
    ],
)
def test_wrong_input_gets_one_sentence_with_the_remedy(arguments, words):
    with pytest.raises(ValueError, match=words):
        plan.plan(plan.parser().parse_args(arguments))


def test_a_wrong_command_line_ends_with_one_sentence_and_code_2():
    for words in (["--sharding", "fsdp"], ["--budget", "much"]):
        done = subprocess.run([*started("grokaem plan"), *words], capture_output=True, text=True)
        assert done.returncode == 2 and "Traceback" not in done.stderr
        assert "error: " in done.stderr.splitlines()[-1]


def test_only_the_published_models_go_by_their_names():
    assert short_name("sentence-transformers/all-MiniLM-L6-v2") == "minilm-l6"
    assert short_name("somebody/ast") == "somebody/ast"
    assert set(HUB_IDS) | {"wide_resnet"} == set(BUILT_IN)


@pytest.mark.parametrize(("text", "size"), [("8GB", 8 * 10**9), ("1.25GiB", 1342177280), ("512m", 2**29)])
def test_sizes_are_read(text, size):
    assert plan.parse_bytes(text) == size


@pytest.mark.parametrize("text", ["nanGB", "infB", "1e400GB", "0", "-1GB", "1e30GB"])
def test_what_is_no_amount_of_memory_is_wrong_usage(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is no amount of memory: give more than nothing"):
        plan.parse_bytes(text)


@pytest.mark.parametrize("more", [["--json"], []], ids=["to a program", "to a file"])
def test_off_a_terminal_one_line_at_the_start_says_what_is_done(folder, capsys, more):
    words = ["--base-model", folder, "--sequence-length", "16", "--batch-size", "2", "--no-table", *more]
    assert plan.main(words) == 0
    told = capsys.readouterr()
    assert told.err.startswith("predicting training steps of ") and told.err.count("\n") == 1
    assert "\033" not in told.err + told.out and "predicting" not in told.out
    assert not more or json.loads(told.out)["peak_mib"] > 0
