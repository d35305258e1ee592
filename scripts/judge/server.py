"""A Strata process that serves one checkpoint on a free port of the loopback interface."""

import json
import os
import select
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

START_SECONDS = 30
REQUEST_SECONDS = 30
REFUSED = 2


class Refused(Exception):
    """The checkpoint was refused at start; the message is what the process said."""


class Failed(Exception):
    """The process ended in another way, or never became ready."""


class Server:
    """Use as a context: the process ends with it. `settings` are further variables of its environment."""

    def __init__(self, binary, folder, encoder, settings=None):
        self.home = tempfile.TemporaryDirectory()
        self.log = tempfile.TemporaryFile("w+")
        arguments = ["serve", "--model", str(folder), "--port", "0", "--threads", "1", "--encoder", encoder]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
        self.process = subprocess.Popen(
            [binary, *arguments],
            cwd=self.home.name,
            env=kept | {"STRATA_HTTP_STOP_DELAY_MS": "0"} | (settings or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        try:
            self.url = self.wait()
        except BaseException:
            self.__exit__()
            raise

    def wait(self):
        """The URL in the line that says that it is ready."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if select.select([self.process.stdout], [], [], 1.0)[0]:
                line = self.process.stdout.readline()
                if "ready: " in line:
                    return "http://" + line.split("http://")[1].split("/")[0].split()[0]
                if not line:
                    code = self.process.wait(REQUEST_SECONDS)
                    kind = Refused if code == REFUSED else Failed
                    raise kind(self.said() or f"exit code {code}")
        raise Failed(f"not ready after {START_SECONDS} s: {self.said()}")

    def said(self):
        self.log.seek(0)
        return self.log.read().strip()

    def post(self, path, body):
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"content-type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def get(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=REQUEST_SECONDS) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Nothing is in flight, and only this process is ended.
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()
        self.home.cleanup()
