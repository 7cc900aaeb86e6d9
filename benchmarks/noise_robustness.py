"""What survives noise: mel or gammatone filters, logarithm or cube root; five voices, trained on clean speech.

    python -m benchmarks.noise_robustness                          # three seeds, a few minutes
    python -m benchmarks.noise_robustness --seeds 0 --train 100 --test 50

The spoken prompts of the "voices" corpus (five voices, 8 kHz). Each clip becomes 13 cepstral coefficients of
24 filters between 100 and 3500 Hz; their mean and deviation over the clip go to a logistic regression. Only
the filters and the compression differ. It is trained on clean clips and tested on clips of other sentences,
clean and in white, pink and babble noise (babble: clips of the training part). Every clip, noisy or not, is
brought to the same level first, because the cube root, unlike the logarithm, does not turn a gain into a
shift. Nothing is chosen on the test clips. A seed draws the clips and the noise.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grokaem.command_line import run

if TYPE_CHECKING:
    from torch import Tensor, nn

RATE = 8000
FILTERS, COEFFICIENTS, LOWEST, HIGHEST = 24, 13, 100.0, 3500.0
RATIOS = (20, 15, 10, 5, 0, -5)
NOISES = ("white", "pink", "babble")
SHAPES = ("mel", "gammatone fft", "gammatone waveform")
COMPRESSIONS = ("log", "cube root")
LEVEL = 0.1  # root mean square of every clip


def filter_bank(shape: str) -> nn.Module:
    """Energies of 24 filters, 25 ms every 10 ms."""
    from grokaem.audio.features import make

    common: dict = {"f_min": LOWEST, "f_max": HIGHEST}
    if shape == "mel":
        return make("mel", RATE, n_mels=FILTERS, **common)
    return make("gammatone", RATE, n_filters=FILTERS, method=shape.split()[1], **common)


def summary(energies: Tensor, compression: str) -> np.ndarray:
    """Mean and deviation of the cepstra over the clip, shape (2 * 13,)."""
    import torch

    from grokaem.audio.torchaudio_loader import torchaudio

    # The floor is 80 dB below the average energy of the clip, the same for every filter shape.
    energies = energies / energies.mean()
    compressed = torch.log(energies + 1e-8) if compression == "log" else energies.pow(1 / 3)
    cepstra = torchaudio.functional.create_dct(COEFFICIENTS, FILTERS, "ortho").T @ compressed
    return torch.cat([cepstra.mean(dim=1), cepstra.std(dim=1)]).numpy()


def one_seed(seed: int, n_train: int, n_test: int) -> dict[tuple[str, str, str, str], float]:
    """Accuracy by (filters, compression, noise, ratio)."""
    import torch
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from grokaem import corpora
    from grokaem.audio.noise import add_noise, make_noise
    from grokaem.audio.reading import read_waveform

    rng = np.random.default_rng(seed)
    corpus = corpora.load("voices")

    def drawn(part: corpora.Part, per_class: int) -> tuple[list[np.ndarray], np.ndarray]:
        chosen = []
        for label in range(len(corpus.label_names)):
            of_label = np.flatnonzero(np.array(part.labels) == label)
            chosen += list(rng.choice(of_label, min(per_class, len(of_label)), replace=False))
        clips = [read_waveform(part.inputs[i], RATE) for i in chosen]
        return clips, np.array([part.labels[i] for i in chosen])

    def table(clips: list[np.ndarray]) -> dict[tuple[str, str], np.ndarray]:
        rows: dict[tuple[str, str], list[np.ndarray]] = {}
        with torch.inference_mode():
            for clip in clips:
                level = LEVEL / np.sqrt(np.mean(clip.astype(np.float64) ** 2))
                waveform = torch.from_numpy((clip * level).astype(np.float32))
                for shape, bank in banks.items():
                    energies = bank(waveform)
                    for compression in COMPRESSIONS:
                        rows.setdefault((shape, compression), []).append(summary(energies, compression))
        return {key: np.stack(value) for key, value in rows.items()}

    banks = {shape: filter_bank(shape) for shape in SHAPES}
    train, train_labels = drawn(corpus.train, n_train)
    test, test_labels = drawn(corpus.test, n_test)
    models = {
        key: make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000, C=1.0)).fit(rows, train_labels)
        for key, rows in table(train).items()
    }
    result: dict[tuple[str, str, str, str], float] = {}
    for noise in ("none", *NOISES):
        for ratio in RATIOS if noise != "none" else ("clean",):
            noisy = test
            if not isinstance(ratio, str):
                noisy = [add_noise(c, make_noise(noise, len(c), rng, train), ratio) for c in test]
            for key, rows in table(noisy).items():
                result[(*key, noise, str(ratio))] = float((models[key].predict(rows) == test_labels).mean())
    return result


def report(results: list[dict[tuple[str, str, str, str], float]]) -> dict[str, dict[str, list[float]]]:
    """Prints a table for each noise, mean +- deviation over the seeds; returns it by names."""
    figures: dict[str, dict[str, list[float]]] = {}
    keys = [(shape, compression) for shape in SHAPES for compression in COMPRESSIONS]
    for noise in NOISES:
        print(f"\n{noise} noise: accuracy, mean +- deviation of {len(results)} seeds")
        columns = ["clean", *map(str, RATIOS)]
        print(
            f"{'':32}"
            + "".join(f"{c if c == 'clean' else c + ' dB':>14}" for c in columns)
            + f"{'noisy mean':>14}"
        )
        for key in keys:
            cells = [[r[(*key, "none" if c == "clean" else noise, c)] for r in results] for c in columns]
            cells.append(list(np.mean(cells[1:], axis=0)))
            figures.setdefault(noise, {})[", ".join(key)] = [float(np.mean(cell)) for cell in cells]
            text = "".join(f"{np.mean(cell):7.3f} +-{np.std(cell):.3f}" for cell in cells)
            print(f"{', '.join(key):32}{text}")
    print("\ndifference of the noisy mean, averaged over the noises, mean +- deviation over the seeds")
    for name, better, worse in _comparisons():
        gains = [
            np.mean([r[(*better, n, str(s))] - r[(*worse, n, str(s))] for n in NOISES for s in RATIOS])
            for r in results
        ]
        print(f"  {name:60} {np.mean(gains):+.3f} +-{np.std(gains):.3f}")
        figures.setdefault("differences", {})[name] = [float(np.mean(gains)), float(np.std(gains))]
    return figures


def _comparisons() -> list[tuple[str, tuple[str, str], tuple[str, str]]]:
    rows = [(f"cube root over log, {s} filters", (s, "cube root"), (s, "log")) for s in SHAPES]
    for compression in COMPRESSIONS:
        rows += [(f"{s} over mel, {compression}", (s, compression), ("mel", compression)) for s in SHAPES[1:]]
    return rows


def main(argv: list[str]) -> int:
    """The command; see ``--help``."""
    parser = argparse.ArgumentParser(description="Mel or gammatone, logarithm or cube root, in noise.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="default: 0 1 2")
    parser.add_argument("--train", type=int, default=150, metavar="N", help="clips a voice; default: 150")
    parser.add_argument("--test", type=int, default=60, metavar="N", help="clips a voice; default: 60")
    parser.add_argument("--output", metavar="FILE.json", help="also write the figures")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    args = parser.parse_args(argv)
    if min(args.train, args.test) < 2:
        raise ValueError("Give at least 2 clips a voice to train and to test on.")
    results = []
    for seed in args.seeds:
        print(f"seed {seed} ...", file=sys.stderr)
        results.append(one_seed(seed, args.train, args.test))
    figures = report(results)
    if args.output:
        Path(args.output).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
