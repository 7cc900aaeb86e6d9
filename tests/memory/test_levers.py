"""Each lever is exercised on a tiny model, and what it promises is counted."""

import pytest
import torch

from grokaem.memory.apply import apply_to_model, autocast
from grokaem.memory.in_backward import OptimizerInBackward
from grokaem.memory.layers import repeated_blocks
from grokaem.memory.optimizers import build_optimizer
from grokaem.memory.settings import MemorySettings
from tests.conftest import state_bytes


def gradients(model, batch, settings, seed=5):
    model.zero_grad()
    torch.manual_seed(seed)
    size, steps = settings.micro_batch_size, settings.gradient_accumulation_steps
    for start in range(0, size * steps, size):
        part = {key: value[start : start + size] for key, value in batch.items()}
        with autocast(settings, "cpu"):
            loss = model(**part).loss
        (loss / steps).backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def losses_of(model, batch, optimizer, steps):
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def assert_same(first, second, **tolerance):
    assert first.keys() == second.keys()
    for name in first:
        torch.testing.assert_close(first[name], second[name], msg=lambda m, n=name: f"{n}: {m}", **tolerance)


def test_accumulated_gradients_equal_those_of_the_big_batch(tiny_bert, batch):
    big = gradients(tiny_bert(dropout=0.0), batch, MemorySettings(8))
    small = gradients(tiny_bert(dropout=0.0), batch, MemorySettings(2, gradient_accumulation_steps=4))
    assert_same(big, small, rtol=1e-4, atol=1e-6)
    assert max(g.abs().max() for g in big.values()) > 1e-3


def test_checkpointing_recomputes_every_layer_and_repeats_dropout(tiny_bert, batch):
    settings = MemorySettings(8, gradient_checkpointing=True)
    plain, checkpointed = tiny_bert(dropout=0.3), apply_to_model(tiny_bert(dropout=0.3), settings)
    calls = []
    for layer in repeated_blocks(checkpointed):
        layer.attention.register_forward_pre_hook(lambda *_: calls.append(1))
    assert_same(gradients(plain, batch, settings), gradients(checkpointed, batch, settings), rtol=0, atol=0)
    assert len(calls) == 2 * 3


def test_checkpointing_leaves_frozen_layers_out_of_the_backward_pass(tiny_bert, batch):
    settings = MemorySettings(8, gradient_checkpointing=True, freeze=2)
    model = apply_to_model(tiny_bert(), settings)
    calls = []
    for layer in repeated_blocks(model):
        layer.attention.register_forward_pre_hook(lambda *_: calls.append(1))
    names = gradients(model, batch, settings)
    assert len(calls) == 2 + 2 * 1  # two frozen layers run once, the last one twice
    assert not any("embeddings" in name or "layer.0." in name or "layer.1." in name for name in names)
    assert any("layer.2." in name for name in names)


def test_batch_norm_counts_a_batch_once_under_checkpointing():
    from grokaem.audio.wide_resnet import WideResNet

    def statistics(checkpointing):
        torch.manual_seed(0)
        model = WideResNet(10, 1, 3, dropout=0.2).train()
        apply_to_model(model, MemorySettings(4, gradient_checkpointing=checkpointing))
        torch.manual_seed(1)
        model(torch.randn(4, 1, 16, 16)).square().sum().backward()
        return dict(model.named_buffers()), {name: p.grad for name, p in model.named_parameters()}

    (plain, plain_gradients), (checkpointed, gradients_again) = statistics(False), statistics(True)
    assert_same(plain, checkpointed, rtol=0, atol=0)
    assert_same(plain_gradients, gradients_again, rtol=1e-5, atol=1e-7)
    assert all(value == 1 for name, value in checkpointed.items() if name.endswith("num_batches_tracked"))


def test_attention_dropout_off_makes_attention_repeatable_and_leaves_the_rest(tiny_bert, batch):
    model = apply_to_model(tiny_bert(dropout=0.5), MemorySettings(8, attention_dropout_off=True))
    layer = repeated_blocks(model)[0]
    x = torch.randn(2, 5, 64)
    attention = layer.attention.self
    torch.testing.assert_close(attention(x)[0], attention(x)[0])
    assert not torch.equal(layer(x), layer(x))  # the other dropouts still draw


@pytest.mark.parametrize("exact", [True, False])
def test_8bit_state_is_bytes_and_embeddings_stay_exact(tiny_bert, batch, exact):
    settings = MemorySettings(8, optimizer="adamw8bit", embeddings_32bit=exact)
    model = apply_to_model(tiny_bert(vocabulary=5000), settings)
    gradients(model, batch, settings)
    optimizer = build_optimizer(model, settings, 1e-3)
    optimizer.step()
    table = model.bert.embeddings.word_embeddings.weight
    assert optimizer.state[table]["state1"].dtype == (torch.float32 if exact else torch.uint8)
    large = [p for p in model.parameters() if p.numel() >= 4096]
    in_bytes = sum(p.numel() for p in large if optimizer.state[p]["state2"].dtype == torch.uint8)
    assert state_bytes(optimizer)["uint8"] == 2 * in_bytes > 0


