"""The topic models there are: a line each."""

from __future__ import annotations

from grokaem.registry import Registry
from grokaem.topics.method import Method

MODELS = Registry(
    "topic model",
    Method,
    [
        "grokaem.topics.dirichlet:LDA",
        "grokaem.topics.semantic_analysis:LSA",
        "grokaem.topics.factorization:NMF",
        "grokaem.topics.bertopic_model:BERTOPIC",
        "grokaem.topics.bert_lda:BERT_LDA",
    ],
)
