from types import SimpleNamespace

import torch

from training.averaging import AveragedWeights


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2)).to(
        memory_format=torch.channels_last
    )


def equal(first: AveragedWeights, second: AveragedWeights) -> bool:
    return all(map(torch.equal, *(one.average.module.state_dict().values() for one in (first, second))))


def test_evaluation_sees_the_average_and_training_goes_on_with_the_weights(tmp_path):
    model, callback = network(), AveragedWeights(decay=0.5)
    args, state = SimpleNamespace(output_dir=str(tmp_path)), SimpleNamespace(global_step=0)
    callback.on_train_begin(args, state, None, model=model)
    expected = {name: value.clone() for name, value in model.state_dict().items()}
    for step in range(1, 30):
        with torch.no_grad():
            for value in model.parameters():
                value.add_(torch.randn_like(value))
        model(torch.randn(4, 1, 8, 8))
        state.global_step = step
        callback.on_step_end(args, state, None, model=model)
        keep = min(0.5, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                expected[name] = keep * expected[name] + (1 - keep) * value
    live = {name: value.clone() for name, value in model.state_dict().items()}
    callback.on_epoch_end(args, state, None, model=model)
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            assert torch.allclose(value, expected[name], atol=1e-5), name
    callback.on_evaluate(args, state, None, model=model)
    assert all(torch.equal(value, live[name]) for name, value in model.state_dict().items())


def test_average_is_saved_and_taken_up_again(tmp_path):
    model, callback = network(), AveragedWeights()
    args, state = SimpleNamespace(output_dir=str(tmp_path), should_save=True), SimpleNamespace(global_step=0)
    callback.on_train_begin(args, state, None, model=model)
    state.global_step = 7
    with torch.no_grad():
        model[0].weight.add_(1.0)
    callback.on_step_end(args, state, None, model=model)
    (tmp_path / "checkpoint-7").mkdir()
    callback.on_save(args, state, None)
    again, step_8 = AveragedWeights(), network()
    again.on_train_begin(args, state, None, model=network())
    assert equal(again, callback)
    for average in (callback, again):  # both take the eighth step alike: the first steps keep less
        state.global_step = 8
        average.on_step_end(args, state, None, model=step_8)
    assert equal(again, callback)
