"""Runs real clients against a server of this build, and says which of their claims hold.

    python run.py BINARY GROUP [SCRIPT...] [--model FOLDER] [--reference FILE]

The groups and their scripts are in GROUPS; SCRIPT names some of a group. The Python that runs this file
needs the packages of its group: `requirements/quick.txt`, `requirements/rest.txt`, or for the group `judge`
those of `tests/fixtures/requirements.txt`. The group `node` needs `npm ci` in `node/`.
Fails if a claim of any script fails. Servers and scripts use the loopback interface only.
"""

import argparse
import itertools
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

GROUPS = {
    "quick": [
        "openai_client.py",
        "cohere_rerank_client.py",
        "cohere_embed_client.py",
        "huggingface_hub_client.py",
        "open_webui.py",
        "dify.py",
        "keys.py",
        "tritonclient_http.py",
        "tritonclient_grpc.py",
    ],
    "rest": [
        "langchain_clients.py",
        "llama_index_clients.py",
        "haystack_client.py",
        "litellm_client.py",
        "vector_store.py",
    ],
    "judge": ["quantized.py"],
    "node": ["node/openai_client.mjs"],
}
# `/tei/predict` classifies by one head, which has to be chosen where there are several.
SETTINGS = {
    "STRATA_ALIASES": "text-embedding-3-small",
    "STRATA_CLASSIFY_HEADS": "sentiment",
    "STRATA_LOG_FILTER": "warn",
}
# Two of the requests that the scripts fill it with.
SMALL_QUEUE = {"STRATA_BATCHING_QUEUE_TOKENS": "4096"}
# Texts from which the ranges of 8-bit embeddings are computed.
CALIBRATED = 200
# A model's prompts, all different, by the names under which they are looked for.
PROMPTS = {
    "query": "query: ",
    "document": "document: ",
    "classification": "classify: ",
    "clustering": "cluster: ",
    "text-matching": "compare: ",
}
SCRIPT_SECONDS = 280
# Some clients report their use or fetch lists of prices. They are asked not to, and can't: what isn't on the
# loopback interface goes to a proxy that doesn't exist.
CLOSED = "http://127.0.0.1:1"
OFFLINE = {
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "HTTP_PROXY": CLOSED,
    "HTTPS_PROXY": CLOSED,
    "NO_PROXY": "127.0.0.1",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path)
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("scripts", nargs="*", help="some of the group's scripts; all by default")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "all-MiniLM-L6-v2")
    parser.add_argument("--reference", type=Path, help="what reference.py wrote, for vector_store.py")
    options = parser.parse_args()
    scripts = options.scripts or GROUPS[options.group]
    unknown = [name for name in scripts if name not in GROUPS[options.group]]
    if unknown:
        parser.error(f"{options.group} has no {', '.join(unknown)}; it has {', '.join(GROUPS[options.group])}")
    binary, model = options.binary.resolve(), options.model.resolve()
    with tempfile.TemporaryDirectory() as folder:
        keys = new_keys(binary, folder)
        keyed_settings = {"STRATA_AUTH_KEYS_FILE": f"{folder}/keys.toml"}
        with (
            Server(binary, model, "auto", SETTINGS | calibrate(binary, model, folder)) as server,
            Server(binary, model, "auto", SETTINGS | SMALL_QUEUE) as small,
            Server(binary, with_prompts(model, folder), "auto", SETTINGS) as prompts,
            Server(binary, model, "auto", SETTINGS | keyed_settings) as keyed,
        ):
            place = keys | {
                "SERVER": server.url,
                "SMALL_SERVER": small.url,
                "PROMPTS_SERVER": prompts.url,
                "KEYED_SERVER": keyed.url,
                "CALIBRATION": f"{folder}/texts.jsonl",
            }
            if options.reference:
                place["REFERENCE"] = str(options.reference.resolve())
            failed = [name for name in scripts if not run(name, place)]
    print(f"{len(scripts) - len(failed)} passed, {len(failed)} failed" + "".join(f"\n  {one}" for one in failed))
    return 1 if failed else 0


def calibrate(binary, model, folder):
    """Writes texts.jsonl and their ranges to the folder. Returns the setting that names the ranges."""
    with open(ROOT / "data" / "sentiment.tsv", encoding="utf-8") as data:
        rows = [line.rstrip("\n").split("\t", 1) for line in itertools.islice(data, CALIBRATED + 1)]
    texts, ranges = Path(folder, "texts.jsonl"), Path(folder, "ranges.json")
    texts.write_text("".join(json.dumps({"text": text}) + "\n" for _, text in rows[1:]), encoding="utf-8")
    command = [binary, "calibrate", "--model", model, "--data", texts, "--out", ranges]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    subprocess.run(command, cwd=folder, env=kept(), check=True, **quiet)
    return {"STRATA_CALIBRATIONS": str(ranges)}


def new_keys(binary, folder):
    """Makes two keys in keys.toml in the folder: GOOD_KEY, and SLOW_KEY with one request a minute."""

    def new(name, *limits):
        command = [binary, "key", "new", name, "--file", f"{folder}/keys.toml", *limits]
        made = subprocess.run(command, env=kept(), check=True, stdin=subprocess.DEVNULL, capture_output=True)
        return made.stdout.decode().strip()

    return {"GOOD_KEY": new("good"), "SLOW_KEY": new("slow", "--requests-per-second", "0.0167")}


def with_prompts(model, folder):
    """The model under the same name in the folder, with PROMPTS. All files but the one of the prompts are links."""
    copy = Path(folder, "with_prompts", model.name)
    copy.mkdir(parents=True)
    settings = "config_sentence_transformers.json"
    for file in model.iterdir():
        if file.name != settings:
            (copy / file.name).symlink_to(file)
    (copy / settings).write_text(json.dumps({"prompts": PROMPTS}), encoding="utf-8")
    return copy


def kept():
    """What a process needs of this one's environment."""
    return {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}


def run(name, place):
    """Whether all claims of a script hold. It has a home of its own: no caches, no keys, no settings."""
    print(name, flush=True)
    program = ["node"] if name.endswith(".mjs") else [sys.executable, "-B"]
    with tempfile.TemporaryDirectory() as home:
        try:
            ended = subprocess.run(
                [*program, FOLDER / name],
                cwd=home,
                env=kept() | OFFLINE | place | {"HOME": home},
                stdin=subprocess.DEVNULL,
                timeout=SCRIPT_SECONDS,
            )
        except subprocess.TimeoutExpired:
            print(f"  FAILS: not finished after {SCRIPT_SECONDS} s", flush=True)
            return False
    return ended.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
