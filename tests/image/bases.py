"""Stands in for the base images where no registry has them: Debian by debootstrap, committed under the
names that the Dockerfile gives.

The toolchain isn't copied into the image: it is this machine's, mounted while the image is built. So are
its certificates and the settings of its package clients, of which nothing may stay in an image.
"""

import os
import re
import shutil
import ssl
import subprocess
from pathlib import Path

from engine import Failed, run

SUITE = "bookworm"
# As in the images for which they stand in; anything else would hide what the Dockerfile lacks.
PACKAGES = {"rust": ["ca-certificates", "gcc", "libc6-dev"], "python": ["ca-certificates", "python3-pip"]}
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
PATHS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PIP_SETTINGS = ("index-url", "extra-index-url", "proxy", "timeout", "trusted-host")


def names(dockerfile):
    """The base images of a Dockerfile by the program that they are for."""
    found = dict(re.findall(r"^ARG (\w+)_IMAGE=(\S+)$", dockerfile, flags=re.M))
    return {program.lower(): name for program, name in found.items()}


def prepare(engine, dockerfile):
    """Makes the base images that the storage lacks, and sets the engine's volumes."""
    for program, name in names(dockerfile).items():
        if not engine.has(name):
            make(engine, program, name)
    engine.volumes = [f"{toolchain()}:/usr/local/rustup:ro", *settings(engine.folder)]


def make(engine, program, name):
    container = engine.buildah("from", "scratch").strip()
    root = Path(engine.buildah("mount", container).strip())
    included = ",".join(PACKAGES[program])
    command = ["debootstrap", "--variant=minbase", f"--include={included}", SUITE, root, *mirror()]
    # What is half written after a failure is thrown away, so nothing has to reach the disk at once.
    run(command, timeout=900, env={**os.environ, "DPKG_FORCE": "unsafe-io"})
    shutil.rmtree(root / "var/cache/apt", ignore_errors=True)
    config = ["--env", f"PATH={PATHS}"]
    if program == "rust":
        binaries = root / "usr/local/cargo/bin"
        binaries.mkdir(parents=True)
        for tool in ("cargo", "rustc", "rustdoc"):
            (binaries / tool).symlink_to(f"/usr/local/rustup/bin/{tool}")
        config = ["--env", "CARGO_HOME=/usr/local/cargo", "--env", f"PATH=/usr/local/cargo/bin:{PATHS}"]
    engine.buildah("config", *config, container)
    engine.buildah("commit", "--format", "docker", "--rm", container, name)


def mirror():
    """The mirror that this machine's apt uses for the suite, if it says."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", f"Codename: {SUITE}"]
    found = subprocess.run(asked, capture_output=True, text=True).stdout.split()
    return found[:1]


def toolchain():
    """The folder of this machine's Rust toolchain."""
    found = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True)
    if found.returncode != 0:
        raise Failed("rustc is missing; install Rust from https://rustup.rs")
    return found.stdout.strip()


def settings(folder):
    """The volumes with this machine's certificates and with the settings of pip and cargo."""
    certificates = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile or CERTIFICATES
    volumes = [f"{Path(certificates).resolve()}:{CERTIFICATES}:ro"]
    listed = subprocess.run(["python3", "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    known = dict(re.findall(r"^[^.]*\.([\w-]+)='(.*)'$", listed, flags=re.M))
    lines = [f"{name} = {known[name]}" for name in PIP_SETTINGS if name in known]
    pip = folder / "pip.conf"
    pip.write_text("\n".join(["[global]", f"cert = {CERTIFICATES}", *lines]) + "\n")
    volumes.append(f"{pip}:/etc/pip.conf:ro")
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    cargo = home / "config.toml"
    if cargo.exists():
        volumes.append(f"{cargo}:/usr/local/cargo/config.toml:ro")
    return volumes
