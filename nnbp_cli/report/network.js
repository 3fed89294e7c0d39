// The forward pass of nn/network.py, on one image at a time.

// exp of less than -80 is as good as nothing, and Python's softmax stops there too.
function softmax(z) {
  const largest = Math.max(...z);
  const e = z.map((each) => Math.exp(Math.max(each - largest, -80)));
  const sum = e.reduce((total, each) => total + each, 0);
  return e.map((each) => each / sum);
}

const ACTIVATIONS = {
  sigmoid: (z) => z.map((each) => 0.5 + 0.5 * Math.tanh(0.5 * each)),
  tanh: (z) => z.map(Math.tanh),
  relu: (z) => z.map((each) => Math.max(each, 0)),
  linear: (z) => z,
  softmax,
};

// A network as `network_json` in report/network_section.py writes it, with views W and b of theta for each layer.
function unpacked(description) {
  const bytes = Uint8Array.from(atob(description.theta), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const theta = Float32Array.from({ length: bytes.length / 4 }, (_, k) => view.getFloat32(4 * k, true));
  let inputs = description.inputs;
  let start = 0;
  const take = (size) => theta.subarray(start, (start += size));
  const layers = description.layers.map((layer) => {
    const W = take(layer.neurons * inputs);
    const before = inputs;
    inputs = layer.neurons;
    return { ...layer, inputs: before, W };
  });
  for (const layer of layers) layer.b = take(layer.neurons);
  return layers;
}

// Bytes as the network was trained on them, in float32 as Python has them.
const scaled = (image) => Array.from(image, (byte) => Math.fround(byte * Math.fround(1 / 255)));

// The outputs of the network for x, the pixels from 0 to 1. What is dark in the image costs nothing.
function feedforward(layers, x) {
  let a = Array.from(x);
  for (const { inputs, neurons, W, b, activation, override } of layers) {
    const active = [];
    for (let k = 0; k < inputs; k++) if (a[k] !== 0) active.push(k);
    const z = Array.from({ length: neurons }, (_, j) => {
      let sum = b[j];
      for (const k of active) sum += W[j * inputs + k] * a[k];
      return sum;
    });
    a = ACTIVATIONS[activation](z);
    for (const [j, other] of Object.entries(override)) a[j] = ACTIVATIONS[other]([z[j]])[0];
  }
  return a;
}
