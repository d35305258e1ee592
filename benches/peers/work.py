"""The work that every peer gets: token ids of exact lengths, and snippets of natural length.

`32x128` is one batch of 32 sequences of 128 ids. `snippets` are the first 1,000 texts of
data/sentiment.tsv in file order; `snippets-sorted` are the same texts sorted by length. Each sequence
gives one row: the masked mean of the last hidden state. worker.rs makes the same ids and reads the
same texts.

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
# STEP and IDS have no common factor, so that no id repeats before all ids have been used.
FIRST_ID, IDS, STEP = 1_000, 29_000, 7_919


def shape(case):
    """`32x128` → (32, 128)."""
    b, t = case.split("x")
    return int(b), int(t)


def grid(case):
    """Ids and a mask of ones, (b,t) each. The ids spread over the vocabulary by a formula that worker.rs shares."""
    b, t = shape(case)
    ids = FIRST_ID + (np.arange(b * t) * STEP % IDS).reshape(b, t)
    ids[:, 0], ids[:, -1] = CLS, SEP
    return ids, np.ones_like(ids)


def texts(count=TEXTS, skip=0):
    """The column `text` of `count` rows, after skipping `skip` rows."""
    rows = DATA.read_text("utf-8").split("\n")[1 + skip : 1 + skip + count]
    return [row.split("\t")[1] for row in rows]


def tokenizer(model):
    """The checkpoint's tokenizer, without padding and truncating at the model's limit."""
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_padding()
    limits = model / "sentence_bert_config.json"
    limit = json.loads(limits.read_text())["max_seq_length"] if limits.exists() else 512
    tokenizer.enable_truncation(limit)
    return tokenizer


def batches(tokenizer, texts, size, by_length):
    """Texts → batches of `size`, each padded to its longest text. Tokenising and padding are timed, too."""
    encoded = [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)]
    if by_length:
        encoded.sort(key=len)
    for start in range(0, len(encoded), size):
        yield pad(encoded[start : start + size])


def pad(rows):
    lengths = np.array([len(row) for row in rows])
    mask = (np.arange(lengths.max()) < lengths[:, None]).astype(np.int64)
    ids = np.zeros_like(mask)
    ids[mask == 1] = np.concatenate(rows)  # row by row, the order of `mask == 1`
    return ids, mask
