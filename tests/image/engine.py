"""Builds and inspects images with buildah, without a daemon and without user namespaces.

All images are in a storage of their own. Nothing is looked up in a registry: a base image has to be
there under its name, see `bases`.
"""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

REGISTRIES = 'unqualified-search-registries = []\nshort-name-mode = "permissive"\n'


class Failed(Exception):
    """A command that the test needs has failed; the message has its last lines."""


def run(command, timeout, log=None, **options):
    """Runs a command and returns its standard output; both outputs go to `log`, if given."""
    command = [str(word) for word in command]
    file = log.open("w") if log else subprocess.PIPE
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, text=True, start_new_session=True, **options
    )
    try:
        printed, said = process.communicate(timeout=timeout)
    except BaseException as stopped:
        # With all that it has started.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(stopped, subprocess.TimeoutExpired):
            raise Failed(f"{command[0]} was still running after {timeout} s") from None
        raise
    finally:
        if log:
            file.close()
    if process.returncode != 0:
        said = log.read_text(errors="replace") if log else said
        raise Failed(f"{' '.join(command[:8])} … exited with {process.returncode}:\n{said[-4000:]}")
    return printed


class Engine:
    """buildah with a storage in `folder`. `volumes` are mounted in every RUN instruction.

    The driver `vfs` works everywhere, but copies all files for each layer; `overlay` needs a kernel and a
    file system that allow it, and a quarter of the space.
    """

    def __init__(self, folder, driver):
        self.folder = folder
        self.volumes = []
        (folder / "tmp").mkdir(parents=True, exist_ok=True)
        registries = folder / "registries.conf"
        registries.write_text(REGISTRIES)
        self.command = ["buildah", "--root", folder / "storage", "--runroot", folder / "run"]
        self.command += ["--storage-driver", driver, "--registries-conf", registries]
        # Other files of this machine would give short names of images another meaning.
        self.command += ["--registries-conf-dir", folder / "tmp"]
        self.environment = {**os.environ, "TMPDIR": str(folder / "tmp"), "BUILDAH_ISOLATION": "chroot"}

    def buildah(self, *arguments, timeout=600, log=None):
        return run([*self.command, *arguments], timeout, log, env=self.environment)

    def has(self, name):
        return bool(self.buildah("images", "--quiet", "--filter", f"reference=localhost/{name}").strip())

    def build(self, context, target, tag, arguments, timeout, log):
        """Builds one target of the Dockerfile in `context`, as it stands."""
        # Docker's format, since OCI's has no health check.
        command = ["bud", "--isolation", "chroot", "--layers", "--pull-never", "--format", "docker"]
        command += ["--target", target, "--tag", tag]
        command += [word for volume in self.volumes for word in ("--volume", volume)]
        command += [word for argument in arguments for word in ("--build-arg", argument)]
        # Whoever else uses the machine goes first.
        command = ["nice", "-n", "19", *self.command, *command, context]
        run(command, timeout, log, env=self.environment)

    def inspect(self, tag):
        """The configuration of an image, and the digest and the bytes of each layer, uncompressed."""
        inspected = json.loads(self.buildah("inspect", "--type", "image", tag))
        manifest = json.loads(inspected["Manifest"])
        layers = [(layer["digest"], layer["size"]) for layer in manifest["layers"]]
        return inspected["Docker"]["config"], layers

    def mount(self, tag):
        """A working container of an image: its name, and the folder with its files."""
        name = self.buildah("from", "--pull-never", tag).strip()
        return name, self.buildah("mount", name).strip()

    def remove(self, name):
        self.buildah("rm", name)

    def close(self):
        """Removes the storage, with what may still be mounted in it after a failure."""
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for place in sorted((place for place in mounts if place.startswith(f"{self.folder}/")), reverse=True):
            subprocess.run(["umount", "--lazy", place], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
