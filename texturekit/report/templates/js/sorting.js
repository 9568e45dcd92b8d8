"use strict";
(() => {
  // Sorting: a heading becomes a button; undefined values and unfinished methods stay last.
  const value = (row, column, numeric) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    if (!numeric) return text.toLowerCase();
    return text === "" ? null : Number(text);
  };
  const compare = (a, b, up) => {
    if (a === null || b === null) return (a === null) - (b === null);
    const order = typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
    return up ? order : -order;
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].querySelectorAll("th")].filter((head) => !head.querySelector("a"));
    for (const head of heads) {
      const numeric = head.hasAttribute("data-numeric");
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.ariaSort ? head.ariaSort === "descending" : !numeric;
        const rows = [...body.rows];
        const last = rows.filter((row) => "last" in row.dataset);
        const keyed = rows
          .filter((row) => !("last" in row.dataset))
          .map((row) => [value(row, head.cellIndex, numeric), row]);
        keyed.sort((a, b) => compare(a[0], b[0], up));
        for (const other of heads) other.removeAttribute("aria-sort");
        head.ariaSort = up ? "ascending" : "descending";
        body.append(...keyed.map((pair) => pair[1]), ...last);
      });
    }
  }
})();
