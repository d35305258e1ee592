"""Asks a hub, or its cache, by `huggingface_hub`, and prints what it says.

    python hub_cache.py ACTION ORG/NAME CACHE

`tests/api/hub/python.rs` starts the hub, names it in HF_ENDPOINT, and compares.
"""

import sys

from huggingface_hub import hf_hub_download, model_info, scan_cache_dir, snapshot_download
from huggingface_hub.errors import HfHubHTTPError

# Files of the repository that Strata doesn't fetch.
UNREAD = ["README.md", "golden.json", "onnx/*", "pytorch_model.bin", "tf_model.h5"]


def error_name(ask) -> str:
    try:
        ask()
    except HfHubHTTPError as error:
        return type(error).__name__
    return "nothing"


def run(action: str, name: str, cache: str) -> str:
    match action:
        case "cached":
            return snapshot_download(name, cache_dir=cache, local_files_only=True)
        case "fetch-same":
            return snapshot_download(name, cache_dir=cache, ignore_patterns=UNREAD)
        case "fetch":
            return snapshot_download(name, cache_dir=cache)
        case "scan":
            found = scan_cache_dir(cache)
            return f"{len(found.repos)} repositories, {len(found.warnings)} warnings"
        case "refusals":
            asked = [
                lambda: model_info(name, revision="gone"),
                lambda: model_info("org/other"),
                lambda: hf_hub_download(name, "gone.json", cache_dir=cache),
            ]
            return " ".join(error_name(ask) for ask in asked)
        case "gated":
            return error_name(lambda: model_info(name))
    raise ValueError(action)


if __name__ == "__main__":
    print(run(*sys.argv[1:]))
