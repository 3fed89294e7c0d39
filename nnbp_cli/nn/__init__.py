"""The mathematics: networks, costs and the backpropagation algorithm. It knows numpy and nothing else.

In the order of the explanation: activations, costs, layers, parameters, network, initializers, penalties,
gradient_check. Everywhere batches are rows: x is (m, inputs), z, a and delta are (m, neurons).
"""
