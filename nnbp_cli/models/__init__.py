"""A trained network as a file: weights.npz, the book's JSON, and for other programs ONNX and safetensors."""
