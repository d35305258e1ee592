"""Writes labelled files of the packages of a Debian system: descriptions and tags, for multi-label heads.

    python3 scripts/sets/debian_tags.py FOLDER [--rows 3000] [--seeds 5]

The tags (https://wiki.debian.org/Debtags) come from the package lists that `apt-get update` has brought.
For each seed it draws as many packages as --rows says and writes three files of them, with their 109,
their 30 and their 12 most frequent tags: `tags-109-SEED.jsonl` and so on. The same lists and seed give
the same files.
"""

import argparse
import json
import random
import subprocess
from collections import Counter
from pathlib import Path

# How many tags a file has.
TAGS = (109, 30, 12)


def packages() -> list[dict]:
    """Description and tags of all packages that have both, one for each description."""
    listed = subprocess.run(["apt-cache", "dumpavail"], check=True, capture_output=True, text=True).stdout
    found = {}
    for entry in listed.split("\n\n"):
        fields, name = {}, None
        for line in entry.splitlines():
            if line.startswith(" ") and name:
                fields[name] += line
            elif ": " in line:
                name, value = line.split(": ", 1)
                fields[name] = value
        if "Tag" in fields and "Description" in fields:
            text = f"{fields['Package']}: {fields['Description']}"
            found[text] = sorted(tag.strip() for tag in fields["Tag"].split(",") if "::" in tag)
    return [{"text": text, "label": tags} for text, tags in sorted(found.items())]


def write(file: Path, rows: list[dict], tags: set[str]) -> None:
    lines = ({"text": row["text"], "label": [tag for tag in row["label"] if tag in tags]} for row in rows)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--rows", type=int, default=3000)
    arguments.add_argument("--seeds", type=int, default=5)
    given = arguments.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    everything = packages()
    for seed in range(given.seeds):
        rows = random.Random(seed).sample(everything, given.rows)
        counts = Counter(tag for row in rows for tag in row["label"])
        frequent = [tag for tag, _ in sorted(counts.items(), key=lambda tag: (-tag[1], tag[0]))]
        for number in TAGS:
            write(given.folder / f"tags-{number}-{seed}.jsonl", rows, set(frequent[:number]))
        rarest = counts[frequent[TAGS[0] - 1]]
        print(f"seed {seed}: {given.rows} of {len(everything)} packages, the rarest tag on {rarest} of them")


if __name__ == "__main__":
    main()
