import pytest
import torch

from grokaem.audio.wide_resnet import WideResNet, cost
from grokaem.audio.wide_resnet_shapes import convolutions

PUBLISHED = {
    (40, 1): 563_930, (40, 2): 2_243_546, (40, 4): 8_949_210, (40, 8): 35_748_314, (28, 10): 36_479_194,
    (28, 12): 52_517_850, (22, 8): 17_158_106, (22, 10): 26_797_914, (16, 8): 10_961_370, (16, 10): 17_116_634,
}  # fmt: skip


@pytest.mark.parametrize(("depth", "k"), PUBLISHED)
def test_parameter_counts_are_the_published_ones(depth, k):
    with torch.device("meta"):
        network = WideResNet(depth, k, 10, in_channels=3)
        mono = WideResNet(depth, k, 10)
    assert sum(p.numel() for p in network.parameters()) == PUBLISHED[depth, k]
    assert sum(p.numel() for p in mono.parameters()) == PUBLISHED[depth, k] - 288
    assert cost(depth, k, (32, 32), 10, 3).parameters == PUBLISHED[depth, k]


def test_a_depth_that_is_not_6n_plus_4_names_those_that_are():
    for depth in (4, 9, 17, 30):
        with pytest.raises(ValueError, match="10, 16, 22, 28"):
            WideResNet(depth, 2, 10)
    for settings in ({"widen_factor": 0}, {"n_classes": 0}, {"dropout": 1.0}, {"in_channels": 0}):
        with pytest.raises(ValueError, match="widening factor"):
            WideResNet(**{"depth": 10, "widen_factor": 1, "n_classes": 2, **settings})


@pytest.mark.parametrize(
    ("depth", "k", "size", "dropout"),
    [(10, 1, (64, 101), 0.0), (16, 2, (33, 47), 0.3), (22, 1, (13, 20), 0.0)],
)
def test_the_cost_is_what_the_network_does(depth, k, size, dropout):
    """Shapes and products from forward hooks; kept bytes from autograd's own saved tensors."""
    network = WideResNet(depth, k, 7, dropout=dropout).train()
    predicted = cost(depth, k, size, 7, dropout=dropout)
    products, shapes, batch = [], {}, 3

    def hook(module, inputs, output):
        if isinstance(module, torch.nn.Conv2d):
            products.append(module.weight.numel() * output.shape[2] * output.shape[3])
            shapes[next(n for n, m in network.named_modules() if m is module)] = tuple(output.shape[1:])
        elif isinstance(module, torch.nn.Linear):
            products.append(module.weight.numel())

    for module in network.modules():
        module.register_forward_hook(hook)
    kept, parameters = {}, {p.untyped_storage().data_ptr() for p in network.parameters()}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if (
            storage.data_ptr() not in parameters
            and tensor.ndim == 4
            or tensor.ndim == 2
            and len(tensor) == batch
        ):
            kept[storage.data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        network(torch.randn(batch, 1, *size))
    assert sum(products) == predicted.multiply_adds
    for layer in convolutions(depth, k, size):
        assert shapes[layer.name] == (layer.out_channels, *layer.out_size)
    assert sum(t.numel() * t.element_size() for t in kept.values()) == batch * predicted.activation_bytes


def test_any_input_size_works():
    network = WideResNet(10, 1, 5).eval()
    for size in ((64, 100), (13, 7), (1, 1), (257, 31)):
        assert network(torch.randn(2, 1, *size)).shape == (2, 5)


def test_masked_columns_change_nothing():
    network = WideResNet(16, 1, 5).eval()
    randomized(network)
    images = torch.randn(3, 1, 20, 37)
    mask = (torch.arange(60)[None, :] < 37).float().expand(3, 60)
    padded = torch.cat([images, torch.randn(3, 1, 20, 23)], dim=3)
    torch.testing.assert_close(network(padded, mask), network(images), rtol=1e-4, atol=1e-5)


def test_checkpointing_changes_neither_gradients_nor_running_statistics():
    from torch.utils.checkpoint import checkpoint

    def trained(checkpointed):
        torch.manual_seed(0)
        network = WideResNet(10, 1, 4).train()
        network.gradient_checkpointing = checkpointed
        network._gradient_checkpointing_func = lambda f, *a: checkpoint(f, *a, use_reentrant=False)
        torch.manual_seed(1)
        network(torch.randn(4, 1, 16, 24)).square().sum().backward()
        return network

    plain, saving = trained(False), trained(True)
    for (name, a), b in zip(plain.named_parameters(), saving.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-4, atol=1e-6, msg=name)
    for (name, a), b in zip(plain.named_buffers(), saving.buffers(), strict=True):
        if "running" in name:
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6, msg=name)


def test_it_learns():
    torch.manual_seed(0)
    network = WideResNet(10, 1, 2).train()
    images = torch.randn(64, 1, 16, 16)
    labels = (images[:, 0, :8].mean((1, 2)) > images[:, 0, 8:].mean((1, 2))).long()
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(images), labels).backward()
        optimizer.step()
    assert (network(images).argmax(1) == labels).float().mean() > 0.95


def randomized(network):
    """Statistics and shifts that are not the identity, so that a mistake in them shows."""
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            torch.nn.init.normal_(module.running_mean, std=0.3)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
            torch.nn.init.normal_(module.bias, std=0.3)
        elif isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, std=0.5)
