"""Writes elsewhere.safetensors: a small network, inputs, and the outputs that NumPy computes.

    pip install numpy safetensors
    python make.py elsewhere.safetensors
"""

import sys

import numpy as np
from safetensors.numpy import save_file

random = np.random.default_rng(1)


def normal(*shape):
    return random.standard_normal(shape)


# As PyTorch names and lays out the parameters of two linear layers: weights are [out, in].
arrays = {
    "fc1.weight": normal(5, 4),
    "fc1.bias": normal(5).astype(np.float32),
    "fc2.weight": normal(3, 5).astype(np.float32),
    "fc2.bias": normal(3).astype(np.float16),
}
x = normal(8, 4)

# Every number of 16 or 32 bits is one of 64, so nothing is rounded here.
w1, b1, w2, b2 = (array.astype(np.float64) for array in arrays.values())
hidden = np.tanh(x @ w1.T + b1)
z = hidden @ w2.T + b2
e = np.exp(z - z.max(axis=1, keepdims=True))
save_file({**arrays, "inputs": x, "outputs": e / e.sum(axis=1, keepdims=True)}, sys.argv[1])
