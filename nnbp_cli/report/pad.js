// The drawing pad: what is drawn becomes 28x28 pixels, and these the outputs, as fast as the screen shows them.

const PEN = 40; // of the 400 pixels of the pad: so wide that predict need not widen the pen of a digit that fills it
const MANY = 20; // outputs, of which
const SHOWN = 10; // are shown, the largest
const STEP = 10; // pixels that an arrow key moves the pen

function startPad(descriptions) {
  const networks = descriptions.map(unpacked);
  const last = networks[0].at(-1);
  // As evaluation/predictions.py has it.
  const isProbability = ["sigmoid", "softmax"].includes(last.activation) && !Object.keys(last.override).length;
  const pad = document.getElementById("pad");
  const surface = pad.getContext("2d", { willReadFrequently: true });
  const seen = document.getElementById("seen").getContext("2d");
  const maps = document.getElementById("maps")?.getContext("2d"); // where the first layer has some
  const outputs = [...document.querySelectorAll("#outputs tr")];
  const names = outputs.map((row) => row.querySelector("th").textContent);
  const members = [...document.querySelectorAll("#members tbody tr")]; // where several networks vote
  const pen = document.getElementById("pen");
  const invitation = document.getElementById("invitation");
  let at = null; // where a pointer is drawing
  let keyboard = { x: 200, y: 120, down: false };
  let waiting = false;

  show(null);
  surface.lineWidth = PEN;
  surface.lineCap = surface.lineJoin = "round";

  const place = (event) => {
    const box = pad.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) * pad.width) / box.width,
      y: ((event.clientY - box.top) * pad.height) / box.height,
    };
  };

  const stroke = (from, to) => {
    invitation.hidden = true;
    surface.beginPath();
    surface.moveTo(from.x, from.y);
    surface.lineTo(to.x, to.y + (from.x === to.x && from.y === to.y ? 0.01 : 0)); // a dot is a line too
    surface.stroke();
    if (!waiting) requestAnimationFrame(read);
    waiting = true;
  };

  const ink = () => {
    const pixels = surface.getImageData(0, 0, pad.width, pad.height).data;
    const cover = new Float64Array(pixels.length / 4);
    for (let k = 0; k < cover.length; k++) cover[k] = pixels[4 * k + 3] / 255;
    return cover;
  };

  function read() {
    waiting = false;
    const image = normalize(ink(), pad.height, pad.width);
    paint(seen, image, SIDE);
    const empty = image.every((byte) => byte === 0);
    const each = empty ? [] : networks.map((layers) => activations(layers, scaled(image)));
    if (maps) showMaps(each[0]);
    members.forEach((row, k) => showMember(row, each[k]?.at(-1)));
    show(empty ? null : average(each.map((a) => a.at(-1))));
  }

  function paint(surface, image, width) {
    const picture = surface.createImageData(width, image.length / width);
    image.forEach((byte, k) => (picture.data[4 * k + 3] = byte));
    surface.putImageData(picture, 0, 0);
  }

  function showMaps(a) {
    maps.clearRect(0, 0, maps.canvas.width, maps.canvas.height);
    if (!a) return;
    const { image, width } = mapsAsPicture(networks[0][0].pooled, a[0], Number(maps.canvas.dataset.across));
    paint(maps, image, width);
  }

  function showMember(row, a) {
    const predicted = a ? a.indexOf(Math.max(...a)) : -1;
    row.querySelector(".read").textContent = a ? names[predicted] : "\u2014";
    row.querySelector(".sure").textContent = a ? formatConfidence(a[predicted]) : "";
  }

  function show(a) {
    const predicted = a ? a.indexOf(Math.max(...a)) : -1;
    const least = a && names.length > MANY ? [...a].sort((x, y) => y - x)[SHOWN - 1] : -Infinity;
    outputs.forEach((row, k) => {
      const value = a ? a[k] : 0;
      row.hidden = a ? value < least : names.length > MANY && k >= SHOWN;
      row.classList.toggle("predicted", k === predicted);
      row.querySelector(".fill").style.transform = `scaleX(${Math.min(Math.max(value, 0), 1)})`;
      row.querySelector(".output").textContent = value.toFixed(3);
    });
    const read = document.getElementById("predicted");
    read.textContent = a ? names[predicted] : "\u2014";
    read.classList.toggle("long", read.textContent.length > 2);
    document.getElementById("confidence").textContent = a ? formatConfidence(a[predicted]) : "";
  }

  function formatConfidence(value) {
    if (!isProbability) return `output ${value.toFixed(2)}`;
    return value < 0.9995 ? `${(100 * value).toFixed(1)}% sure` : `${(100 * Math.min(value, 0.9999)).toFixed(2)}% sure`;
  }

  // Spoken once a stroke has ended, and not at every move.
  const speak = () =>
    requestAnimationFrame(() => {
      const predicted = document.getElementById("predicted").textContent;
      const confidence = document.getElementById("confidence").textContent;
      document.getElementById("spoken").textContent = confidence ? `It reads a ${predicted}, ${confidence}` : "The pad is empty";
    });

  const clear = () => {
    surface.clearRect(0, 0, pad.width, pad.height);
    invitation.hidden = false;
    read();
    speak();
  };

  pad.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    pad.setPointerCapture(event.pointerId);
    at = place(event);
    stroke(at, at);
  });
  pad.addEventListener("pointermove", (event) => {
    if (!at) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) {
      const to = place(move);
      stroke(at, to);
      at = to;
    }
  });
  for (const end of ["pointerup", "pointercancel"])
    pad.addEventListener(end, () => {
      if (at) speak();
      at = null;
    });

  const showPen = () => {
    pen.hidden = document.activeElement !== pad;
    pen.classList.toggle("down", keyboard.down);
    pen.style.left = `${(100 * keyboard.x) / pad.width}%`;
    pen.style.top = `${(100 * keyboard.y) / pad.height}%`;
  };
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  pad.addEventListener("keydown", (event) => {
    const [right, down] = ARROWS[event.key] ?? [0, 0];
    if (right || down) {
      const inside = (value) => Math.min(Math.max(value, PEN / 2), pad.width - PEN / 2);
      const to = { ...keyboard, x: inside(keyboard.x + STEP * right), y: inside(keyboard.y + STEP * down) };
      if (keyboard.down) stroke(keyboard, to);
      keyboard = to;
    } else if (event.key === " ") {
      keyboard.down = !keyboard.down;
      if (keyboard.down) stroke(keyboard, keyboard);
      else speak();
    } else if (event.key === "Escape") {
      keyboard.down = false;
      clear();
    } else return;
    event.preventDefault();
    showPen();
  });
  for (const change of ["focus", "blur"])
    pad.addEventListener(change, () => {
      // A click focuses the pad too, and wants no second pen.
      pen.hidden = change === "blur" || !pad.matches(":focus-visible");
      if (!pen.hidden) showPen();
    });
  document.getElementById("clear").addEventListener("click", clear);
}
