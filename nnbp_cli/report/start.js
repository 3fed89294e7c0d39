// What the page says of itself tells which of its parts there are.

const data = JSON.parse(document.getElementById("data").textContent);
if (data.networks) startPad(data.networks);
if (data.cells) startConfusion(data.cells, data.columns);
