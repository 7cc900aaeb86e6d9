"""Graphics cards by name: what they refuse, which hold a run, and the largest run that one holds."""

from __future__ import annotations

import json

import pytest

from grokaem.memory import plan
from grokaem.memory.gpu_plan import for_card, largest, on_the_card
from grokaem.memory.gpus import AS_OF, GPUS
from grokaem.memory.settings import MemorySettings
from grokaem.memory.situation import Situation

NAMED = {"t4", "p100", "v100", "l4", "a10g", "rtx3060", "rtx4090", "a100-40", "a100-80", "h100", "colab", "kaggle",
         "zerogpu"}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from transformers import BertConfig

    path = tmp_path_factory.mktemp("tiny")
    BertConfig(hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128, vocab_size=1000,
               max_position_embeddings=96).save_pretrained(path)  # fmt: skip
    return str(path)


@pytest.fixture
def ask(capsys, folder):
    def asked(*words):
        shaped = () if "--sequence-length" in words else ("--sequence-length", "32")
        plan.main(["--base-model", folder, *shaped, "--batch-size", "8", "--no-table", "--json", *words])
        return json.loads(capsys.readouterr().out)

    return asked


def test_the_table_has_the_named_cards_and_a_date():
    assert set(GPUS) == NAMED and AS_OF.count("-") == 2
    assert not any(GPUS[key].bf16 for key in ("t4", "p100", "v100", "colab", "kaggle"))
    assert all(GPUS[key].bf16 for key in ("l4", "a10g", "rtx3060", "rtx4090", "a100-40", "h100", "zerogpu"))
    assert {key for key in GPUS if not GPUS[key].int8} == {"p100", "v100"}


@pytest.mark.parametrize("precision", ["bf16", "bf16-pure", "tf32"])
def test_a_t4_refuses_what_it_does_not_multiply(precision):
    with pytest.raises(ValueError, match=rf"--precision {precision}: .*Tesla T4.*: use --precision fp16\.$"):
        plan.main(["--gpu", "t4", "--precision", precision])
    assert GPUS["l4"].refused(MemorySettings(precision=precision)) is None
    assert "leave it out" in (GPUS["v100"].refused(MemorySettings(lora_rank=8, load_in_8bit=True)) or "")


def test_what_does_not_go_together_is_said():
    for words, message in (
        (["--gpu", "t4", "--device", "cpu"], "--device cpu and --gpu contradict each other: leave one out."),
        (["--gpus", "--device", "cpu"], "--device cpu and --gpus contradict"),
        (["--largest", "batch"], "--largest needs something to fit into: add --gpu NAME or --budget SIZE."),
    ):
        with pytest.raises(ValueError, match=message.replace("(", r"\(")):
            plan.main(words)


def test_a_card_by_name_gives_device_budget_context_and_arithmetic(ask):
    told = ask("--gpu", "t4")
    assert told["device"] == "cuda" and told["budget_mib"] == 15360 and told["fits"] is True
    assert told["components_mib"]["runtime"] == GPUS["t4"].context_mib
    assert told["chosen"]["precision"] in ("fp32", "fp16")  # never bf16
    for asked, kept in (("2GiB", 2048), ("64GiB", 15360)):  # a smaller one is kept, a larger is not there
        told = on_the_card(plan.parser().parse_args(["--gpu", "t4", "--budget", asked]))
        assert told.budget == kept * 2**20
    old, new = (for_card(Situation(), GPUS[key]) for key in ("t4", "h100"))
    assert (old.autocast, new.autocast) == ("fp16", "bf16") and not old.keeps_bf16 and new.keeps_bf16


def test_the_cards_are_ranked_by_memory_and_told_whether_they_hold_it(ask):
    rows = ask("--gpus")["gpus"]
    assert {row["gpu"] for row in rows} == NAMED
    sizes = [row["memory_mib"] for row in rows]
    assert sizes == sorted(sizes) and all(row["fits"] and row["stage"] == "as asked" for row in rows)
    rows = {row["gpu"]: row for row in ask("--gpus", "--precision", "bf16")["gpus"]}
    assert not rows["t4"]["fits"] and "multiplies neither bf16" in rows["t4"]["note"] and rows["l4"]["fits"]


@pytest.mark.slow  # the search itself has a quick test below
def test_the_largest_batch_fits_and_one_more_does_not(ask):
    told = ask("--device", "cuda", "--budget", "560MiB", "--precision", "fp32", "--largest", "batch")["largest"]
    value = int(told["value"])
    assert value > 8

    def peak(size):
        return ask("--device", "cuda", "--batch-size", str(size), "--precision", "fp32")["peak_mib"]

    assert told["peak_mib"] == peak(value) <= 560 < peak(value + 1)


def test_the_longest_inputs_end_where_the_model_does(ask):
    assert ask("--gpu", "h100", "--precision", "fp32", "--largest", "length")["largest"]["value"] == 96


def test_the_search_finds_the_last_that_fits():
    calls = []

    def peak(size):
        calls.append(size)
        return None if size > 5000 else float(size)

    for budget in (1, 2, 3, 7, 8, 9, 1000, 4999):
        assert largest("batch", peak, budget, 1, 10**6)["value"] == budget
    assert largest("length", peak, 1e9, 0.1, 10**6)["value"] == 500.0
    assert largest("batch", peak, 1e9, 1, 48)["value"] == 48
    assert largest("batch", peak, 0.5, 1, 10)["value"] is None
    assert max(calls.count(size) for size in set(calls)) < 20
