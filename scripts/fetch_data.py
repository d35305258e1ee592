#!/usr/bin/env python3
"""Downloads the labelled texts to `data/`: four files of human ratings, and four tables made from them.

- `sentiment.tsv`: the snippets of film reviews, "positive" if the rating is above 0, else "negative".
- `rating.tsv`: the same snippets, labelled with their ratings.
- `register.tsv`: the snippets of all four files, labelled with their source.
- `facets.tsv`: the same snippets and labels, plus the label "positive" if the rating is above 0.

The ratings come with C.J. Hutto and Eric Gilbert, "VADER: A Parsimonious Rule-based Model for
Sentiment Analysis of Social Media Text" (ICWSM 2014), in the source distribution of vaderSentiment
(MIT). Each file is UTF-8 with CRLF line ends, tab-separated, without quoting; its columns are id, mean
rating from -4 to 4, and text. If every file exists with the expected hash, nothing is downloaded.
Usage: `python3 scripts/fetch_data.py`.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

from fetching import ROOT, FetchError, check_all, download, put_in_place, run, scratch, wrong_files

DATA = ROOT / "data"
PACKAGE = "vaderSentiment==3.3.2"
SDIST_SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
ARCHIVE = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
INSIDE = "hutto_ICWSM_2014"
SNIPPETS = "movieReviewSnippets_GroundTruth.txt"
RATINGS = {
    SNIPPETS: "c8293b0d942e90e223ea2c0955d969040d1a1be514a978b9af0698940bd13350",
    "amazonReviewSnippets_GroundTruth.txt": "11a9807a0974a2506a2d3b4851eaf69b3d6d20688ce4923adda2312a4f6dd6c2",
    "nytEditorialSnippets_GroundTruth.txt": "7d8fbcce7dde5d716da53e78f4ef4be6b706e9ef1e1d51887e6d0ad4b69cc27e",
    "tweets_GroundTruth.txt": "dfbe7102e2f92579ed8b19df9a3822491880697c67adf712fb66e520cc05102f",
}
# The label of each file's texts, and how many texts it has.
REGISTERS = {
    SNIPPETS: ("film review", 10605),
    "amazonReviewSnippets_GroundTruth.txt": ("product review", 3708),
    "nytEditorialSnippets_GroundTruth.txt": ("editorial", 5190),
    "tweets_GroundTruth.txt": ("tweet", 4200),
}
TABLES = {
    "sentiment.tsv": "d04c692bedf004f8b3b935cf9e4fe014d699fca6e8d9593f47102940906dd508",
    "register.tsv": "b7a6872af3b871d44be141529f97a5e509fa6036f164e66506a02cee99e670d3",
    "rating.tsv": "2fc8f60dbb53a0a3b12be6eec9df1d6fcaa5cf0509c2d29b984401055e4ad91c",
    "facets.tsv": "f499020605df8b346fc6a317da6dbe46a8abe7f2b9bd97d58c928086fa7fb4f1",
}


def main() -> None:
    hashes = {**RATINGS, **TABLES}
    wrong = wrong_files(DATA, hashes)
    if not wrong:
        print(f"data: all {len(hashes)} files are present, their hashes are correct")
        return
    with scratch(beside=DATA) as folder:
        staged = folder / "data"
        staged.mkdir()
        if set(wrong) <= set(TABLES):
            for name in RATINGS:
                (staged / name).write_bytes((DATA / name).read_bytes())
        else:
            unpack(download(PACKAGE, SDIST_SHA256, "sdist", folder), staged)
            check_all(staged, RATINGS)
        write_tables(staged)
        check_all(staged, TABLES)
        put_in_place(staged, DATA)
    print(f"data: {', '.join(wrong)} written, all hashes are correct")


def unpack(sdist: Path, staged: Path) -> None:
    with tarfile.open(sdist) as outer:
        with tarfile.open(fileobj=member(outer, ARCHIVE)) as inner:
            for name in RATINGS:
                (staged / name).write_bytes(member(inner, f"{INSIDE}/{name}").read())


def member(archive: tarfile.TarFile, name: str):
    try:
        file = archive.extractfile(name)
    except KeyError:
        file = None
    if file is None:
        raise FetchError(f"the archive does not contain {name}")
    return file


def write_tables(folder: Path) -> None:
    """Writes the tables. Each has the columns `label` and `text`."""
    rated = [(REGISTERS[name][0], *row) for name in RATINGS for row in rows(folder / name)]
    films = [row for row in rated if row[0] == REGISTERS[SNIPPETS][0]]
    tables = {
        "sentiment.tsv": [("positive" if rating > 0 else "negative", text) for _, rating, text in films],
        "rating.tsv": [(rating, text) for _, rating, text in films],
        "register.tsv": [(register, text) for register, _, text in rated],
        "facets.tsv": [(register + ",positive" * (rating > 0), text) for register, rating, text in rated],
    }
    for name, table in tables.items():
        lines = ["label\ttext", *(f"{label}\t{text}" for label, text in table)]
        (folder / name).write_bytes(("\n".join(lines) + "\n").encode("utf-8"))


def rows(ratings: Path) -> list[tuple[float, str]]:
    """(rating, text) of each row."""
    parsed = []
    for number, row in enumerate(ratings.read_bytes().decode("utf-8").split("\r\n"), start=1):
        try:
            _, rating, text = row.split("\t")
            parsed.append((float(rating), text.strip()))
        except ValueError:
            raise FetchError(f"{ratings.name}, row {number}: expected an id, a rating and a text") from None
        if not parsed[-1][1] or any(character in parsed[-1][1] for character in "\t\r\n"):
            raise FetchError(f"{ratings.name}, row {number}: the text is empty or more than one line")
    _, expected = REGISTERS[ratings.name]
    if len(parsed) != expected:
        raise FetchError(f"{ratings.name} has {len(parsed)} rows, expected {expected}")
    return parsed


if __name__ == "__main__":
    run(main)
