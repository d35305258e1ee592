"""Builds the container image from a clean clone, and tests it, without a container engine: `make image-test`.

Needs root, and Debian's buildah and debootstrap. Takes as long as two builds for release; prints one line
per check. Everything it makes is under `target/image-test`, and is removed at the end.

Usage: python3 tests/image/run.py [--keep] [--driver overlay] [--context FOLDER]
"""

import argparse
import os
import re
import shutil
import signal
import sys
from pathlib import Path

import bases
import builds
import files
import serving
from container import Image
from engine import Engine, Failed, run
from report import Report

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "image-test"
MODEL = "strata/models/all-MiniLM-L6-v2"
MOST_MB = {"plain": 35, "with-model": 125}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="keep images and layers for the next run")
    parser.add_argument("--driver", default="vfs", help="buildah's storage driver [default: vfs]")
    parser.add_argument("--context", type=Path, help="build this folder instead of a clean clone of HEAD")
    return parser.parse_args()


def clone(folder):
    """A clean clone of HEAD: nothing that git ignores, and nothing that isn't committed."""
    shutil.rmtree(folder, ignore_errors=True)
    run(["git", "clone", "--quiet", "--no-local", "--depth", "1", f"file://{ROOT}", folder], timeout=300)


def labels(context):
    """What the image's labels say, by the name of the label."""
    manifest = (context / "Cargo.toml").read_text()
    shown = run(["git", "-C", ROOT, "show", "--no-patch", "--format=%H %cI", "HEAD"], timeout=60).split()
    version = re.search(r'^version = "(.+)"', manifest, flags=re.M)[1]
    return {"version": version, "revision": shown[0], "created": shown[1]}


def workspace_crates(context):
    manifests = [context / "Cargo.toml", *context.glob("crates/*/Cargo.toml")]
    found = (re.search(r'^\[package\]\nname = "(.+)"', file.read_text(), flags=re.M) for file in manifests)
    return [name[1] for name in found if name]


def check_static(report, images, context, expected):
    for target, image in images.items():
        files.check_config(report, image, {**expected, "licenses": "Apache-2.0"})
        files.check_files(report, image, context)
        files.check_size(report, image, MOST_MB[target])


def check_running(report, engine, images, context):
    plain, full = images["plain"], images["with-model"]
    readme = (context / "README.md").read_text()
    work = engine.folder / "volumes"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    serving.check_default(report, full, readme)
    serving.check_port(report, full)
    serving.check_refusals(report, plain)
    serving.check_volumes(report, plain, full.root / MODEL, work)
    rust = Image(engine, bases.names((context / "Dockerfile").read_text())["rust"])
    try:
        serving.check_names(report, full, rust.root / "usr/bin/getent", work)
    finally:
        rust.close()


def test(report, engine, given):
    context = given.context or engine.folder / "clone"
    if not given.context:
        clone(context)
    dockerfile = (context / "Dockerfile").read_text()
    report.note("base images")
    bases.prepare(engine, dockerfile)
    expected = labels(context)
    passed = [f"{name.upper()}={value}" for name, value in expected.items()]
    first = builds.build(report, engine, context, passed, "first build")
    builds.check_first(report, first)
    images = {target: Image(engine, f"strata:{target}") for target in builds.TARGETS}
    before = {target: image.layers for target, image in images.items()}
    try:
        check_static(report, images, context, expected)
        check_running(report, engine, images, context)
    finally:
        for image in images.values():
            image.close()
    builds.touch(context)
    again = builds.build(report, engine, context, passed, "rebuild")
    after = {target: engine.inspect(f"strata:{target}")[1] for target in builds.TARGETS}
    builds.check_rebuild(report, first, again, before, after, workspace_crates(context))


def main():
    given = arguments()
    if os.geteuid() != 0:
        sys.exit("error: the image test mounts file systems; run it as root")
    # So that a stopped run cleans up too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("error: stopped"))
    report = Report()
    engine = Engine(FOLDER, given.driver)
    try:
        test(report, engine, given)
    except Failed as failure:
        report.check("the image test runs to its end", False, failure)
    finally:
        if not given.keep:
            # Containers have ended with the blocks that started them, and their mounts with them.
            engine.close()
    sys.exit(report.close())


if __name__ == "__main__":
    main()
