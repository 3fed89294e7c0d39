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
    const { kernel, picture, pooled, neurons } = layer;
    const W = kernel ? mapsLast(take(pooled[2] * kernel * kernel * picture[2]), pooled[2]) : take(neurons * inputs);
    const before = inputs;
    inputs = neurons;
    return { ...layer, inputs: before, W };
  });
  for (const layer of layers) layer.b = take(layer.kernel ? layer.pooled[2] : layer.neurons);
  return layers;
}

// Kernels (maps, kernel, kernel, channels) as (kernel, kernel, channels, maps): what one pixel adds to all maps is one
// stretch of memory.
function mapsLast(W, maps) {
  const size = W.length / maps;
  return Float32Array.from(W, (_, k) => W[(k % maps) * size + Math.floor(k / maps)]);
}

// Bytes as the network was trained on them, in float32 as Python has them.
const scaled = (image) => Array.from(image, (byte) => Math.fround(byte * Math.fround(1 / 255)));

// z of a convolution, of each square of neurons the largest: Convolution.forward of nn/convolution.py. Pictures have
// channels last. Each pixel adds to the neurons that see it, so what is dark costs nothing here either.
function convolve({ picture, pooled, kernel, pool, padding, W, b }, a) {
  const [rows, columns, channels] = picture;
  const [pooledRows, pooledColumns, maps] = pooled;
  const [height, width] = [pooledRows * pool, pooledColumns * pool]; // of the neurons that fill squares
  const neurons = new Float64Array(height * width * maps);
  for (let k = 0; k < a.length; k++) {
    const pixel = a[k];
    if (pixel === 0) continue;
    const channel = k % channels;
    const column = Math.floor(k / channels) % columns;
    const row = Math.floor(k / (channels * columns));
    // The neuron at (r, c) sees this pixel at (i, j) of its kernel.
    for (let i = 0; i < kernel; i++) {
      const r = row + padding - i;
      if (r < 0 || r >= height) continue;
      for (let j = 0; j < kernel; j++) {
        const c = column + padding - j;
        if (c < 0 || c >= width) continue;
        const to = (r * width + c) * maps;
        const from = ((i * kernel + j) * channels + channel) * maps;
        for (let map = 0; map < maps; map++) neurons[to + map] += W[from + map] * pixel;
      }
    }
  }
  const z = new Float64Array(pooledRows * pooledColumns * maps).fill(-Infinity);
  for (let k = 0; k < neurons.length; k++) {
    const map = k % maps;
    const c = Math.floor((Math.floor(k / maps) % width) / pool);
    const r = Math.floor(k / (maps * width * pool));
    const at = (r * pooledColumns + c) * maps + map;
    z[at] = Math.max(z[at], neurons[k]);
  }
  return z.map((largest, k) => largest + b[k % maps]);
}

// z of a layer whose neurons each see everything before it.
function multiply({ inputs, neurons, W, b }, a) {
  const active = [];
  for (let k = 0; k < inputs; k++) if (a[k] !== 0) active.push(k);
  return Array.from({ length: neurons }, (_, j) => {
    let sum = b[j];
    for (const k of active) sum += W[j * inputs + k] * a[k];
    return sum;
  });
}

// The activations of each layer for x, the pixels from 0 to 1. What is dark in the image costs nothing.
function activations(layers, x) {
  let a = Array.from(x);
  const all = [];
  for (const layer of layers) {
    const z = layer.kernel ? convolve(layer, a) : multiply(layer, a);
    a = ACTIVATIONS[layer.activation](z);
    for (const [j, other] of Object.entries(layer.override)) a[j] = ACTIVATIONS[other]([z[j]])[0];
    all.push(a);
  }
  return all;
}

// The mean of what several networks say, as average in models/ensemble.py has it.
const average = (outputs) => outputs[0].map((_, k) => outputs.reduce((sum, a) => sum + a[k], 0) / outputs.length);

// What the maps of a convolution make of a picture, side by side, `across` in a line, a pixel apart: bytes of ink, from
// the least activation of them all to the largest.
function mapsAsPicture([rows, columns, maps], a, across) {
  const width = across * (columns + 1) - 1;
  const image = new Uint8Array(width * (Math.ceil(maps / across) * (rows + 1) - 1));
  const [least, largest] = a.reduce(([low, high], each) => [Math.min(low, each), Math.max(high, each)], [0, 1e-9]);
  a.forEach((each, k) => {
    const map = k % maps;
    const column = Math.floor(k / maps) % columns;
    const row = Math.floor(k / (maps * columns));
    const [x, y] = [(map % across) * (columns + 1) + column, Math.floor(map / across) * (rows + 1) + row];
    image[y * width + x] = Math.round((255 * (each - least)) / (largest - least));
  });
  return { image, width };
}
