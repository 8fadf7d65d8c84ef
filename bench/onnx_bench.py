#!/usr/bin/env python3
"""Measures ONNX Runtime as gradus_bench measures gradus in inference, with the
same flags, nets, data and JSON.

The model is written from the net's text, and ONNX Runtime may then fuse its
layers.  `check` infers with gradus's weights, as they are before training."""
import math

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

import nets
import shared

args = shared.parser(__doc__, ["infer", "check"]).parse_args()
args.net = nets.text(args.net)
SIMPLE = {"relu": "Relu", "gelu": "Gelu", "tanh": "Tanh", "sigmoid": "Sigmoid",
          "gap": "GlobalAveragePool"}
OPSET = 20  # the first that has Gelu


class Model:
    """A graph that grows node by node.  Its weights are gradus's, in their
    order, or else random."""
    def __init__(self):
        self.nodes, self.weights, self.before = [], [], []
        self.saved = iter(shared.parameters(args.weights)) \
            if args.weights else None
        self.random = np.random.default_rng(1)

    def weight(self, *shape, spread=0.0, centre=0.0):
        """The name of the next parameter."""
        w = next(self.saved) if self.saved else \
            self.random.normal(centre, spread, shape)
        name = f"w{len(self.weights)}"
        self.weights.append(
            numpy_helper.from_array(np.array(w, np.float32), name))
        return name

    def node(self, op, *operands, **settings):
        """Adds a node.  Returns the name of its value."""
        name = f"y{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, operands, [name], **settings))
        return name

    def dense(self, x, size, units):
        flat = self.node("Flatten", x)
        spread = math.sqrt(2 / size)
        return self.node("Gemm", flat, self.weight(units, size, spread=spread),
                         self.weight(units), transB=1)

    def convolution(self, x, channels, word):
        units, k, p, stride, no_bias = nets.convolution(word)
        operands = [x, self.weight(units, channels, k, k, spread=math.sqrt(
            2 / (channels * k * k)))]
        if not no_bias:
            operands.append(self.weight(units))
        return self.node("Conv", *operands, kernel_shape=[k, k],
                         strides=[stride, stride], pads=[p] * 4)

    def normalised(self, op, x, shape, centres, **settings):
        return self.node(op, x, *(self.weight(*shape, centre=c)
                                  for c in centres), epsilon=1e-5, **settings)

    def layer(self, x, word, shape):
        if word in SIMPLE:
            return self.node(SIMPLE[word], x)
        if word == "(":
            self.before.append(x)
            return x
        if word == ")":
            return self.node("Add", self.before.pop(), x)
        if word == "silu":
            return self.node("Mul", x, self.node("Sigmoid", x))
        if word == "bn":
            return self.normalised("BatchNormalization", x, shape[:1],
                                   [1, 0, 0, 1])
        if word == "ln":
            return self.normalised("LayerNormalization", x, shape, [1, 0],
                                   axis=1)
        if word.startswith("drop"):
            return x
        if word.startswith("dense"):
            return self.dense(x, math.prod(shape),
                              int(word.removeprefix("dense")))
        if word.startswith("conv"):
            return self.convolution(x, shape[0], word)
        k, stride = nets.pool(word)
        kind = "MaxPool" if word.startswith("max") else "AveragePool"
        return self.node(kind, x, kernel_shape=[k, k],
                         strides=[stride, stride])


def session():
    """The net, ready to infer batches of any size."""
    model, y = Model(), "x"
    for word, shape in nets.layers(args.net):
        y = model.layer(y, word, shape)
    y = model.node("Softmax", y, axis=1)

    def value(name, *sizes):
        return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT,
                                             ["B", *sizes])
    graph = helper.make_graph(
        model.nodes, "net", [value("x", *nets.shape(args.net))],
        [value(y, nets.classes(args.net))], model.weights)
    opset = helper.make_opsetid("", OPSET)
    proto = helper.make_model(graph, opset_imports=[opset], ir_version=9)
    onnx.checker.check_model(proto)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = args.threads
    settings.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        proto.SerializeToString(), settings,
        providers=["CPUExecutionProvider"])


def images():
    return shared.images(args.data, "t10k").reshape(-1, *nets.shape(args.net))


def infer():
    net, x = session(), images()
    for _ in shared.turns(args):
        yield shared.latencies(args, x,
                               lambda rows: net.run(None, {"x": rows}))


def check():
    y, = session().run(None, {"x": images()})
    truth = shared.labels(args.data, "t10k")
    yield {"untrained_loss": -float(np.log(
        y[np.arange(len(y)), truth].astype(float)).mean())}


shared.print_results(globals()[args.command])
