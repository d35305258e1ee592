"""The work that every peer is given: token ids of exact lengths, and snippets as they are.

`32x128` is one batch of 32 sequences of 128 ids. `snippets` are the first 1,000 texts of
data/sentiment.tsv in the order in which they come, `snippets-sorted` the same with texts of similar
length side by side. From ids to one row a sequence: the model, then the masked mean of the last
hidden state. worker.rs, beside this file, makes the same ids and reads the same texts.

Shapes: b sequences, t ids each.
"""

import json
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data" / "sentiment.tsv"
GRID = ["32x128", "32x32", "8x512", "1x16"]
SNIPPETS = ["snippets", "snippets-sorted"]
CASES = GRID + SNIPPETS
TEXTS = 1_000
CLS, SEP = 101, 102
# A step without a common factor with the number of ids: none comes twice before all have come.
FIRST_ID, IDS, STEP = 1_000, 29_000, 7_919


def shape(case):
    """`32x128` → (32, 128)."""
    b, t = case.split("x")
    return int(b), int(t)


def grid(case):
    """Ids and a mask of ones, (b,t) each: spread over the vocabulary, and as easily made in Rust."""
    b, t = shape(case)
    ids = FIRST_ID + (np.arange(b * t) * STEP % IDS).reshape(b, t)
    ids[:, 0], ids[:, -1] = CLS, SEP
    return ids, np.ones_like(ids)


def texts(count=TEXTS, skip=0):
    """The column `text` of `count` rows after the first `skip`."""
    rows = DATA.read_text("utf-8").split("\n")[1 + skip : 1 + skip + count]
    return [row.split("\t")[1] for row in rows]


def tokenizer(model):
    """The checkpoint's own, with padding and truncation replaced by the model's limit."""
    tokens = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokens.no_padding()
    limits = model / "sentence_bert_config.json"
    limit = json.loads(limits.read_text())["max_seq_length"] if limits.exists() else 512
    tokens.enable_truncation(limit)
    return tokens


def batches(tokens, some, size, by_length):
    """Texts → batches of `size`, padded to the longest in each. All of it is part of the work."""
    encoded = [encoding.ids for encoding in tokens.encode_batch_fast(some)]
    if by_length:
        encoded.sort(key=len)
    for start in range(0, len(encoded), size):
        yield pad(encoded[start : start + size])


def pad(rows):
    lengths = np.array([len(row) for row in rows])
    mask = (np.arange(lengths.max()) < lengths[:, None]).astype(np.int64)
    ids = np.zeros_like(mask)
    ids[mask == 1] = np.concatenate(rows)  # row by row, which is the order of `mask == 1`
    return ids, mask
