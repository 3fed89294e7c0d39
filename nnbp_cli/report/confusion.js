// The confusion matrix: a cell, clicked or reached with the arrow keys, shows its digits.

function startConfusion(cells, sheetColumns) {
  const table = document.getElementById("confusion");
  const buttons = [...table.querySelectorAll("button")];
  const title = document.getElementById("cell-title");
  const gallery = document.getElementById("cell-digits");

  function show(button) {
    const [true_, predicted] = button.dataset.cell.split(",");
    const { first, images, confidence } = cells[button.dataset.cell];
    const count = Number(button.textContent);
    const which = true_ === predicted ? "least sure" : "surest";
    const some = images.length < count ? `; the ${images.length} it was ${which} of` : "";
    title.textContent = `${button.getAttribute("aria-label")}${some}`;
    gallery.replaceChildren(
      ...images.map((image, k) => {
        const item = document.createElement("li");
        const picture = document.createElement("span");
        const place = first + k;
        picture.className = `picture cell x${place % sheetColumns} y${Math.floor(place / sheetColumns)}`;
        picture.setAttribute("role", "img");
        picture.setAttribute("aria-label", `test image ${image}`);
        picture.title = `test image ${image}`;
        item.append(picture, confidence[k]);
        return item;
      }),
    );
    for (const each of buttons) each.setAttribute("aria-pressed", each === button);
    reach(button);
  }

  // One stop for the tab key; from there the arrow keys go on.
  function reach(button) {
    for (const each of buttons) each.tabIndex = each === button ? 0 : -1;
  }

  function neighbour(button, down, right) {
    const cell = button.parentElement;
    let row = cell.parentElement.rowIndex, column = cell.cellIndex;
    for (;;) {
      row += down;
      column += right;
      const next = table.rows[row]?.cells[column];
      if (!next) return null;
      const found = next.querySelector("button");
      if (found) return found;
    }
  }

  const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  table.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) show(button);
  });
  table.addEventListener("keydown", (event) => {
    const move = ARROWS[event.key];
    const next = move && neighbour(event.target, ...move);
    if (!move) return;
    event.preventDefault();
    if (!next) return;
    reach(next);
    next.focus();
  });

  const wrong = buttons.filter((button) => new Set(button.dataset.cell.split(",")).size === 2);
  const largest = (a, b) => (Number(b.textContent) > Number(a.textContent) ? b : a);
  show((wrong.length ? wrong : buttons).reduce(largest));
}
