"""Puts faults into the source, one at a time, and reports which of them the tests notice.

    python scripts/faults/run.py scripts/faults/serving.toml [part of a name ...]

The list has, under `tests`, the arguments of `cargo nextest run` that select the tests, fastest first, and for
each fault a name, a file, the text to find and what replaces it; with `optimised_crates = true` all other
crates are optimised, for tests that compute much. Each fault is applied to the last commit in a
worktree of its own, where the tests run. Further arguments are parts of the names of faults to run; without
any, all run. Fails if fewer than nine of ten are caught, or if a fault no longer fits the source. Uses only
the standard library.
"""

import os
import signal
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WANTED = 0.9
# A fault may make a test wait for ever.
SECONDS = 900
# A build without optimisation is the fastest to compile. The kernels aren't changed, and the tests of the
# real model need them fast.
UNOPTIMISED = {"CARGO_PROFILE_DEV_OPT_LEVEL": "0"}
KERNELS = ["--config", "profile.dev.package.strata-kernels.opt-level=3"]
OWN_CRATE = ["--config", "profile.dev.package.strata.opt-level=0"]


def main():
    # So that the worktree is removed then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    listed = tomllib.loads(Path(sys.argv[1]).read_text())
    parts = sys.argv[2:] or [""]
    wanted = [fault for fault in listed["fault"] if any(part in fault["name"] for part in parts)]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git("worktree", "add", "--quiet", "--detach", tree, "HEAD")
        try:
            for name in ("models", "data", ".venv-judge"):
                if (ROOT / name).exists() and not (tree / name).exists():
                    (tree / name).symlink_to((ROOT / name).resolve())
            result, said = tests(tree, listed)
            if result != "MISSED":
                sys.exit(f"without a fault the tests fail already: {said}")
            verdicts = [verdict(tree, fault, listed) for fault in wanted]
        finally:
            git("worktree", "remove", "--force", tree)
    caught = verdicts.count("caught")
    print(f"{caught} of {len(wanted)} faults are caught")
    if "stale" in verdicts or caught < WANTED * len(wanted):
        sys.exit(1)


def verdict(tree, fault, listed):
    path = tree / fault["file"]
    source = path.read_text()
    found = source.count(fault["find"])
    if found != 1:
        result, said = "stale", f"its text occurs {found} times in {fault['file']}"
    else:
        path.write_text(source.replace(fault["find"], fault["replace"]))
        result, said = tests(tree, listed)
        path.write_text(source)
    print(f"{result:<8} {fault['name']}" + (f": {said}" if said else ""), flush=True)
    return result


def tests(tree, listed):
    optimised = listed.get("optimised_crates", False)
    for selection in listed["tests"]:
        # A test that fails once and then passes has met a busy machine, not the fault.
        options = ["--locked", "--retries", "1", *(OWN_CRATE if optimised else KERNELS)]
        command = ["cargo", "nextest", "run", *options, *selection]
        try:
            done = run(command, tree, {} if optimised else UNOPTIMISED)
        except subprocess.TimeoutExpired:
            return "caught", "a test does not end"
        if "could not compile" in done.stderr:
            errors = [line for line in done.stderr.splitlines() if line.startswith("error")]
            return "stale", f"it does not compile: {errors[0]}"
        failed = {line.split()[-1] for line in done.stderr.splitlines() if " FAIL " in line}
        if done.returncode:
            return "caught", ", ".join(sorted(failed)[:3])
    return "MISSED", ""


def run(command, tree, profile):
    # Kept between runs, so that only what a fault changes is compiled.
    target = os.environ.get("FAULTS_TARGET", str(ROOT / "target" / "faults"))
    env = {**os.environ, "CARGO_TARGET_DIR": target, **profile}
    return subprocess.run(
        command, cwd=tree, env=env, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def git(*arguments):
    subprocess.run(["git", *arguments], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