def test_sliced_8bit_adam_gives_the_library_s_values_bit_for_bit():
    from bitsandbytes.optim import AdamW8bit

    from grokaem.memory.adamw8bit import SlicedAdamW8bit

    def train(make):
        generator = torch.Generator().manual_seed(3)
        weight = torch.nn.Parameter(torch.randn(37, 411, generator=generator))
        optimizer = make([weight])
        for _ in range(4):
            weight.grad = torch.randn(weight.shape, generator=generator)
            optimizer.step()
        return weight.data, optimizer.state[weight]

    weight, state = train(lambda p: AdamW8bit(p, lr=1e-2, weight_decay=0.1))
    sliced, sliced_state = train(lambda p: SlicedAdamW8bit(p, lr=1e-2, weight_decay=0.1, slice_size=512))
    assert torch.equal(weight, sliced)
    for key in ("state1", "state2", "absmax1", "absmax2"):
        assert torch.equal(state[key].view(-1), sliced_state[key].view(-1)), key


def test_one_moment_a_row_is_adam_without_momentum_where_a_row_has_one_gradient():
    from grokaem.memory.adamw8bit import SlicedAdamW8bit

    def train(make, again):
        generator = torch.Generator().manual_seed(3)
        weight = torch.nn.Parameter(torch.randn(37, 16, generator=generator))
        optimizer = make(weight)
        for step in range(6):
            met = torch.rand(37, 1, generator=generator) < 0.5  # rows in the batch
            weight.grad = (torch.randn(37, 1, generator=generator) * met).expand(37, 16).contiguous()
            optimizer.step()
            if step == 2:
                optimizer = again(weight, optimizer.state_dict())
        return weight.data, optimizer

    def by_row(weight):
        return SlicedAdamW8bit(
            [weight], by_row=[weight], lr=1e-2, betas=(0.0, 0.999), weight_decay=0.1, slice_size=256
        )

    def restored(make):
        def restore(weight, state):
            optimizer = make(weight)
            optimizer.load_state_dict(state)
            return optimizer

        return restore

    def adamw(weight):
        return torch.optim.AdamW([weight], lr=1e-2, betas=(0.0, 0.999), weight_decay=0.1)

    expected, _ = train(adamw, restored(adamw))
    got, optimizer = train(by_row, restored(by_row))
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-6)
    assert state_bytes(optimizer) == {"float32": 37 * 4}
    changed, _ = train(adamw, restored(by_row))  # memory ran out in between
    torch.testing.assert_close(changed, expected, rtol=1e-5, atol=1e-6)


def test_embeddings_learn_in_bf16_with_a_number_a_row(tiny_bert, batch):
    settings = MemorySettings(8, optimizer="adamw8bit", embeddings_by_row=True, precision="bf16-pure")
    model = apply_to_model(tiny_bert(vocabulary=5000, dropout=0.0), settings)
    table = model.bert.embeddings.word_embeddings.weight
    before = table.detach().clone()
    optimizer = build_optimizer(model, settings, 1e-3)
    losses = losses_of(model, batch, optimizer, 8)
    met = torch.zeros(5000, dtype=torch.bool)
    met[batch["input_ids"].unique()] = True
    assert set(optimizer.state[table]) == {"step", "row_square"} and len(optimizer.state[table]["row_square"]) == 5000
    assert (table[met] != before[met]).any(dim=1).float().mean() > 0.9
    assert losses[-1] < losses[0] - 0.02
    optimizer.load_state_dict(optimizer.state_dict())
    assert optimizer.state[table]["row_square"].dtype == torch.float32


def test_8bit_adam_updates_weights_that_are_stored_channels_last():
    from grokaem.memory.adamw8bit import SlicedAdamW8bit

    def train(layout):
        generator = torch.Generator().manual_seed(3)
        weight = torch.nn.Parameter(torch.randn(32, 16, 3, 3, generator=generator).to(memory_format=layout))
        optimizer = SlicedAdamW8bit([weight], lr=1e-2, slice_size=512)
        for _ in range(4):
            weight.grad = torch.randn(weight.shape, generator=generator)
            optimizer.step()
        assert weight.is_contiguous(memory_format=layout)
        assert optimizer.state[weight]["state1"].dtype == torch.uint8
        return weight.detach()

    rows, channels = train(torch.contiguous_format), train(torch.channels_last)
    # The blocks of a scale hold other values, so the rounding differs; the training is the same.
    torch.testing.assert_close(rows, channels, rtol=0, atol=4e-3)


def test_autocast_multiplies_in_bf16_and_pure_bf16_stores_it(tiny_bert, batch):
    def seen(settings):
        model = apply_to_model(tiny_bert(), settings)
        kinds = []
        repeated_blocks(model)[0].attention.self.query.register_forward_hook(
            lambda m, i, o: kinds.append(o.dtype)
        )
        found = gradients(model, batch, settings)
        optimizer = build_optimizer(model, settings, 1e-3)
        optimizer.step()
        return (
            kinds[0],
            next(model.parameters()).dtype,
            next(iter(found.values())).dtype,
            state_bytes(optimizer),
        )

    output, weight, gradient, _ = seen(MemorySettings(8, precision="bf16"))
    assert (output, weight, gradient) == (torch.bfloat16, torch.float32, torch.float32)
    output, weight, gradient, state = seen(MemorySettings(8, precision="bf16-pure"))
    assert (output, weight, gradient) == (torch.bfloat16,) * 3
    assert state["bfloat16"] > 100 * state["float32"]


