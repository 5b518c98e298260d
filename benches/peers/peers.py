"""The workloads in JAX and PyTorch, on request.

python peers.py FILE THREADS reads the arrays from FILE (safetensors), and then, a line each,

    start PEER WORKLOAD     answers the costs of the first ten steps
    round PEER WORKLOAD     answers the mean time of a step over one round, in seconds
    versions                answers a line for each framework

PEER is jit, scan, eager or compiled; an answer is a line of JSON, and what a framework has to say
goes elsewhere.
"""

import json
import os
import sys
import time

FILE, THREADS = sys.argv[1], int(sys.argv[2])
STEPS, ROUND = 10, 0.008

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(THREADS)
os.environ["NPROC"] = str(THREADS)
os.environ["JAX_PLATFORMS"] = "cpu"
if THREADS == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
# Frameworks make as many threads as they find processors.
ALL = os.sched_getaffinity(0)
os.sched_setaffinity(0, sorted(ALL)[:THREADS])

import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F

jax.config.update("jax_enable_x64", True)
jnp.zeros(1).block_until_ready()
torch.set_num_threads(THREADS)
torch.set_num_interop_threads(1)
for task in os.listdir("/proc/self/task"):
    os.sched_setaffinity(int(task), ALL)


def read(path):
    """The arrays of a safetensors file."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    types = {"F32": np.float32, "F64": np.float64}
    arrays = {}
    for name, entry in header.items():
        first, end = entry["data_offsets"]
        array = np.frombuffer(data[first:end], types[entry["dtype"]])
        arrays[name] = array.reshape(entry["shape"]).copy()
    return arrays


ARRAYS = read(FILE)


def arrays(workload):
    """Its parameters in the order of the layers, weight and bias, its examples and its targets."""
    get = lambda name: ARRAYS[f"{workload}/{name}"]
    layers = sorted(name for name in ARRAYS if name.startswith(f"{workload}/w"))
    names = [name.split("/")[1] for name in layers]
    p = [get(letter + name[1:]) for name in names for letter in "wb"]
    return p, get("x"), get("y")


ETA = float(ARRAYS["W1/eta"].item())


# JAX


def jax_conv(x, w, b, padding):
    z = jax.lax.conv_general_dilated(x, w, (1, 1), [(padding, padding)] * 2)
    return z + b[:, None, None]


def jax_pool(x):
    window = (1, 1, 2, 2)
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")


def jax_dense(p, x, hidden):
    for w, b in zip(p[:-2:2], p[1:-2:2]):
        x = hidden(x @ w.T + b)
    return x @ p[-2].T + p[-1]


def jax_quadratic(a, y):
    return jnp.sum((a - y) ** 2) / (2 * len(y))


def jax_classify(z, y):
    return -jnp.sum(y * jax.nn.log_softmax(z)) / len(y)


def jax_sigmoids(p, x, y):
    return jax_quadratic(jax.nn.sigmoid(jax_dense(p, x, jax.nn.sigmoid)), y)


def jax_w2(p, x, y):
    return jax_classify(jax_dense(p, x, jax.nn.relu), y)


def jax_w3(p, x, y):
    a = jax_pool(jax.nn.relu(jax_conv(x, p[0], p[1], 2)))
    a = jax_pool(jax.nn.relu(jax_conv(a, p[2], p[3], 0)))
    return jax_classify(jax_dense(p[4:], a.reshape(len(x), -1), jax.nn.relu), y)


def jax_w5(p, x, y):
    a = jax_pool(jax.nn.sigmoid(jax_conv(x, p[0], p[1], 0)))
    a = jax_dense(p[2:], a.reshape(len(x), -1), jax.nn.sigmoid)
    return jax_quadratic(jax.nn.sigmoid(a), y)


def w6(x, sin, exp):
    return (sin(x[:-1] * x[1:]) * exp(-x[:-1] ** 2)).sum()


class Jit:
    """A step is a call of a compiled function."""

    batch = 1

    def __init__(self, workload):
        if workload == "W6":
            self.state = jnp.array(ARRAYS["W6/x"])
            gradient = jax.grad(lambda x: w6(x, jnp.sin, jnp.exp))
            step = lambda x, _: (x, gradient(x).sum())
            # Without the sum, a step is the gradient.
            self.one = jax.jit(gradient)
            self.data = None
        else:
            cost = {"W2": jax_w2, "W3": jax_w3, "W5": jax_w5}.get(workload, jax_sigmoids)
            p, x, y = arrays(workload)
            self.state, self.data = [jnp.array(w) for w in p], (jnp.array(x), jnp.array(y))

            def step(p, data):
                value, gradients = jax.value_and_grad(cost)(p, *data)
                return [w - ETA * dw for w, dw in zip(p, gradients)], value

            self.one = None
        self.step = step
        self.costs_step = jax.jit(step)
        self.take = self.one or jax.jit(step, donate_argnums=0)

    def costs(self):
        costs = []
        for _ in range(STEPS):
            self.state, cost = self.costs_step(self.state, self.data)
            costs.append(float(cost))
        return costs

    def run(self, steps):
        if self.one:
            for _ in range(steps):
                y = self.one(self.state)
            y.block_until_ready()
            return
        for _ in range(steps):
            self.state, cost = self.take(self.state, self.data)
        cost.block_until_ready()


class Scan(Jit):
    """A step is an iteration of a compiled loop."""

    def __init__(self, workload):
        super().__init__(workload)
        self.batch = {"W2": 4, "W3": 4}.get(workload, 128)
        step = self.step
        if self.one:
            gradient = self.one
            # The next point depends on the gradient, so that no iteration can be left out.
            step = lambda x, _: (x + 1e-30 * gradient(x), None)

        def loop(state, data):
            return jax.lax.scan(lambda s, _: step(s, data), state, None, length=self.batch)

        self.loop = jax.jit(loop, donate_argnums=0)

    def run(self, steps):
        for _ in range(steps // self.batch):
            self.state, _ = self.loop(self.state, self.data)
        jax.block_until_ready(self.state)


# PyTorch


def torch_dense(p, x, hidden):
    for w, b in zip(p[:-2:2], p[1:-2:2]):
        x = hidden(F.linear(x, w, b))
    return F.linear(x, p[-2], p[-1])


def torch_sigmoids(p, x, y):
    return torch_quadratic(torch.sigmoid(torch_dense(p, x, torch.sigmoid)), y)


def torch_quadratic(a, y):
    return (a - y).square().sum() / (2 * len(y))


def torch_w2(p, x, y):
    return F.cross_entropy(torch_dense(p, x, torch.relu), y)


def torch_w3(p, x, y):
    a = F.max_pool2d(torch.relu(F.conv2d(x, p[0], p[1], padding=2)), 2)
    a = F.max_pool2d(torch.relu(F.conv2d(a, p[2], p[3])), 2)
    return F.cross_entropy(torch_dense(p[4:], a.flatten(1), torch.relu), y)


def torch_w5(p, x, y):
    a = F.max_pool2d(torch.sigmoid(F.conv2d(x, p[0], p[1])), 2)
    a = torch_dense(p[2:], a.flatten(1), torch.sigmoid)
    return torch_quadratic(torch.sigmoid(a), y)


class Eager:
    """A step runs operation by operation."""

    batch = 1

    def __init__(self, workload):
        if workload == "W6":
            x = torch.tensor(ARRAYS["W6/x"]).requires_grad_()
            self.p, self.data = [x], ()
            cost = lambda p: w6(p[0], torch.sin, torch.exp)
        else:
            cost = {"W2": torch_w2, "W3": torch_w3, "W5": torch_w5}.get(workload, torch_sigmoids)
            p, x, y = arrays(workload)
            self.p = [torch.tensor(w).requires_grad_() for w in p]
            x, y = torch.tensor(x), torch.tensor(y)
            # Its cross-entropy takes the numbers of the classes.
            self.data = (x, y.argmax(1) if workload in ("W2", "W3") else y)
        self.is_gradient = workload == "W6"
        self.cost = self.made(cost)

    def made(self, cost):
        return cost

    def step(self):
        cost = self.cost(self.p, *self.data)
        gradients = torch.autograd.grad(cost, self.p)
        if self.is_gradient:
            return gradients[0]
        with torch.no_grad():
            torch._foreach_add_(self.p, gradients, alpha=-ETA)
        return cost

    def costs(self):
        return [self.step().sum().item() for _ in range(STEPS)]

    def run(self, steps):
        for _ in range(steps):
            self.step()


class Compiled(Eager):
    """The cost and its gradient are compiled."""

    def made(self, cost):
        return torch.compile(cost)


PEERS = {"jit": Jit, "scan": Scan, "eager": Eager, "compiled": Compiled}


def measured(peer):
    """The mean time of a step over one round."""
    peer.run(peer.batch)
    start, steps = time.perf_counter(), 0
    batch = peer.batch
    while True:
        peer.run(batch)
        steps += batch
        passed = time.perf_counter() - start
        if passed >= ROUND:
            return passed / steps
        # The clock is read, and the end waited for, a few dozen times, however short a step is.
        if passed * 16 < ROUND:
            batch *= 2


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    peers = {}
    for line in sys.stdin:
        what, *which = line.split(" ", 2)
        if what == "start":
            kind, workload = which[0], which[1].strip()
            peers[line.partition(" ")[2]] = peer = PEERS[kind](workload)
            answer = peer.costs()
        elif what == "round":
            answer = measured(peers[line.partition(" ")[2]])
        else:
            answer = [f"JAX {jax.__version__}", f"PyTorch {torch.__version__}"]
        print(json.dumps(answer), file=answers, flush=True)


main()
