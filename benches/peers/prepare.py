"""Exports a checkpoint for the engines that cannot read it: `python prepare.py MODEL OUT`.

Writes these files to OUT/<name of the checkpoint>. They are written again when the checkpoint, this
script or requirements.txt changes:
- plain.onnx: attention by its formula; sdpa.onnx: as transformers' `sdpa` exports it.
- fused.onnx: plain.onnx after onnxruntime's optimizer for BERT; attention is one operator per layer.
- plain-int8.onnx, fused-int8.onnx: onnxruntime's dynamic quantisation, weights per output channel.
- nncf-int8.xml: NNCF's quantisation of weights and activations, calibrated on snippets that the
  benchmark does not time.
- reference.npz: the output of transformers in f32 for three snippets, used to check each peer.

Every graph takes `input_ids` and `attention_mask` (b,t) and returns the pooled rows (b,c): pooling
inside the graph is fused and multi-threaded, and (b,t,c) does not have to be copied out.
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
CALIBRATION_TEXTS = 300
REFERENCE_TEXTS = 3
# So far below any attention score that the masked weight becomes zero. The lowest f32 would work in f32,
# but rounds to minus infinity in bf16, and OpenVINO then computes zero times infinity, which is NaN.
MASKED = -10_000.0


def main():
    model = Path(sys.argv[1])
    out = Path(sys.argv[2]) / model.name
    current, stamp = fingerprint(model), out / "stamp"
    if stamp.exists() and stamp.read_text() == current:
        return
    print(f"exporting {model} to {out}", file=sys.stderr)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = work.tokenizer(model)
    write_reference(model, tokenizer, out / "reference.npz")
    AttentionInterface.register("plain", plain_attention)
    export(Pooled(model, "plain"), out / "plain.onnx")
    export(Pooled(model, "sdpa"), out / "sdpa.onnx")
    fuse(model, out / "plain.onnx", out / "fused.onnx")
    for graph in ["plain", "fused"]:
        quantise_dynamic(out / f"{graph}.onnx", out / f"{graph}-int8.onnx")
    quantise_static(tokenizer, out / "plain.onnx", out / "nncf-int8.xml")
    stamp.write_text(current)


def fingerprint(model):
    files = [model / "model.safetensors", model / "config.json", Path(__file__), HERE / "requirements.txt"]
    sums = hashlib.sha256()
    for file in files:
        sums.update(file.read_bytes())
    return sums.hexdigest()


class Pooled(torch.nn.Module):
    """transformers' own layers, then the masked mean of the last hidden state.

    The additive mask is computed here, because the fusions do not recognise the operators by which
    transformers computes it.
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


def plain_attention(module, query, key, value, mask, **_):
    """Attention with the operators that onnxruntime's optimizer recognises: a division, then an addition."""
    scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(query.shape[-1]) + mask
    return torch.matmul(scores.softmax(-1), value).transpose(1, 2).contiguous(), None


def export(module, file):
    ids = torch.randint(1_000, 2_000, (2, 16))
    axes = {name: {0: "batch", 1: "sequence"} for name in INPUTS} | {"pooled": {0: "batch"}}
    with torch.no_grad():
        # The older exporter, because the optimizer can fuse the attention of its graphs.
        torch.onnx.export(
            module.eval(), (ids, torch.ones_like(ids)), str(file), input_names=INPUTS,
            output_names=["pooled"], dynamic_axes=axes, opset_version=17, dynamo=False,
        )


def fuse(model, plain, file):
    config = json.loads((model / "config.json").read_text())
    attention_heads, layers = config["num_attention_heads"], config["num_hidden_layers"]
    fused = optimize_model(
        str(plain), "bert", attention_heads, config["hidden_size"], FusionOptions("bert"), opt_level=1
    )
    count = fused.get_fused_operator_statistics()["Attention"]
    if count != layers:
        sys.exit(f"onnxruntime's optimizer fused the attention of {count} of {layers} layers")
    fused.save_model_to_file(str(file))


def quantise_dynamic(graph, file):
    # Signed weights: with unsigned ones onnxruntime is slower, 9,900 against 15,900 tokens/s.
    # `reduce_range` is for processors without VNNI. A default tensor type is needed for the fused operators.
    quantize_dynamic(
        str(graph), str(file), per_channel=True, reduce_range=False, weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def quantise_static(tokenizer, graph, file):
    samples = [
        dict(zip(INPUTS, work.pad([encoding.ids])))
        for encoding in tokenizer.encode_batch(work.texts(CALIBRATION_TEXTS, skip=work.TEXTS))
    ]
    # MIXED: asymmetric activations. TRANSFORMER: SmoothQuant, without which the cosine to f32 is 0.991
    # instead of 0.998. Pooling is not quantised.
    quantised = nncf.quantize(
        openvino.Core().read_model(graph), nncf.Dataset(samples), subset_size=CALIBRATION_TEXTS,
        preset=nncf.QuantizationPreset.MIXED, model_type=nncf.ModelType.TRANSFORMER,
        ignored_scope=nncf.IgnoredScope(names=[pooling_node(graph)]),
    )
    openvino.save_model(quantised, file, compress_to_fp16=False)


def pooling_node(graph):
    """The name of the masked mean, which is the last matrix product."""
    products = [node.name for node in onnx.load(graph).graph.node if node.op_type == "MatMul"]
    return products[-1]


def write_reference(model, tokenizer, file):
    ids, mask = work.pad([encoding.ids for encoding in tokenizer.encode_batch(work.texts(REFERENCE_TEXTS))])
    bert = BertModel.from_pretrained(model, add_pooling_layer=False).eval()
    with torch.inference_mode():
        hidden = bert(torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).last_hidden_state.numpy()
    rows = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
    np.savez(file, ids=ids, mask=mask, rows=rows)


if __name__ == "__main__":
    main()
