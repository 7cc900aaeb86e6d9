import copy
import pickle

import numpy as np
import pytest
import torch
from spafe.features.gfcc import gfcc as spafe_gfcc
from spafe.utils.preprocessing import SlidingWindow

from grokaem.audio.gfcc import GFCC, SPAFE_SETTINGS, GammatoneSpectrogram
from tests.audio import signals

METHODS = ("waveform", "fft")


@pytest.mark.parametrize("signal", [signals.white(), signals.speech_like(), signals.music_like()])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_fft_method_equals_spafe(signal, dtype):
    signal = signal + 1e-3 * signals.white(len(signal) / 16000, seed=1)
    ours = GFCC(16000, **SPAFE_SETTINGS)(torch.tensor(signal, dtype=dtype)).numpy()
    theirs = spafe_gfcc(signal, fs=16000).T
    assert ours.shape == theirs.shape
    assert (np.abs(ours - theirs) / np.abs(theirs).max(axis=0)).max() < 1e-4


def test_fft_method_equals_spafe_with_other_settings():
    signal = signals.speech_like() + 1e-3 * signals.white(2.0)
    ours = GFCC(
        16000, 20, "fft", n_filters=40, f_min=80, f_max=7000, n_fft=1024, win_length=480, hop_length=240,
        window="hamming", preemphasis=0.97, center=False,
    )  # fmt: skip
    theirs = spafe_gfcc(
        signal, fs=16000, num_ceps=20, nfilts=40, nfft=1024, low_freq=80, high_freq=7000,
        window=SlidingWindow(0.03, 0.015, "hamming"),
    ).T  # fmt: skip
    result = ours(torch.tensor(signal)).numpy()
    assert (np.abs(result - theirs) / np.abs(theirs).max(axis=0)).max() < 1e-4


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(16000,), (3, 8000), (2, 2, 4001), (1,), (1, 399)])
def test_shapes(method, shape):
    result = GFCC(16000, method=method)(torch.randn(shape))
    assert result.shape == (*shape[:-1], 13, 1 + shape[-1] // 160)
    assert torch.isfinite(result).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_is_its_clips(method):
    batch = torch.tensor(np.stack([signals.white(seed=s) for s in range(5)]), dtype=torch.float32)
    module = GFCC(16000, method=method)
    alone = torch.stack([module(clip) for clip in batch])
    torch.testing.assert_close(module(batch), alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("compression", ["cuberoot", "log"])
def test_gradients_are_finite_on_silence_and_on_sound(method, compression):
    module = GFCC(16000, method=method, compression=compression)
    for clip in (torch.zeros(3200), torch.cat([torch.zeros(3200), 0.1 * torch.randn(3200)])):
        clip.requires_grad_(True)
        module(clip).square().sum().backward()
        assert torch.isfinite(clip.grad).all()


@pytest.mark.parametrize("method", METHODS)
def test_gradients_are_the_derivative(method):
    module = GFCC(8000, 4, method, n_filters=6, n_fft=256, win_length=200, hop_length=80, compression="log")
    clip = torch.tensor(signals.white(0.06), requires_grad=True)
    assert torch.autograd.gradcheck(module, (clip,), eps=1e-6, atol=1e-5, nondet_tol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_gradient_path_gives_the_same_values(method):
    module = GFCC(16000, method=method)
    clip = torch.tensor(signals.speech_like())
    torch.testing.assert_close(
        module(clip.clone().requires_grad_(True)).detach(), module(clip), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("method", METHODS)
def test_cube_root_scales_and_logarithm_shifts(method):
    clip = torch.tensor(signals.white())
    cube, log = GFCC(16000, method=method), GFCC(16000, method=method, compression="log", log_offset=1e-30)
    torch.testing.assert_close(cube(8 * clip), 4 * cube(clip), rtol=1e-6, atol=1e-9)
    shift = log(8 * clip) - log(clip)
    assert shift[1:].abs().max() < 1e-5
    assert shift[0].min() > 1


@pytest.mark.parametrize("method", METHODS)
def test_single_and_double_precision_agree(method):
    module = GFCC(16000, method=method)
    clip = torch.tensor(signals.speech_like())
    double, single = module(clip), module(clip.float())
    assert (double.dtype, single.dtype) == (torch.float64, torch.float32)
    assert (double - single).abs().max() < 1e-4 * double.abs().max()


@pytest.mark.parametrize("method", METHODS)
def test_zeros_appended_change_no_earlier_frame(method):
    module = GFCC(16000, method=method)
    clip = torch.tensor(signals.white(0.7))
    padded = module(torch.nn.functional.pad(clip, (0, 5000)))
    torch.testing.assert_close(padded[:, : module(clip).shape[1]], module(clip), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("hops", [1, 37, 120])
def test_a_later_sound_gives_the_same_frames_later(method, hops):
    """The blocks of the transform then lie elsewhere in the sound; near-silent frames beside loud ones show it."""
    module = GFCC(16000, method=method)
    clip = torch.tensor(signals.speech_like(7.3))
    later = module(torch.nn.functional.pad(clip, (160 * hops, 0)))[:, hops:]
    expected = module(clip)
    assert (later - expected).abs().max() < 2e-5 * expected.abs().max()


@pytest.mark.parametrize("method", METHODS)
def test_copies_and_pickles_compute_the_same(method):
    module = GFCC(16000, method=method)
    clip = torch.tensor(signals.white(), dtype=torch.float32)
    expected = module(clip)
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert torch.equal(twin(clip), expected)


@pytest.mark.parametrize("method", METHODS)
def test_torchscript_trace_at_another_length(method):
    module = GammatoneSpectrogram(16000, method)
    first = torch.tensor(signals.white(0.5), dtype=torch.float32)[None]
    other = torch.tensor(signals.speech_like(), dtype=torch.float32)[None].repeat(3, 1)
    traced = torch.jit.trace(module, first, check_trace=False)
    ours, theirs = module(other), traced(other)
    heard = ours > 1e-7 * ours.max()
    assert ours.shape == theirs.shape
    assert (10 * torch.log10(theirs[heard] / ours[heard])).abs().max() < 0.1


@pytest.mark.parametrize("method", METHODS)
def test_openvino_graph_of_any_batch_and_time(method):
    import openvino

    module = GFCC(16000, method=method).eval()
    clips = torch.tensor(np.stack([signals.speech_like(seed=s) for s in range(2)]), dtype=torch.float32)
    model = openvino.convert_model(module, example_input=clips[:1, :16000])
    compiled = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    expected = module(clips).numpy()
    result = compiled(clips.numpy())[0]
    assert result.shape == expected.shape
    assert np.abs(result - expected).max() < 3e-3 * np.abs(expected).max()


@pytest.mark.parametrize("method", METHODS)
def test_onnx_graph_of_any_batch_and_time(method, tmp_path):
    """OpenVINO's own reader of ONNX runs the file: no torch, and no converter of ours in between."""
    import openvino

    module = GFCC(16000, method=method).eval()
    clips = torch.tensor(np.stack([signals.speech_like(seed=s) for s in range(2)]), dtype=torch.float32)
    axes = {"waveform": {0: "batch", 1: "time"}, "gfcc": {0: "batch", 2: "frames"}}
    torch.onnx.export(
        module, (clips[:1, :16000],), tmp_path / "gfcc.onnx", dynamo=False, opset_version=17,
        input_names=["waveform"], output_names=["gfcc"], dynamic_axes=axes,
    )  # fmt: skip
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    result = openvino.compile_model(tmp_path / "gfcc.onnx", "CPU", settings)(clips.numpy())[0]
    expected = module(clips).numpy()
    assert result.shape == expected.shape
    assert np.abs(result - expected).max() < 3e-3 * np.abs(expected).max()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("method", METHODS)
def test_on_a_gpu(method):
    module = GFCC(16000, method=method)
    clip = torch.tensor(signals.speech_like())
    expected = module(clip)
    torch.testing.assert_close(module.cuda()(clip.cuda()).cpu(), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"n_gfcc": 30}, "n_filters"),
        ({"method": "wavelet"}, "waveform or fft"),
        ({"compression": "none"}, "cuberoot"),
    ],
)
def test_impossible_settings_are_refused(settings, named):
    with pytest.raises(ValueError, match=named):
        GFCC(16000, **settings)
