"""Judges a binary by the cases of a folder: KIND/expected.json and the checkpoints that it names.

`variants` in expected.json has for each checkpoint one of:
- "refuse": refused at start;
- {"refused": [...]}: refused at start with a message that has all of these words;
- requests with the answers that are right. A note that refusing is right, too, allows both.

A request has a path, a body, and under `expect`:
- `status`, or `any_of_status` where several are right; 200 if it has neither;
- for other statuses than 200 the `code` and the `pointer` of the problem;
- `tokens` and `truncated` of the answer's usage;
- `embeddings`: a row, or the rows of all tokens, for each input;
- `results`: for each input the `logits` and `probabilities` of the checkpoint's own head; for a single input
  they may be under `heads`.
The path `readyz` asks for the readiness instead, and has only `expect.status`.
"""

import json

from compare import compare
from server import Failed, Refused, Server
from tiny import ENCODERS

ALLOWED = "right too"


def judge(binary, folder):
    """Prints a line per checkpoint and encoder; 0 if all are right."""
    counts = {"right": 0, "refused": 0, "wrong": 0}
    for file in sorted(folder.glob("*/expected.json")):
        variants = json.loads(file.read_text(encoding="utf-8"))["variants"]
        for name, wanted in variants.items():
            checkpoint = file.parent / "checkpoints" / name
            if not checkpoint.is_dir():
                checkpoint = file.parent / name
            for encoder in ENCODERS:
                verdict, said = judge_checkpoint(binary, checkpoint, wanted, encoder)
                counts[verdict] += 1
                print(f"{verdict:8} {file.parent.name}/{name} {encoder} {said.replace(str(folder), '.')}", flush=True)
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    return 1 if counts["wrong"] or not (counts["right"] + counts["refused"]) else 0


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
