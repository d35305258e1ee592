"""Exports a checkpoint for the engines that don't read one: `python prepare.py MODEL OUT`.

In a folder of OUT with the checkpoint's name, made anew when the checkpoint, this file or the pins have changed:
- plain.onnx: attention as the textbook has it; sdpa.onnx: as transformers' `sdpa` exports it.
- fused.onnx: plain.onnx through onnxruntime's optimizer for BERT, attention one operator a layer.
- plain-int8.onnx, fused-int8.onnx: onnxruntime's dynamic quantisation, weights per output channel.
- nncf-int8.xml: NNCF's quantisation of weights and activations, calibrated on snippets that the
  benchmark doesn't time.
- reference.npz: what transformers gives in f32 for three snippets, against which each peer is checked.

Every graph takes `input_ids` and `attention_mask` (b,t) and gives the pooled rows (b,c): pooling
inside the graph is fused and threaded, and (b,t,c) needn't be copied out.
"""

import hashlib
import json
import math
import sys
from pathlib import Path

import nncf
import numpy as np
import onnx
import openvino
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.fusion_options import FusionOptions
from onnxruntime.transformers.optimizer import optimize_model
from transformers import AttentionInterface, BertModel

import work

HERE = Path(__file__).resolve().parent
INPUTS = ["input_ids", "attention_mask"]
CALIBRATION = 300
CHECKED = 3
# Far enough below any score for a weight of zero. The least f32 would do, but in bf16 it is infinite,
# and OpenVINO then makes a NaN of zero times it.
MASKED = -10_000.0


def main():
    model = Path(sys.argv[1])
    out = Path(sys.argv[2]) / model.name
    stamp, mark = fingerprint(model), out / "stamp"
    if mark.exists() and mark.read_text() == stamp:
        return
    print(f"exporting {model} to {out}", file=sys.stderr)
    out.mkdir(parents=True, exist_ok=True)
    tokens = work.tokenizer(model)
    write_reference(model, tokens, out / "reference.npz")
    AttentionInterface.register("textbook", textbook_attention)
    export(Pooled(model, "textbook"), out / "plain.onnx")
    export(Pooled(model, "sdpa"), out / "sdpa.onnx")
    fuse(model, out / "plain.onnx", out / "fused.onnx")
    for graph in ["plain", "fused"]:
        quantise_dynamic(out / f"{graph}.onnx", out / f"{graph}-int8.onnx")
    quantise_static(tokens, out / "plain.onnx", out / "nncf-int8.xml")
    mark.write_text(stamp)


def fingerprint(model):
    files = [model / "model.safetensors", model / "config.json", Path(__file__), HERE / "requirements.txt"]
    sums = hashlib.sha256()
    for file in files:
        sums.update(file.read_bytes())
    return sums.hexdigest()


class Pooled(torch.nn.Module):
    """transformers' own layers, and the masked mean of the last hidden state.

    The additive mask is made here, since transformers makes it by a path that no fusion recognises.
    """

    def __init__(self, model, attention):
        super().__init__()
        bert = BertModel.from_pretrained(model, attn_implementation=attention, add_pooling_layer=False)
        self.embeddings, self.layers = bert.embeddings, bert.encoder.layer

    def forward(self, ids, mask):
        hidden = self.embeddings(input_ids=ids, token_type_ids=torch.zeros_like(ids))
        kept = mask.to(hidden.dtype)  # (b,t)
        bias = (1.0 - kept[:, None, None, :]) * MASKED
        for layer in self.layers:
            hidden = layer(hidden, bias)
        # (b,1,t)·(b,t,c) → (b,1,c)
        return torch.matmul(kept[:, None, :], hidden).squeeze(1) / kept.sum(1, keepdim=True)


def textbook_attention(module, query, key, value, mask, **_):
    """The operators that onnxruntime's optimizer looks for: a division, then an addition."""
    scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(query.shape[-1]) + mask
    return torch.matmul(scores.softmax(-1), value).transpose(1, 2).contiguous(), None


def export(module, to):
    ids = torch.randint(1_000, 2_000, (2, 16))
    axes = {name: {0: "batch", 1: "sequence"} for name in INPUTS} | {"pooled": {0: "batch"}}
    with torch.no_grad():
        # The older exporter: its graphs are the ones whose attention the optimizer can fuse.
        torch.onnx.export(
            module.eval(), (ids, torch.ones_like(ids)), str(to), input_names=INPUTS,
            output_names=["pooled"], dynamic_axes=axes, opset_version=17, dynamo=False,
        )


def fuse(model, plain, to):
    config = json.loads((model / "config.json").read_text())
    heads, layers = config["num_attention_heads"], config["num_hidden_layers"]
    fused = optimize_model(
        str(plain), "bert", heads, config["hidden_size"], FusionOptions("bert"), opt_level=1
    )
    found = fused.get_fused_operator_statistics()
    if found["Attention"] != layers:
        sys.exit(f"onnxruntime's optimizer fused {found['Attention']} of {layers} attentions")
    fused.save_model_to_file(str(to))


def quantise_dynamic(graph, to):
    # Signed weights: unsigned ones take a slower path of onnxruntime, 9,900 tokens/s against 15,900.
    # `reduce_range` is for processors without VNNI. The type is named for the fused operators.
    quantize_dynamic(
        str(graph), str(to), per_channel=True, reduce_range=False, weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def quantise_static(tokens, graph, to):
    samples = [
        dict(zip(INPUTS, work.pad([encoding.ids])))
        for encoding in tokens.encode_batch(work.texts(CALIBRATION, skip=work.TEXTS))
    ]
    # For transformers: activations asymmetric, and smooth quantisation, without which the cosine to
    # f32 is 0.991 instead of 0.998. Pooling stays as it is.
    quantised = nncf.quantize(
        openvino.Core().read_model(graph), nncf.Dataset(samples), subset_size=CALIBRATION,
        preset=nncf.QuantizationPreset.MIXED, model_type=nncf.ModelType.TRANSFORMER,
        ignored_scope=nncf.IgnoredScope(names=[pooling_node(graph)]),
    )
    openvino.save_model(quantised, to, compress_to_fp16=False)


def pooling_node(graph):
    """The last matrix product is the masked mean."""
    products = [node.name for node in onnx.load(graph).graph.node if node.op_type == "MatMul"]
    return products[-1]


def write_reference(model, tokens, to):
    ids, mask = work.pad([encoding.ids for encoding in tokens.encode_batch(work.texts(CHECKED))])
    bert = BertModel.from_pretrained(model, add_pooling_layer=False).eval()
    with torch.inference_mode():
        hidden = bert(torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).last_hidden_state.numpy()
    rows = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
    np.savez(to, ids=ids, mask=mask, rows=rows)


if __name__ == "__main__":
    main()
