"""The peers that have a Python interface: for each engine, how to load it and which settings to try.

`settings(case)` of an engine lists the settings that the tuner tries. `load(setting)` returns a
function from batches to rows, which computes one batch after another or several at a time. `streams`
times `threads` is always the number of cores: either all cores share each batch, or each core
computes batches of its own.

`precise` of an engine says which setting decides its precision. Processors with tiles (AMX) multiply bf16
many times as fast as f32, so that an engine may round f32 to bf16 there unless told not to: OpenVINO
does, PyTorch can. An engine that runs as `f32` is told not to.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

CORES = len(os.sched_getaffinity(0))
STREAMS_AND_THREADS = [(streams, CORES // streams) for streams in sorted({1, CORES})]


def combine(**choices):
    """`combine(graph=["a", "b"])` → every graph with every division of the cores."""
    (name, values), = choices.items()
    return [{name: value, "streams": s, "threads": t} for value in values for s, t in STREAMS_AND_THREADS]


class Torch:
    """transformers' model as users run it, with `sdpa` attention, in inference mode.

    Without torch.compile: it needs a C++ compiler, took half a minute, and was not faster on 32x128
    when tried (f32, PyTorch 2.15).
    """

    version = f"torch {version('torch')}, transformers {version('transformers')}"

    def __init__(self, model, _exports, precision):
        import torch
        from transformers import BertModel

        self.torch, self.precision = torch, precision
        dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[precision]
        # "highest" is the default: products of f32 are not rounded to bf16.
        torch.set_float32_matmul_precision("highest")
        if os.environ.get("ONEDNN_DEFAULT_FPMATH_MODE", "STRICT").upper() != "STRICT":
            raise SystemExit("ONEDNN_DEFAULT_FPMATH_MODE must not be set: it rounds f32")
        self.precise = f"weights and hidden states in {str(dtype).removeprefix('torch.')}"
        if precision == "f32":
            self.precise += f", matmul precision {torch.get_float32_matmul_precision()}"
        self.bert = BertModel.from_pretrained(
            model, attn_implementation="sdpa", add_pooling_layer=False, dtype=dtype
        ).eval()

    def settings(self, _case):
        return [{"streams": s, "threads": t} for s, t in STREAMS_AND_THREADS]

    def load(self, setting):
        def rows(batch):
            # PyTorch keeps the number of threads per calling thread.
            self.torch.set_num_threads(setting["threads"])
            ids, mask = map(self.torch.from_numpy, batch)
            with self.torch.inference_mode():
                hidden = self.bert(ids, attention_mask=mask).last_hidden_state  # (b,t,c)
                kept = mask.to(hidden.dtype)
                pooled = self.torch.bmm(kept[:, None, :], hidden).squeeze(1) / kept.sum(1, keepdim=True)
                return pooled.float().numpy()

        return in_streams(rows, setting["streams"])


class OnnxRuntime:
    version = f"onnxruntime {version('onnxruntime')}"

    def __init__(self, _model, exports, precision):
        self.exports, self.suffix = exports, {"f32": "", "int8": "-int8"}[precision]
        # It has no bf16 on CPUs, and rounds nothing by itself.
        self.precise = {"f32": "graph in f32", "int8": "graph in int8, the rest f32"}[precision]

    def settings(self, _case):
        return combine(graph=["plain", "fused"])

    def load(self, setting):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = setting["threads"]
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        file = self.exports / f"{setting['graph']}{self.suffix}.onnx"
        session = onnxruntime.InferenceSession(str(file), options, ["CPUExecutionProvider"])

        def rows(batch):
            ids, mask = batch
            return session.run(None, {"input_ids": ids, "attention_mask": mask})[0]

        return in_streams(rows, setting["streams"])


class OpenVino:
    version = f"openvino {version('openvino')}"

    def __init__(self, _model, exports, precision):
        import openvino

        self.openvino, self.core = openvino, openvino.Core()
        self.exports, self.precision = exports, precision
        self.precise = f"INFERENCE_PRECISION_HINT {precision}"
        if precision == "int8":
            self.precise = "graph in int8, INFERENCE_PRECISION_HINT for the rest as tuned"
            self.version = f"{self.version}, nncf {version('nncf')}"

    def settings(self, case):
        if self.precision == "int8":
            # The operations that are not quantised, mainly attention, run in bf16 or f32.
            settings = combine(rest=["bf16", "f32"])
        else:
            settings = combine(graph=["plain", "sdpa"])
        # Compiling for a fixed shape saves a tenth of a single sentence's time; it does not help
        # larger batches.
        if case == "1x16":
            settings += [{**s, "fixed_shape": True} for s in settings if s["streams"] == 1]
        return settings

    def load(self, setting):
        if setting.get("fixed_shape"):
            return self.by_shape(setting)
        compiled = self.compile(setting)
        return self.sequential(compiled) if setting["streams"] == 1 else self.queued(compiled)

    def compile(self, setting, shape=None):
        file = "nncf-int8.xml" if self.precision == "int8" else f"{setting['graph']}.onnx"
        network = self.core.read_model(self.exports / file)
        if shape is not None:
            network.reshape({"input_ids": list(shape), "attention_mask": list(shape)})
        wanted = setting.get("rest", self.precision)
        compiled = self.core.compile_model(network, "CPU", {
            "PERFORMANCE_HINT": "LATENCY" if setting["streams"] == 1 else "THROUGHPUT",
            "NUM_STREAMS": setting["streams"],
            "INFERENCE_NUM_THREADS": CORES,
            # Without it, f32 becomes bf16 on processors that have instructions for bf16.
            "INFERENCE_PRECISION_HINT": wanted,
        })
        used = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        if used != wanted:
            raise SystemExit(f"OpenVINO computes in {used} instead of {wanted}")
        return compiled

    def by_shape(self, setting):
        compiled = {}

        def run(batches):
            rows = []
            for batch in batches:
                shape = batch[0].shape
                if shape not in compiled:
                    compiled[shape] = self.sequential(self.compile(setting, shape))
                rows += compiled[shape]([batch])
            return rows

        return run

    def sequential(self, compiled):
        request = compiled.create_infer_request()

        def run(batches):
            rows = []
            for ids, mask in batches:
                request.infer({"input_ids": ids, "attention_mask": mask}, share_inputs=True)
                rows.append(request.get_output_tensor(0).data.copy())
            return rows

        return run

    def queued(self, compiled):
        queue = self.openvino.AsyncInferQueue(compiled, compiled.get_property("NUM_STREAMS"))
        rows = {}
        queue.set_callback(lambda request, index: rows.update({index: request.get_output_tensor(0).data.copy()}))

        def run(batches):
            rows.clear()
            for index, (ids, mask) in enumerate(batches):
                queue.start_async({"input_ids": ids, "attention_mask": mask}, index)
            queue.wait_all()
            return [rows[index] for index in range(len(rows))]

        return run


def in_streams(rows, streams):
    """One batch after another, or `streams` batches at a time: the engines release Python's global lock."""
    if streams == 1:
        return lambda batches: [rows(batch) for batch in batches]
    pool = ThreadPoolExecutor(streams)
    return lambda batches: list(pool.map(rows, batches))


ENGINES = {"torch": Torch, "onnxruntime": OnnxRuntime, "openvino": OpenVino}
