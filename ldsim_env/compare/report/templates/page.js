"use strict";
// Shows one student model at a time, the same in every section, and sorts tables by their headings.
(() => {
  const show = (place) => {
    for (const panel of document.querySelectorAll(".panel")) panel.hidden = panel.dataset.model !== place;
    for (const radio of document.querySelectorAll(".models input")) radio.checked = radio.value === place;
  };
  for (const radio of document.querySelectorAll(".models input")) {
    radio.addEventListener("change", () => show(radio.value));
  }
  if (document.querySelector(".models")) show("0");

  const key = (row, column) => {
    const cell = row.cells[column];
    if (column === 0) return cell.textContent.trim().toLowerCase();
    return cell.dataset.v === undefined ? null : Number(cell.dataset.v);
  };
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const sort = (heading) => {
    const table = heading.closest("table"), column = heading.cellIndex, body = table.tBodies[0];
    const now = heading.getAttribute("aria-sort");
    const first = heading.firstElementChild.dataset.first;
    const order = now === null ? first : now === "ascending" ? "descending" : "ascending";
    const sign = order === "ascending" ? 1 : -1;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", order);
    // Rows without a figure, such as the reference's difference from itself, stay at the end.
    const rows = [...body.rows].map((row) => [key(row, column), row]);
    rows.sort(([a], [b]) => (a === null || b === null ? (a === null) - (b === null) : sign * compare(a, b)));
    body.append(...rows.map(([, row]) => row));
  };
  for (const button of document.querySelectorAll(".sortable th button")) {
    button.addEventListener("click", () => sort(button.parentElement));
  }
})();
