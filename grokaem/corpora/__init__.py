"""Data in: the embedded defaults read from pinned packages, the user's own files, data sets of the Hub.

from grokaem import corpora

corpus = corpora.load("rotten_tomatoes")     # or "reviews.csv", a folder of sounds, "owner/name"
corpus.train.inputs, corpus.train.labels, corpus.label_names
"""

from grokaem.corpora.catalog import available_offline, check_columns, load, names, read_documents, readable
from grokaem.corpora.corpus import Corpus, Documents, Part
from grokaem.corpora.limits import COMMAND, PAGE, Limits
from grokaem.corpora.recorded import load_recorded

__all__ = [
    "COMMAND",
    "PAGE",
    "Corpus",
    "Documents",
    "Limits",
    "Part",
    "available_offline",
    "check_columns",
    "load",
    "load_recorded",
    "names",
    "read_documents",
    "readable",
]
