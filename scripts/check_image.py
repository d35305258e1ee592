"""Checks without a container engine that the image's build stages have all files that they need.

Copies what the Dockerfile's COPY lines and .dockerignore admit to an empty folder, and runs the
Dockerfile's `cargo build` there as `cargo check`; of the manifests, from which the dependencies are built
before the code is there, it checks that they are whole. `make image-test` builds the image itself. Uses
only the standard library.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
CONTEXT = TARGET / "image-context"
MANIFESTS = TARGET / "image-manifests"


def instructions(dockerfile):
    """Each instruction's name and arguments, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile, flags=re.M)
    text = re.sub(r"\\\s*\n", " ", text)
    for line in filter(str.strip, text.splitlines()):
        name, _, arguments = line.strip().partition(" ")
        yield name.upper(), arguments.strip()


def stages(dockerfile):
    """For each stage by its name, its instructions without FROM."""
    found = {}
    for name, arguments in instructions(dockerfile):
        if name == "FROM":
            stage = found[arguments.split()[-1]] = []
        elif found:
            stage.append((name, arguments))
    return found


def copies(stage):
    """The sources and the target of each COPY from the build context."""
    for name, arguments in stage:
        if name == "ADD" or (name == "COPY" and re.search(r"[\[*?]", arguments)):
            fail(f"Dockerfile: {name} {arguments}: this check reads only plain COPY lines")
        if name == "COPY" and "--from=" not in arguments:
            words = [word for word in arguments.split() if not word.startswith("--")]
            yield words[:-1], words[-1]


def pattern(glob):
    """A line of .dockerignore as a regular expression for a path or one of its parents."""
    parts = re.split(r"(\*\*/?|\*|\?)", glob.strip("/"))
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts) + "(?:/.*)?$")


def read_ignored(text):
    """A function that says whether a path is left out: the last line that matches decides."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    rules = [(line.startswith("!"), pattern(line.lstrip("!"))) for line in lines]

    def ignored(path):
        matching = [admitted for admitted, rule in rules if rule.match(path.as_posix())]
        return bool(matching) and not matching[-1]

    return ignored


def files_of(source, ignored):
    """The files of a COPY source that are in the build context, relative to the root."""
    path = ROOT / source
    found = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    return [p for p in (p.relative_to(ROOT) for p in found) if not ignored(p)]


def copy_stage(stage, folder, ignored):
    """Fills CONTEXT with what a stage's COPY lines bring from the build context to `folder`."""
    shutil.rmtree(CONTEXT, ignore_errors=True)
    for sources, target in copies(stage):
        if not f"{target}/".startswith(folder):
            fail(f"Dockerfile: COPY {target}: expected a target in {folder}, where the build stage finds it")
        target = target.removeprefix(folder)
        for source in sources:
            is_folder = (ROOT / source).is_dir()
            for file in files_of(source, ignored):
                inner = file.relative_to(source) if is_folder else Path(file.name)
                to_folder = is_folder or target in ("", ".") or target.endswith("/") or len(sources) > 1
                copied = CONTEXT / target / inner if to_folder else CONTEXT / target
                copied.parent.mkdir(parents=True, exist_ok=True)
                # With its time, so that cargo checks again only what has changed.
                shutil.copy2(ROOT / file, copied)


def fail(message):
    sys.exit(f"check_image: {message}")


def main():
    dockerfile = (ROOT / "Dockerfile").read_text()
    ignored = read_ignored((ROOT / ".dockerignore").read_text())
    build = None
    found = stages(dockerfile)
    for stage in found.values():
        for source in (source for sources, _ in copies(stage) for source in sources):
            if not (ROOT / source).exists():
                fail(f"Dockerfile: COPY {source}: there is no such file or folder")
            if not files_of(source, ignored):
                fail(f"Dockerfile: COPY {source}: .dockerignore leaves it out")
        for command in (arguments for name, arguments in stage if name == "RUN"):
            if flags := re.search(r"cargo (?:auditable )?build ([^&|;]*)", command):
                build = stage, [word for word in flags[1].split() if word not in ("--release", "--offline")]
    if build is None:
        fail("Dockerfile: no stage runs `cargo build`")
    stage, flags = build
    source, folder = origin(stage)
    copy_stage(found[source], folder, ignored)
    succeed(["cargo", "check", "--quiet", *flags], CONTEXT)
    shutil.rmtree(MANIFESTS, ignore_errors=True)
    succeed(["sh", str(CONTEXT / "scripts/manifests.sh"), str(CONTEXT), str(MANIFESTS)], CONTEXT)
    succeed(["cargo", "metadata", "--quiet", "--locked", "--no-deps", "--format-version", "1"], MANIFESTS)


def origin(stage):
    """The stage from which the build stage copies its files, and the folder there."""
    for name, arguments in stage:
        if name == "COPY" and (copied := re.fullmatch(r"--from=(\w+) (/\S+) \S+", arguments)):
            return copied[1], copied[2].rstrip("/") + "/"
    fail("Dockerfile: the build stage copies no folder from another stage")


def succeed(command, folder):
    environment = {**os.environ, "CARGO_TARGET_DIR": str(TARGET)}
    done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    if done.returncode != 0:
        fail(f"`{' '.join(command)}` fails with the files that the Dockerfile copies, in {folder}")


if __name__ == "__main__":
    main()
