"""Draws requests from openapi.yaml and sends them to a server of this build, by schemathesis.

    python run.py BINARY [--cases N] [--model FOLDER]

The Python that runs this file needs the packages of `requirements.txt`. What counts as a failure is in
`schemathesis.toml`. Fails too if fewer than N requests were sent, or if the server logged an error.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
sys.path.insert(0, str(ROOT / "scripts" / "judge"))

from server import Server  # noqa: E402

# `/tei/predict` classifies by one head, which has to be chosen where there are several. A text's limit is
# low enough for the drawn requests to be beyond it.
SETTINGS = {
    "STRATA_CLASSIFY_HEADS": "sentiment",
    "STRATA_LOG_FORMAT": "json",
    "STRATA_LIMITS_TEXT_BYTES": "4096",
}
SECONDS = 540

# The contract allows both a server with keys and one without; the one that is asked here has keys, so that
# a request without one has to be refused.
EITHER, WITH_KEYS = "security:\n- {}\n- key: []\n", "security:\n- key: []\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path)
    parser.add_argument("--cases", type=int, default=2000, help="the fewest requests")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "all-MiniLM-L6-v2")
    options = parser.parse_args()
    binary = options.binary.resolve()
    with tempfile.TemporaryDirectory() as home:
        settings = SETTINGS | {"STRATA_AUTH_KEYS_FILE": f"{home}/keys.toml"}
        command = [binary, "key", "new", "contract", "--file", f"{home}/keys.toml"]
        key = subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True).stdout.decode()
        with Server(binary, options.model.resolve(), "auto", settings) as server:
            passed, cases = run(server.url, key.strip(), home)
            errors = [line for line in server.said().splitlines() if '"level":"ERROR"' in line]
            alive = server.get("/readyz") == 200
    for line in errors[:10]:
        print(line)
    if cases < options.cases:
        print(f"{cases} requests were sent, fewer than {options.cases}")
    if not alive:
        print("the server is not ready any more")
    good = passed and not errors and alive and cases >= options.cases
    print(f"{cases} requests, {len(errors)} errors in the log: {'passed' if good else 'failed'}")
    return 0 if good else 1


def run(url, key, home):
    """Whether schemathesis found nothing, and how many requests it sent."""
    contract = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
    if contract.count(EITHER) != 1:
        raise SystemExit("openapi.yaml: no line says that a key is needed or isn't")
    Path(home, "openapi.yaml").write_text(contract.replace(EITHER, WITH_KEYS), encoding="utf-8")
    report = Path(home, "report.json")
    command = [sys.executable, "-B", "-m", "schemathesis.cli", "--config-file", FOLDER / "schemathesis.toml"]
    command += ["run", Path(home, "openapi.yaml"), "--url", url, "--no-color"]
    command += ["--header", f"Authorization: Bearer {key}"]
    command += ["--report", "json", "--report-json-path", report]
    # The hooks are found in the folder.
    environment = {"PATH": os.environ["PATH"], "HOME": home, "PYTHONPATH": str(FOLDER)}
    environment |= {"NO_PROXY": "127.0.0.1", "SCHEMATHESIS_HOOKS": "hooks"}
    ended = subprocess.run(command, cwd=home, env=environment, stdin=subprocess.DEVNULL, timeout=SECONDS)
    return ended.returncode == 0, count(report)


def count(report):
    """The requests that a report counts."""
    if not report.is_file():
        return 0
    return json.loads(report.read_text(encoding="utf-8"))["test_cases"]["generated"]


if __name__ == "__main__":
    sys.exit(main())
