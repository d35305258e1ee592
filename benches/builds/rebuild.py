"""How long a rebuild takes after a change in one place: `make bench-rebuild [BASE=other/checkout]`.

Each place is a file that is touched, so that cargo believes it has changed, and the command that a
developer would run next. With BASE, an older checkout is measured in turn with this one; both use the
same target folder, in which dependencies are built once. Prints the median of --rounds in seconds.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVER = ["cargo", "build", "--release", "--locked", "--bin", "strata"]
CHECK = ["cargo", "check", "--locked", "--lib"]
# What is changed: the file, here and in checkouts from before it moved; the commands to time.
PLACES = {
    "charts": ["src/charts/axis.rs", "src/training/html/axis.rs"],
    "kernels": ["crates/strata-kernels/src/scalar/mod.rs", "src/kernels/scalar.rs"],
    "http": ["src/http/error.rs"],
}
KERNEL_TESTS = {
    "crates/strata-kernels": ["cargo", "nextest", "run", "--locked", "-p", "strata-kernels"],
    "src/kernels": ["cargo", "nextest", "run", "--locked", "--lib", "kernels::"],
}


def touched(checkout: Path, place: str) -> Path:
    for name in PLACES[place]:
        if (checkout / name).exists():
            return checkout / name
    sys.exit(f"error: {checkout} has none of {', '.join(PLACES[place])}")


def timed(checkout: Path, file: Path, command: list[str], target: Path) -> float:
    """Seconds that `command` takes after a change of `file`."""
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
    run = lambda: subprocess.run(command, cwd=checkout, env=environment, check=True, capture_output=True)
    run()
    file.touch()
    started = time.monotonic()
    run()
    return time.monotonic() - started


def measures(checkout: Path) -> dict[str, tuple[Path, list[str]]]:
    """What is measured, by name: the file to touch and the command to time."""
    found = {}
    for place in PLACES:
        file = touched(checkout, place)
        found[f"server, release, after a change in {place}"] = (file, SERVER)
        found[f"cargo check after a change in {place}"] = (file, CHECK)
    tests = next(command for folder, command in KERNEL_TESTS.items() if (checkout / folder).is_dir())
    found["kernels' own tests after a change in them"] = (touched(checkout, "kernels"), tests)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=Path, help="an older checkout to measure in turn with this one")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
    checkouts = {"here": ROOT} | ({"base": options.base.resolve()} if options.base else {})
    for name in measures(ROOT):
        seconds = {where: [] for where in checkouts}
        for _ in range(options.rounds):
            for where, checkout in checkouts.items():
                file, command = measures(checkout)[name]
                seconds[where].append(timed(checkout, file, command, target))
        medians = ", ".join(f"{statistics.median(found):.1f} s {where}" for where, found in seconds.items())
        print(f"{name}: {medians}", flush=True)


if __name__ == "__main__":
    main()
