import pytest
import torch

from training.averaging import AveragedWeights


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2)).to(
        memory_format=torch.channels_last
    )


def equal(first: AveragedWeights, second: AveragedWeights) -> bool:
    return all(map(torch.equal, *(one.average.module.state_dict().values() for one in (first, second))))


def test_evaluation_sees_the_average_and_training_goes_on_with_the_weights():
    model = network()
    average = AveragedWeights(model, decay=0.5)
    expected = {name: value.clone() for name, value in model.state_dict().items()}
    for step in range(1, 30):
        with torch.no_grad():
            for value in model.parameters():
                value.add_(torch.randn_like(value))
        model(torch.randn(4, 1, 8, 8))
        average.update(step)
        keep = min(0.5, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                expected[name] = keep * expected[name] + (1 - keep) * value
    live = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(MemoryError), average.in_place():
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                assert torch.allclose(value, expected[name], atol=1e-5), name
        raise MemoryError  # the weights come back after an evaluation that failed, too
    assert all(torch.equal(value, live[name]) for name, value in model.state_dict().items())


def test_average_is_saved_and_taken_up_again(tmp_path):
    model = network()
    average = AveragedWeights(model)
    with torch.no_grad():
        model[0].weight.add_(1.0)
    average.update(7)
    average.save(tmp_path)
    other = network()
    again = AveragedWeights(other)
    other.load_state_dict(model.state_dict())
    assert not equal(again, average)
    again.load(tmp_path)
    assert equal(again, average)
    for one in (average, again):  # both take the eighth step alike: the first steps keep less
        one.update(8)
    assert equal(again, average)
