import pytest


@pytest.fixture
def tiny_bert():
    """Builds a two-layer, 32-wide BERT classifier with dropout, the same weights each time."""
    import torch
    from transformers import AutoModelForSequenceClassification, BertConfig

    def build(layers: int = 3, dropout: float = 0.1, vocabulary: int = 600):
        torch.manual_seed(0)
        config = BertConfig(
            hidden_size=64,
            num_hidden_layers=layers,
            num_attention_heads=4,
            intermediate_size=128,
            vocab_size=vocabulary,
            num_labels=3,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
        )
        return AutoModelForSequenceClassification.from_config(config).train()

    return build


@pytest.fixture
def batch():
    """Eight padded sequences of 16 tokens with labels."""
    import torch

    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(5, 600, (8, 16), generator=generator)
    mask = torch.ones_like(ids)
    mask[::2, 11:] = 0
    return {"input_ids": ids, "attention_mask": mask, "labels": torch.arange(8) % 3}
