"""Serves one sentence-transformers model in three layouts and compares its embeddings with Python's.

    python scripts/judge/layouts.py BINARY MODEL

The layouts: as it is; with the encoder's files in 0_Transformer, as older versions wrote them; and saved anew by
the installed sentence-transformers. Fails if the cosine to sentence-transformers in float64 is below 0.999999 for
a text, with either encoder. Loopback only.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy
from reference import Reference
from server import Server
from tiny import ENCODERS

LEAST_COSINE = 0.999999
TEXTS = [
    "A gripping, beautifully shot film.",
    "a",
    "naïve café, 日本語 and a [MASK] in it — “quoted”",
    "The quick brown fox jumps over the lazy dog. " * 60,
]


def main():
    binary, model = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    lowest = 1.0
    with tempfile.TemporaryDirectory() as folder:
        for name, write in LAYOUTS.items():
            layout = Path(folder) / name
            write(model, layout)
            for encoder in ENCODERS:
                cosine = compare(binary, layout, encoder)
                print(f"{name}, {encoder}: lowest cosine {cosine:.9f}", flush=True)
                lowest = min(lowest, cosine)
    return 0 if lowest >= LEAST_COSINE else 1


def as_it_is(model, layout):
    shutil.copytree(model, layout)


def in_a_subfolder(model, layout):
    shutil.copytree(model, layout)
    modules = json.loads((layout / "modules.json").read_text())
    encoder = layout / "0_Transformer"
    encoder.mkdir()
    kept = {"modules.json", "config_sentence_transformers.json"}
    for path in layout.iterdir():
        if path.is_file() and path.name not in kept:
            path.rename(encoder / path.name)
    modules[0]["path"] = encoder.name
    (layout / "modules.json").write_text(json.dumps(modules))


def saved_anew(model, layout):
    import sentence_transformers

    sentence_transformers.SentenceTransformer(str(model), device="cpu").save_pretrained(str(layout))


LAYOUTS = {"as it is": as_it_is, "in 0_Transformer": in_a_subfolder, "saved anew": saved_anew}


def compare(binary, layout, encoder):
    """The lowest cosine of all texts."""
    expected = Reference(layout).native(TEXTS)
    with Server(binary, layout, encoder) as server:
        status, answer = server.post("/embed", {"inputs": TEXTS, "recipe": "native"})
        if status != 200:
            sys.exit(f"{layout.name}: status {status}: {answer}")
    found = numpy.asarray(answer["embeddings"], float)
    norms = numpy.linalg.norm(found, axis=1) * numpy.linalg.norm(expected, axis=1)
    return float(((found * expected).sum(1) / norms).min())


if __name__ == "__main__":
    sys.exit(main())
