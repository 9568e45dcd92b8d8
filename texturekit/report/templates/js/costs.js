"use strict";
(() => {
  // What 1,000 images cost: the seconds of a row times the price of an hour.
  const price = document.getElementById("price");
  if (!price) return;
  const table = document.querySelector("table.costs");
  const cells = [...table.querySelectorAll("td.priced")];
  const written = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
  const show = () => {
    const hour = price.value === "" ? NaN : Number(price.value);
    const known = Number.isFinite(hour) && hour >= 0;
    table.classList.toggle("paid", known);
    for (const cell of cells) {
      const seconds = cell.dataset.seconds;
      cell.textContent = known && seconds ? written.format((Number(seconds) / 3600) * hour) : "n/a";
    }
  };
  price.addEventListener("input", show);
  show();
})();