def test_lora_trains_adapters_and_head_only(tiny_bert, batch):
    settings = MemorySettings(8, lora_rank=4)
    model = apply_to_model(tiny_bert(), settings)
    names = gradients(model, batch, settings)
    assert names and all("lora_" in name or "classifier" in name for name in names)
    assert sum("lora_A" in name for name in names) == 3 * 2


def test_int8_base_holds_bytes_and_learns(tiny_bert, batch):
    settings = MemorySettings(8, lora_rank=4, load_in_8bit=True, gradient_checkpointing=True)
    model = apply_to_model(tiny_bert(), settings)
    kinds = {p.dtype for name, p in model.named_parameters() if "query.base_layer.weight" in name}
    assert kinds == {torch.int8}
    optimizer = build_optimizer(model, settings, 1e-2)
    torch.manual_seed(0)
    losses = losses_of(model, batch, optimizer, 15)
    assert min(losses[-3:]) < losses[0] - 0.05


@pytest.mark.parametrize("name", ["adamw", "adamw8bit"])
def test_optimizer_in_backward_gives_the_same_weights_and_keeps_no_gradient(tiny_bert, batch, name):
    def weights(in_backward):
        settings = MemorySettings(8, optimizer=name, optimizer_in_backward=in_backward)
        model = tiny_bert(dropout=0.0)
        optimizer = build_optimizer(model, settings, 1e-3)
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.5, 3)
        for _ in range(3):
            model(**batch).loss.backward()
            optimizer.step()
            if in_backward:
                assert isinstance(optimizer, OptimizerInBackward)
                assert all(p.grad is None for p in model.parameters())
            optimizer.zero_grad()
            schedule.step()
        return {n: p.detach() for n, p in model.named_parameters()}

    assert_same(weights(False), weights(True), rtol=0, atol=0)


@pytest.mark.parametrize("name", ["adafactor", "sgd"])
def test_other_optimizers_hold_less_state_and_learn(tiny_bert, batch, name):
    model = tiny_bert(dropout=0.0)
    settings = MemorySettings(8, optimizer=name)
    optimizer = build_optimizer(model, settings, 1e-2)
    before = losses_of(model, batch, optimizer, 8)[0]
    assert model(**batch).loss.item() < before
    weights = sum(p.numel() * 4 for p in model.parameters())
    assert sum(state_bytes(optimizer).values()) < 0.1 * weights


def test_settings_that_cannot_work_name_the_remedy():
    with pytest.raises(ValueError, match="--lora-rank 8"):
        MemorySettings(load_in_8bit=True)
    with pytest.raises(ValueError, match="--optimizer adamw8bit"):
        MemorySettings(embeddings_by_row=True)
    with pytest.raises(ValueError, match="accumul"):
        MemorySettings(optimizer_in_backward=True, gradient_accumulation_steps=2)
    with pytest.raises(ValueError, match="bf16"):
        MemorySettings(precision="fp16").check_device("cpu")


def test_freezing_more_layers_than_there_are_is_refused(tiny_bert):
    with pytest.raises(ValueError, match="3 layers"):
        apply_to_model(tiny_bert(), MemorySettings(freeze=7))


def test_flags_lead_back_to_the_same_settings():
    import argparse

    from grokaem.memory.settings import add_settings_arguments, from_arguments

    settings = MemorySettings(
        4, 8, True, "adamw8bit", False, "bf16", True, lora_rank=8, load_in_8bit=True, freeze=2, embeddings_by_row=True
    )
    parser = argparse.ArgumentParser()
    add_settings_arguments(parser)
    assert from_arguments(parser.parse_args(settings.flags())) == settings


@pytest.mark.parametrize("optimizer", ["adamw", "adamw8bit"])
def test_the_head_may_learn_at_a_rate_of_its_own(tiny_bert, batch, optimizer):
    settings = MemorySettings(8, optimizer=optimizer)
    model = apply_to_model(tiny_bert(), settings)
    before = {name: value.clone() for name, value in model.named_parameters()}
    gradients(model, batch, settings)
    build_optimizer(model, settings, 1e-4, 0.0, head_lr=1e-2).step()
    # Adam's first step moves a weight by the rate, whatever its gradient.
    moved = {name: (value - before[name]).abs().max().item() for name, value in model.named_parameters()}
    for name, distance in moved.items():
        if name.endswith("key.bias"):
            continue  # its gradient is zero: it moves every score of a query alike
        head = name.startswith(("classifier", "bert.pooler"))
        assert distance == pytest.approx(1e-2 if head else 1e-4, rel=0.02), name
