"""Optimizers as the compiled engine has them, by their codes; SGD is a part of `kernels.learn`."""

import numpy as np

from nnbp_cli.engines.compiling import part

SGD, MOMENTUM, NESTEROV, RMSPROP, ADAM = range(5)


@part
def descend(theta, g, slots, block, rule, numbers, rate, t):
    """Step t of an optimizer for a block, see `nn.optimizers`."""
    v, one = slots[0][block], type(rate)(1)
    if rule == MOMENTUM:
        mu = numbers[0]
        for k in range(len(theta)):
            v[k] = mu * v[k] - rate * g[k]
            theta[k] += v[k]
    elif rule == NESTEROV:
        mu = numbers[0]
        for k in range(len(theta)):
            v[k] = mu * v[k] - rate * g[k]
            theta[k] += mu * v[k] - rate * g[k]
    elif rule == RMSPROP:
        rho, epsilon = numbers[0], numbers[1]
        for k in range(len(theta)):
            v[k] += (one - rho) * (g[k] * g[k] - v[k])
            theta[k] -= rate * g[k] / (np.sqrt(v[k]) + epsilon)
    else:
        beta1, beta2, epsilon, decay = numbers[0], numbers[1], numbers[2], numbers[3]
        square = slots[1][block]
        bias = np.sqrt(one - beta2**t)
        length, least, kept = rate * bias / (one - beta1**t), epsilon * bias, one - rate * decay
        for k in range(len(theta)):
            v[k] += (one - beta1) * (g[k] - v[k])
            square[k] += (one - beta2) * (g[k] * g[k] - square[k])
            theta[k] = kept * theta[k] - length * v[k] / (np.sqrt(square[k]) + least)
    if t % 64 == 0:  # denormal numbers, see nn.optimizers
        for row in range(len(slots)):
            slots[row][block] += type(rate)(1e-20)
