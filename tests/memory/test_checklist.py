from dataclasses import fields

import pytest

from grokaem.memory.checklist import all_settings, explain_levers, find_lever, levers
from grokaem.memory.settings import MemorySettings
from grokaem.memory.situation import CONDITIONS, Situation


def test_levers_are_in_the_order_of_the_checklist_and_each_says_what_it_trades():
    keys = [item.key for item in levers()]
    assert keys[:5] == ["preflight", "distilled", "micro_batch", "checkpointing", "accumulation"]
    assert keys[-1] == "quantize" and len(set(keys)) == len(keys)
    for item in levers():
        assert item.flag.startswith("--") and item.saves and item.costs and item.chosen and item.refused


def test_every_memory_setting_has_a_lever_and_they_agree_on_its_default():
    assert {setting.name for setting in all_settings()} == {field.name for field in fields(MemorySettings)} - {"more"}
    for setting in all_settings():
        assert setting.default == MemorySettings().value(setting.name)


def test_a_setting_that_no_lever_has_is_refused():
    with pytest.raises(TypeError, match="no lever has a setting magic"):
        MemorySettings().replace(magic=1)


def test_explain_tells_what_was_taken():
    settings = MemorySettings(precision="bf16", gradient_checkpointing=True)
    told = {item.key: taken for item, taken, _ in explain_levers(settings, Situation())}
    assert told["checkpointing"] and told["precision"] and not told["pure_bf16"] and not told["lora"]


def test_a_step_that_needs_attention_is_refused_without_and_says_so():
    network = Situation(attention=False)
    assert not find_lever("lora").applies(network) and find_lever("lora").applies(Situation())
    assert find_lever("lora").when == "the model has attention layers"
    reasons = {item.key: why for item, _, why in explain_levers(MemorySettings(), network)}
    assert reasons["lora"] == "this model has no attention layers"
    assert reasons["checkpointing"] == find_lever("checkpointing").refused


def test_sixteen_bits_wait_for_a_processor_that_multiplies_them():
    assert not find_lever("precision").applies(Situation(fast_bf16=False))
    assert find_lever("precision").applies(Situation(fast_bf16=False, device="cuda"))
    assert not find_lever("host").applies(Situation()) and find_lever("host").applies(Situation(device="cuda"))


def test_steps_need_only_what_a_situation_knows():
    for item in levers():
        for name in item.needs:
            assert name in CONDITIONS and getattr(Situation(), name) in (True, False)


def test_unknown_steps_are_refused():
    with pytest.raises(ValueError, match="checkpointing"):
        find_lever("magic")
