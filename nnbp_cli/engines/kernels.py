"""A chunk of training in loops that numba compiles: what `Network.backprop`, the penalty and the optimizer
do, number by number. docs/compiled.md derives it; `compiled.Memory` says what the arrays are.
"""

import numpy as np

from nnbp_cli.engines.compiled_activations import SIGMOID, SOFTMAX, TANH, f, slope, softmax
from nnbp_cli.engines.compiled_optimizers import SGD, descend
from nnbp_cli.engines.compiling import compiled, part
from nnbp_cli.engines.lanes import LANES, add, at, dot, load, multiply_add, put, spread, store, word


@compiled
def advance(
    memory, theta, slots, images, labels, targets, batch_size, rates, first_step, bp1, l1, l2, rule, numbers
):
    """A step on each batch; how many images the last one had.

    `bp1` says whether BP1 has a slope in it, which the costs of chapter 3 have not; `l1` and `l2` are
    lambda/n; `numbers` are those of the optimizer that `rule` says.
    """
    move(memory.layers, theta, memory.theta, False)
    for row in range(len(slots)):
        move(memory.layers, slots[row], memory.slots[row], False)
    m = 0
    for k in range(len(rates)):
        first = k * batch_size
        m = min(batch_size, len(labels) - first)
        list_ink(memory, images, first, m)
        for l in range(len(memory.layers)):
            feedforward(memory, l, m)
        output_error(memory, targets, labels, first, m, bp1)
        for l in range(len(memory.layers) - 2, -1, -1):
            backpropagate(memory, l, m)
        for l in range(len(memory.layers)):
            learn(memory, l, m, l1, l2, rule, numbers, rates[k], first_step + k)
    move(memory.layers, theta, memory.theta, True)
    for row in range(len(slots)):
        move(memory.layers, slots[row], memory.slots[row], True)
    return m


# From the order that theta has to blocks, and back.


@part
def move(layers, theta, blocks, back):
    for l in range(len(layers)):
        layer = layers[l]
        for n in range(layer.neurons):
            W, b = layer.W + n * layer.inputs, layer.b + n
            lane = layer.block + n // LANES * LANES * (layer.inputs + 1) + n % LANES
            bias = lane + layer.inputs * LANES
            if back:
                for k in range(layer.inputs):
                    put(theta, W + k, at(blocks, lane + k * LANES))
                put(theta, b, at(blocks, bias))
            else:
                for k in range(layer.inputs):
                    put(blocks, lane + k * LANES, at(theta, W + k))
                put(blocks, bias, at(theta, b))


# The inputs of a layer: which they are, from number i of `which` on, and what they are, from number v of `a`.


@part
def list_ink(memory, images, first, m):
    """The inked pixels of each image of a batch, and at their end the input that is always 1."""
    n, pixels = memory.starts[0], memory.layers[0].inputs
    for row in range(m):
        image = (first + row) * pixels
        for k in range(0, pixels - 7, 8):
            if word(images, image + k):  # or else all eight are white
                for j in range(k, k + 8):
                    n = list_if_inked(memory, n, j, at(images, image + j))
        for k in range(pixels - pixels % 8, pixels):
            n = list_if_inked(memory, n, k, at(images, image + k))
        memory.which[n], memory.a[n] = pixels, 1
        n += 1
        memory.starts[row + 1] = n


@part
def list_if_inked(memory, n, k, byte):
    """Write pixel k down, but go on to the next place only if it is inked: no branch to be mistaken in."""
    put(memory.which, n, k)
    put(memory.a, n, byte * memory.a.dtype.type(1 / 255))
    return n + (byte != 0)


@part
def inputs_of(memory, l, row):
    """i, v and how many, for layer l and an image of the batch."""
    if l == 0:
        start = memory.starts[row]
        return start, start, memory.starts[row + 1] - start
    before = memory.layers[l - 1]
    return 0, before.row + row * before.width, before.neurons + 1


# Forward.


@part
def feedforward(memory, l, m):
    """z and a of layer l for the batch. A block at a time for all images, so that it stays in the cache."""
    layer = memory.layers[l]
    for q in range(layer.blocks):
        block = layer.block + q * (layer.inputs + 1) * LANES
        for row in range(m):
            i, v, count = inputs_of(memory, l, row)
            z = layer.row + row * layer.width + q * LANES
            store(memory.z, z, weighted_inputs(memory, block, i, v, count))
    activate(memory, l, m)


@part
def weighted_inputs(memory, block, i, v, count):
    """z of a block of neurons, in four sums of which none waits for another."""
    W, a, which = memory.theta, memory.a, memory.which
    z0 = z1 = z2 = z3 = spread(W.dtype.type(0))
    for p in range(0, count - 3, 4):
        z0 = multiply_add(z0, at(a, v + p), load(W, block + LANES * at(which, i + p)))
        z1 = multiply_add(z1, at(a, v + p + 1), load(W, block + LANES * at(which, i + p + 1)))
        z2 = multiply_add(z2, at(a, v + p + 2), load(W, block + LANES * at(which, i + p + 2)))
        z3 = multiply_add(z3, at(a, v + p + 3), load(W, block + LANES * at(which, i + p + 3)))
    for p in range(count - count % 4, count):
        z0 = multiply_add(z0, at(a, v + p), load(W, block + LANES * at(which, i + p)))
    return add(add(z0, z1), add(z2, z3))


