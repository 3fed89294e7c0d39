"""The mathematics: networks, costs, optimizers, and the backpropagation algorithm: numpy and nothing else.

In the order of the explanation: activations, costs, layers, parameters, network, initializers, penalties,
optimizers, schedules, gradient_check. Everywhere batches are rows: x is (m, inputs), z, a and delta are
(m, neurons).
"""
