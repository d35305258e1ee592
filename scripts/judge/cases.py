"""Judges a binary by the cases of a folder: KIND/expected.json and the checkpoints that it names.

`variants` in expected.json has for each checkpoint one of:
- "refuse": refused at start;
- {"refused": [...]}: refused at start with a message that has all of these words;
- requests with the answers that are right. A note that refusing is right, too, allows both.
"""

import json

from compare import compare
from server import Failed, Refused, Server

ALLOWED = "right too"


def judge(binary, folder, encoders):
    """Prints a line per checkpoint and encoder; 0 if all are right."""
    counts = {"right": 0, "refused": 0, "wrong": 0}
    for file in sorted(folder.glob("*/expected.json")):
        variants = json.loads(file.read_text(encoding="utf-8"))["variants"]
        for name, wanted in variants.items():
            checkpoint = file.parent / "checkpoints" / name
            if not checkpoint.is_dir():
                checkpoint = file.parent / name
            for encoder in encoders:
                verdict, said = judge_checkpoint(binary, checkpoint, wanted, encoder)
                counts[verdict] += 1
                print(f"{verdict:8} {file.parent.name}/{name} {encoder} {said.replace(str(folder), '.')}", flush=True)
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    return 1 if counts["wrong"] or not counts["right"] + counts["refused"] else 0


def judge_checkpoint(binary, checkpoint, wanted, encoder):
    try:
        with Server(binary, checkpoint, encoder) as server:
            if not isinstance(wanted, list):
                return "wrong", "it is served"
            for request in wanted:
                if request["path"] == "readyz":
                    status = server.get("/readyz")
                    said = "" if status == request["expect"]["status"] else f"readiness is {status}"
                else:
                    said, _ = compare(request["expect"], *server.post(request["path"], request["body"]))
                if said:
                    return "wrong", f"{json.dumps(request.get('body'), ensure_ascii=False)[:200]}: {said}"
            return "right", ""
    except Refused as refused:
        said = str(refused).splitlines()[-1]
        return ("refused" if may_refuse(wanted, said) else "wrong"), said
    except (Failed, OSError) as error:
        return "wrong", str(error)


def may_refuse(wanted, said):
    if isinstance(wanted, dict):
        return all(word in said for word in wanted["refused"])
    return wanted == "refuse" or any(ALLOWED in request.get("note", "") for request in wanted)
