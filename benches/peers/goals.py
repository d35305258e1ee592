"""The goals: how many times as fast as its peers Strata should be, per model and kind of processor.

A goal is Strata's precision and case, the peers it is compared with and their case, and a factor.
"""

# Groups of one peer.
SINGLE_PEERS = {"stock candle": "candle f32", "our own f32 by FMA": "strata f32 fma"}

MINILM = [
    ("f32", "snippets", "best f32 peer, sorted by length", "snippets-sorted", 1.25),
    ("f32", "32x128", "best f32 peer", "32x128", 1.15),
    ("f32", "32x32", "best f32 peer", "32x32", 1.15),
    ("bf16", "snippets", "best bf16 peer, sorted by length", "snippets-sorted", 1.3),
    ("int8", "snippets", "best peer of any precision, sorted by length", "snippets-sorted", 2.0),
    ("f32", "1x16", "best f32 peer", "1x16", 1.5),
    ("bf16", "1x16", "best bf16 peer", "1x16", 1.5),
    ("f32", "8x512", "best f32 peer", "8x512", 1.15),
    ("f32", "snippets", "stock candle", "snippets", 5.0),
]

# With tiles, where the peers' bf16 and int8 use them too.
MINILM_AMX = [
    ("bf16", "snippets", "best bf16 peer, sorted by length", "snippets-sorted", 1.5),
    ("int8", "snippets", "best peer of any precision, sorted by length", "snippets-sorted", 1.6),
    ("f32", "snippets", "best f32 peer, sorted by length", "snippets-sorted", 1.6),
    ("f32", "32x128", "best f32 peer", "32x128", 1.5),
    ("bf16", "32x128", "best bf16 peer", "32x128", 1.2),
    ("int8", "32x128", "best int8 peer", "32x128", 1.4),
    ("f32", "8x512", "best f32 peer", "8x512", 1.4),
    ("bf16", "8x512", "best bf16 peer", "8x512", 1.2),
    ("int8", "8x512", "best int8 peer", "8x512", 1.4),
    ("f32", "1x16", "our own f32 by FMA", "1x16", 1.0),
    ("bf16", "1x16", "best bf16 peer", "1x16", 1.25),
    ("int8", "1x16", "best int8 peer", "1x16", 1.7),
    ("f32", "snippets", "our own f32 by FMA", "snippets", 1.15),
]

BASE_AMX = [
    ("f32", "32x128", "best f32 peer", "32x128", 1.6),
    ("bf16", "32x128", "best bf16 peer", "32x128", 1.15),
    ("int8", "32x128", "best int8 peer", "32x128", 1.2),
    ("f32", "32x128", "our own f32 by FMA", "32x128", 1.4),
]


def of(model, amx):
    """The goals for a model, with or without tiles."""
    if "MiniLM" in model:
        return MINILM_AMX if amx else MINILM
    return BASE_AMX if amx else []
