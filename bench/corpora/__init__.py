"""Planted corpora: logs and memories with known contents, to score a dream against.

Nothing here imports the product. What is planted, and how it is written down, comes from a seed and from what real
logs look like; a miner that was taught by these files alone would find out in the field.
"""

from bench.corpora.corpus import Corpus, Options, generate, null_options, worked_example
from bench.corpora.truth import Truth

__all__ = ["Corpus", "Options", "Truth", "generate", "null_options", "worked_example"]
