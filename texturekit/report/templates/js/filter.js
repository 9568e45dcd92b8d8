"use strict";
(() => {
  // Filter: families and a part of a name. Baselines always stay; no family chosen means all.
  for (const box of document.querySelectorAll("[data-filter]")) {
    const table = document.getElementById(box.dataset.filter);
    const buttons = [...box.querySelectorAll("button")];
    const families = buttons.filter((button) => button.dataset.family);
    const absent = box.querySelector("[data-absent]");
    const search = box.querySelector("input");
    const status = box.querySelector("[role=status]");
    const pressed = (button) => button.getAttribute("aria-pressed") === "true";
    const apply = () => {
      const chosen = new Set(families.filter(pressed).map((button) => button.dataset.family));
      const part = search ? search.value.trim().toLowerCase() : "";
      const rows = [...table.tBodies[0].rows];
      for (const row of rows) {
        const family = row.dataset.family;
        const named = row.cells[0].textContent.toLowerCase().includes(part);
        if (family === undefined) row.hidden = !pressed(absent) || !named;
        else if (family !== "baseline") row.hidden = !named || (chosen.size > 0 && !chosen.has(family));
      }
      const shown = rows.filter((row) => !row.hidden).length;
      status.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} rows shown`;
    };
    for (const button of buttons) {
      button.addEventListener("click", () => {
        button.setAttribute("aria-pressed", String(!pressed(button)));
        apply();
      });
    }
    if (search) search.addEventListener("input", apply);
  }
})();
