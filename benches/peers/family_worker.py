"""Runs one engine on one family's model, by the protocol of worker.py:

    python family_worker.py make FOLDER TOKENIZERS       writes the model: its family is the folder's name
    python family_worker.py ENGINE [SHAPE] --model FOLDER

SHAPE is 32x128 if it isn't given. The engine is torch, onnxruntime or openvino. It gets no mask, since all sequences have the same length, and its
graphs have fixed shapes. All of its settings are tried at the start, and the fastest is kept: all cores for the
batch or a core for each half; of onnxruntime the graph as exported or after its optimizer for transformers.
"""

import json
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
import transformers

import work
from engines import CORES

SHAPE = "32x128"  # or as the command line says
SEED = 20261127
TUNING_TURNS = 3
MIN_COSINE = 0.999995
# The tiny tokenizer of each family; that of BERT is as good as any, since no text is read.
TOKENIZER_OF = {"bert": "distilbert"}
# Graphs of transformers' eager attention are those that engines recognise best; PyTorch is faster with sdpa.
EAGER_ONLY = {"mpnet", "deberta-v2"}


# Where the defaults of a family are another size: those of microsoft/deberta-v3-base,
# google/electra-base-discriminator and albert/albert-base-v2.
BASE_SIZES = {
    "deberta-v2": {
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "intermediate_size": 3072,
        "relative_attention": True,
        "position_buckets": 256,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_biased_input": False,
    },
    "electra": {"embedding_size": 768, "hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072},
    "albert": {"hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072},
}


def make(folder, tokenizers):
    if (folder / "model.safetensors").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    family = folder.name
    for file in (tokenizers / TOKENIZER_OF.get(family, family)).glob("tokenizer*.json"):
        shutil.copyfile(file, folder / file.name)
    torch.manual_seed(SEED)
    config = transformers.AutoConfig.for_model(family, **BASE_SIZES.get(family, {}))
    if family in ("roberta", "mpnet"):
        config.max_position_embeddings = 514
    model = transformers.AutoModel.from_config(config)
    # Written under another name first, so that an interrupted run leaves no file that looks complete.
    partial = folder / "partial"
    model.save_pretrained(partial)
    (partial / "config.json").rename(folder / "config.json")
    (partial / "model.safetensors").rename(folder / "model.safetensors")
    partial.rmdir()


def pieces_of_a_batch():
    """A batch as a whole, and in one piece for each core if there are rows for that."""
    return sorted({1, min(CORES, work.shape(SHAPE)[0])})


class Pooled(torch.nn.Module):
    """The mean of the last hidden state."""

    def __init__(self, folder, attention):
        super().__init__()
        kind = "eager" if folder.name in EAGER_ONLY else attention
        self.model = transformers.AutoModel.from_pretrained(folder, attn_implementation=kind).eval()

    def forward(self, ids):
        return self.model(input_ids=ids).last_hidden_state.mean(1)


class Torch:
    version = f"torch {version('torch')}, transformers {version('transformers')}"

    def __init__(self, folder, _exports):
        self.module = Pooled(folder, "sdpa")

    def settings(self):
        return [{"pieces": pieces} for pieces in pieces_of_a_batch()]

    def load(self, setting):
        def rows(ids):
            torch.set_num_threads(CORES // setting["pieces"])
            with torch.inference_mode():
                return self.module(torch.from_numpy(ids)).numpy()

        return rows


def export(folder, exports, attention, rows):
    """The graph for so many rows."""
    file = exports / f"{attention}-{rows}.onnx"
    ids, _ = work.grid(SHAPE)
    with torch.no_grad():
        torch.onnx.export(
            Pooled(folder, attention), (torch.from_numpy(ids[:rows]),), str(file), input_names=["ids"],
            output_names=["rows"], dynamo=True, verbose=False,
        )  # fmt: skip
    return file


class OnnxRuntime:
    version = f"onnxruntime {version('onnxruntime')}"

    def __init__(self, folder, exports):
        self.folder, self.exports = folder, exports

    def settings(self):
        graphs = "eager", "sdpa", "fused"
        return [{"pieces": pieces, "graph": graph} for pieces in pieces_of_a_batch() for graph in graphs]

    def load(self, setting):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = CORES // setting["pieces"]
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        rows = work.shape(SHAPE)[0] // setting["pieces"]
        if setting["graph"] == "fused":
            file = self.fused(rows)
        else:
            file = export(self.folder, self.exports, setting["graph"], rows)
        session = onnxruntime.InferenceSession(str(file), options, ["CPUExecutionProvider"])
        return lambda ids: session.run(None, {"ids": ids})[0]

    def fused(self, rows):
        from onnxruntime.transformers.optimizer import optimize_model

        config = transformers.AutoConfig.from_pretrained(self.folder)
        file = export(self.folder, self.exports, "eager", rows)
        model = optimize_model(
            str(file), "bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size, opt_level=1
        )
        fused = self.exports / f"fused-{rows}.onnx"
        model.save_model_to_file(str(fused))
        return fused


class OpenVino:
    version = f"openvino {version('openvino')}"

    def __init__(self, folder, exports):
        self.folder, self.exports = folder, exports

    def settings(self):
        return [{"pieces": pieces, "graph": graph} for pieces in pieces_of_a_batch() for graph in ("eager", "sdpa")]

    def load(self, setting):
        import openvino

        core, pieces = openvino.Core(), setting["pieces"]
        network = core.read_model(export(self.folder, self.exports, setting["graph"], work.shape(SHAPE)[0] // pieces))
        compiled = core.compile_model(network, "CPU", {
            "PERFORMANCE_HINT": "LATENCY" if pieces == 1 else "THROUGHPUT",
            "NUM_STREAMS": pieces,
            "INFERENCE_NUM_THREADS": CORES,
            # Without it, f32 becomes bf16 on processors that have instructions for bf16.
            "INFERENCE_PRECISION_HINT": "f32",
        })  # fmt: skip
        free = [compiled.create_infer_request() for _ in range(pieces)]

        def rows(ids):
            request = free.pop()
            request.infer({0: ids}, share_inputs=True)
            found = request.get_output_tensor(0).data.copy()
            free.append(request)
            return found

        return rows


ENGINES = {"torch": Torch, "onnxruntime": OnnxRuntime, "openvino": OpenVino}


class Worker:
    def __init__(self, engine, folder, exports):
        self.ids, _ = work.grid(SHAPE)
        self.expected = Pooled(folder, "sdpa")(torch.from_numpy(self.ids)).numpy()
        self.engine = ENGINES[engine](folder, exports)
        self.version = self.engine.version
        self.pool = ThreadPoolExecutor(CORES)
        self.setting, self.seconds, self.run = self.fastest()

    def fastest(self):
        best = None
        for setting in self.engine.settings():
            try:
                rows = self.engine.load(setting)
                seconds = min(self.once(rows, setting["pieces"]) for _ in range(TUNING_TURNS))
            except Exception as error:
                print(f"{setting}: {type(error).__name__}: {error}", file=sys.stderr)
                continue
            print(f"{setting}: {seconds:.3f} s", file=sys.stderr, flush=True)
            if best is None or seconds < best[1]:
                best = setting, seconds, rows
        return best

    def once(self, rows, pieces):
        parts = np.array_split(self.ids, pieces)
        started = time.perf_counter()
        found = [rows(parts[0])] if pieces == 1 else list(self.pool.map(rows, parts))
        seconds = time.perf_counter() - started
        found = np.concatenate(found)
        norms = np.linalg.norm(found, axis=1) * np.linalg.norm(self.expected, axis=1)
        cosine = float(((found * self.expected).sum(1) / norms).min())
        if not cosine >= MIN_COSINE:
            raise ValueError(f"the minimum cosine to transformers is {cosine:.6f}")
        return seconds

    def reply(self, request):
        times = [self.once(self.run, self.setting["pieces"]) for _ in range(request.get("repeat", 1))]
        return {"seconds": times if "repeat" in request else times[0]}


def main():
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    global SHAPE
    engine, folder = sys.argv[1], Path(sys.argv[-1])
    SHAPE = sys.argv[2] if len(sys.argv) > 4 else SHAPE
    torch.set_grad_enabled(False)
    # Standard output carries only the protocol; output of libraries goes to standard error.
    replies, sys.stdout = sys.stdout, sys.stderr

    def say(reply):
        print(json.dumps(reply), file=replies, flush=True)

    with tempfile.TemporaryDirectory() as exports:
        worker = Worker(engine, folder, Path(exports))
    say({"ready": True, "name": engine, "version": worker.version, "settings": worker.setting})
    for line in sys.stdin:
        try:
            say(worker.reply(json.loads(line)))
        except Exception as error:  # families.py decides what a failed case means
            say({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
