"""Checks of what is in an image: its configuration, its files, and what it says about itself."""

import gzip
import hashlib
import json
import os
import re
import stat

DOC = "usr/share/doc/strata"
LIBRARIES = {"libc6", "libgcc-s1", "base-files"}
MB = 1_000_000


def check_config(report, image, labels):
    config, tag = image.config, image.tag
    report.check(f"{tag}: its user is a number", re.fullmatch(r"\d+:\d+", config["User"]), config["User"])
    for name, value in labels.items():
        report.equal(f"{tag}: label {name}", config["Labels"].get(f"org.opencontainers.image.{name}"), value)
    entry = [*config["Entrypoint"], *config["Healthcheck"]["Test"][1:2]]
    report.equal(f"{tag}: runs without a shell", entry, ["/usr/local/bin/strata"] * 2)
    report.equal(f"{tag}: stop signal", config.get("StopSignal"), "SIGTERM")


def files(image):
    """The regular files of an image as delivered, relative to its root."""
    found = []
    for folder, _, names in os.walk(image.root):
        paths = (os.path.join(folder, name) for name in names)
        found += (path for path in paths if not os.path.islink(path) and os.path.isfile(path))
    return sorted(os.path.relpath(path, image.root) for path in found)


def check_files(report, image, workspace):
    """`workspace` is the folder from which the image was built."""
    tag, root, names = image.tag, image.root, files(image)
    modes = {name: (root / name).stat().st_mode for name in names}
    programs = [name for name in names if modes[name] & 0o111 and ".so." not in name]
    report.equal(f"{tag}: programs", programs, ["usr/local/bin/strata"])
    loose = [name for name in names if modes[name] & (stat.S_ISUID | stat.S_ISGID | 0o022)]
    report.equal(f"{tag}: files that others may write, or with the rights of their owner", loose, [])
    owner = (root / "strata/heads").stat()
    report.equal(f"{tag}: owner of the folder of heads", f"{owner.st_uid}:{owner.st_gid}", image.config["User"])
    check_digests(report, image, names)
    check_documents(report, image, workspace)
    check_origin(report, image, names, workspace)


def check_digests(report, image, names):
    listed = {}
    for file in (image.root / DOC).glob("*.sha256"):
        listed |= {name: digest for digest, name in (line.split(None, 1) for line in file.read_text().splitlines())}
    wrong = [
        name
        for name, digest in listed.items()
        if hashlib.sha256((image.root / name).read_bytes()).hexdigest() != digest
    ]
    unlisted = [name for name in names if name not in listed and not name.endswith(".sha256")]
    report.check(f"{image.tag}: SHA-256 of all files", not wrong + unlisted, wrong + unlisted or f"{len(listed)} files")


def check_documents(report, image, workspace):
    tag, doc = image.tag, image.root / DOC
    same = (doc / "LICENSE").read_bytes() == (workspace / "LICENSE").read_bytes()
    report.check(f"{tag}: licence", same)
    bom = json.loads((doc / "strata.cdx.json").read_text())
    components = {(crate["name"], crate["version"]) for crate in bom["components"]}
    lock = (workspace / "Cargo.lock").read_text()
    locked = set(re.findall(r'^name = "(.+)"\nversion = "(.+)"$', lock, flags=re.M))
    known = components <= locked and {"tokio", "axum", "strata-kernels"} <= {name for name, _ in components}
    report.check(f"{tag}: SBOM, {bom['bomFormat']} {bom['specVersion']}", known, f"{len(components)} crates")
    licences = gzip.decompress((doc / "licences-of-dependencies.gz").read_bytes()).decode(errors="replace")
    named = set(re.findall(r"^======== (\S+)/", licences, flags=re.M))
    # Some crates have their licence in the manifest alone.
    enough = len(named) >= 0.9 * len(components)
    report.check(f"{tag}: licences of dependencies", enough, f"{len(named)} crates, {len(licences) // 1000} kB")
    records = {file.name: file.read_text() for file in (image.root / "var/lib/dpkg/status.d").iterdir()}
    versions = {name: re.search(r"^Version: (.+)$", text, flags=re.M)[1] for name, text in records.items()}
    report.check(f"{tag}: records of Debian's packages", set(versions) == LIBRARIES, versions)


def check_origin(report, image, names, workspace):
    """Nothing of the machine that has built the image is in it."""
    traces = [str(workspace).encode(), str(image.engine.folder).encode(), os.path.expanduser("~/").encode()]
    # A short home, such as that of root, is in other words too.
    traces = [trace for trace in traces if len(trace) > len("/root/")]
    found = [name for name in names if any(trace in (image.root / name).read_bytes() for trace in traces)]
    certificates = [name for name in names if name.endswith((".crt", ".pem")) or "pip" in name]
    report.equal(f"{image.tag}: traces of the machine that built it", found + certificates, [])


def check_size(report, image, most):
    total = sum(size for _, size in image.layers) / MB
    sizes = " + ".join(f"{size / MB:.1f}" for _, size in image.layers)
    report.check(f"{image.tag}: all layers, at most {most} MB", total <= most, f"{total:.1f} MB ({sizes})")