@part
def activate(memory, l, m):
    layer = memory.layers[l]
    z = memory.z[layer.row : layer.row + m * layer.width]
    a = memory.a[layer.row : layer.row + m * layer.width]
    if layer.f == SOFTMAX:
        for row in range(m):
            softmax(z[row * layer.width :], a[row * layer.width :], layer.neurons)
    elif layer.f == SIGMOID:  # a loop each, so that there is no branch in them
        for k in range(len(z)):
            a[k] = f(SIGMOID, z[k])
    elif layer.f == TANH:
        for k in range(len(z)):
            a[k] = f(TANH, z[k])
    else:
        for k in range(len(z)):
            a[k] = f(layer.f, z[k])
    override(memory, l, m, f, z, a)
    for row in range(m):
        a[row * layer.width + layer.neurons] = 1  # what the biases of the next layer are multiplied with


@part
def override(memory, l, m, function, of, result):
    """The function of the neurons of layer l that have an activation of their own, at the numbers `of`."""
    for o in range(len(memory.overrides)):
        if memory.overrides[o, 0] == l:
            for row in range(m):
                k = row * memory.layers[l].width + memory.overrides[o, 1]
                result[k] = function(memory.overrides[o, 2], of[k])


# Backward.


@part
def output_error(memory, targets, labels, first, m, bp1):
    """BP1."""
    last = len(memory.layers) - 1
    layer = memory.layers[last]
    for row in range(m):
        k = layer.row + row * layer.width
        for j in range(layer.neurons):
            memory.delta[k + j] = (memory.a[k + j] - targets[labels[first + row], j]) / targets.dtype.type(m)
    if bp1:
        times_slope(memory, last, m)


@part
def backpropagate(memory, l, m):
    """BP2 for layer l."""
    layer, after = memory.layers[l], memory.layers[l + 1]
    for row in range(m):
        pulled = layer.row + row * layer.width
        for q in range(after.blocks):
            delta = load(memory.delta, after.row + row * after.width + q * LANES)
            block = after.block + q * (after.inputs + 1) * LANES
            for k in range(layer.neurons):
                part = dot(load(memory.theta, block + k * LANES), delta)
                put(memory.delta, pulled + k, part if q == 0 else at(memory.delta, pulled + k) + part)
    times_slope(memory, l, m)


@part
def times_slope(memory, l, m):
    """delta <- delta * sigma'."""
    layer = memory.layers[l]
    a = memory.a[layer.row : layer.row + m * layer.width]
    delta = memory.delta[layer.row : layer.row + m * layer.width]
    slopes = memory.slopes[: len(a)]
    for k in range(len(a)):
        slopes[k] = slope(layer.f, a[k])
    override(memory, l, m, slope, a, slopes)
    for k in range(len(a)):
        delta[k] *= slopes[k]


# The step: a block of neurons at a time, so that its weights and their gradient stay in the cache.


@part
def learn(memory, l, m, l1, l2, rule, numbers, rate, t):
    """BP3, BP4, the penalty and the optimizer for layer l."""
    layer = memory.layers[l]
    size = (layer.inputs + 1) * LANES
    if rule == SGD:
        delta = memory.delta[layer.row : layer.row + m * layer.width]
        for k in range(len(delta)):
            delta[k] *= -rate
    for q in range(layer.blocks):
        block = slice(layer.block + q * size, layer.block + (q + 1) * size)
        theta = memory.theta[block]
        if rule == SGD:  # the gradient goes into the weights, and is nowhere by itself
            add_penalty(theta, theta, -rate * l1, -rate * l2)
            add_gradient(memory, l, q, theta, m)
        else:
            gradient = memory.gradient[:size]
            gradient[:] = 0
            add_gradient(memory, l, q, gradient, m)
            add_penalty(gradient, theta, l1, l2)
            descend(theta, gradient, memory.slots, block, rule, numbers, rate, t)


@part
def add_gradient(memory, l, q, to, m):
    """BP3 and BP4 for a block."""
    layer = memory.layers[l]
    for row in range(m):
        i, v, count = inputs_of(memory, l, row)
        delta = load(memory.delta, layer.row + row * layer.width + q * LANES)
        for p in range(count):
            k = LANES * at(memory.which, i + p)
            store(to, k, multiply_add(load(to, k), at(memory.a, v + p), delta))


@part
def add_penalty(to, theta, l1, l2):
    """l1 sign(w) + l2 w, added to what `to` has in the place of each weight of a block."""
    weights = len(theta) - LANES  # without the biases
    if l1 != 0:
        for k in range(weights):
            to[k] += l1 * np.sign(theta[k]) + l2 * theta[k]
    elif l2 != 0:  # both may be one array, of which a compiler makes no vectors
        for k in range(0, weights, LANES):
            store(to, k, multiply_add(load(to, k), l2, load(theta, k)))
