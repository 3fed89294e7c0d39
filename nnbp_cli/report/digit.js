// One digit as MNIST has it: in a box of 20x20 pixels, its centre of mass at the middle of 28x28.
// The same steps as `normalize` in digits/normalization.py, whose docstring says what they are.

const SIDE = 28, BOX = 20, CENTRE = 14;

// The nearest integer; a half goes up, even when a sum came out a few bits below it.
const nearest = (value) => Math.floor(value + 0.500001);

// The bytes of 28x28 of a digit whose ink is rows x columns, 0 to 1.
function normalize(ink, rows, columns) {
  const image = new Uint8Array(SIDE * SIDE);
  let top = rows, bottom = -1, left = columns, right = -1;
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      if (ink[i * columns + j] > 0) {
        if (i < top) top = i;
        bottom = i;
        if (j < left) left = j;
        if (j > right) right = j;
      }
  if (bottom < 0) return image;

  const h = bottom - top + 1, w = right - left + 1;
  const height = Math.max(1, nearest((BOX * h) / Math.max(h, w)));
  const width = Math.max(1, nearest((BOX * w) / Math.max(h, w)));
  const byRows = overlaps(h, height), byColumns = overlaps(w, width);
  const fitted = new Float64Array(height * width);
  const line = new Float64Array(w);
  for (let i = 0; i < height; i++) {
    line.fill(0);
    for (const [k, share] of byRows[i])
      for (let j = 0; j < w; j++) line[j] += share * ink[(top + k) * columns + left + j];
    for (let j = 0; j < width; j++)
      for (const [k, share] of byColumns[j]) fitted[i * width + j] += share * line[k];
  }

  const [y, x] = centreOfMass(fitted, height, width);
  const up = corner(y, height), across = corner(x, width);
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++)
      image[(up + i) * SIDE + across + j] = nearest(255 * fitted[i * width + j]);
  return image;
}

// For each of the new pixels of a side, the old ones it lies in, and which share of it does: [old, share].
function overlaps(old, fresh) {
  return Array.from({ length: fresh }, (_, k) => {
    const from = k * (old / fresh), to = (k + 1) * (old / fresh);
    const shares = [];
    for (let i = Math.floor(from); i < old && i < to; i++)
      shares.push([i, (Math.min(to, i + 1) - Math.max(from, i)) * (fresh / old)]);
    return shares;
  });
}

function centreOfMass(image, height, width) {
  let mass = 0, y = 0, x = 0;
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++) {
      const ink = image[i * width + j];
      mass += ink;
      y += i * ink;
      x += j * ink;
    }
  return [y / mass, x / mass];
}

// Where a side of the digit, with its middle there, begins in the image.
const corner = (middle, size) => Math.min(Math.max(nearest(CENTRE - middle), 0), SIDE - size);
