"use strict";
(() => {
  // Curves: pointing at a method of a legend picks out its lines, clicking keeps them. What is kept
  // holds for all curves of the page; bands are seen of the lines that are picked out.
  const buttons = [...document.querySelectorAll("button[data-line]")];
  const resets = [...document.querySelectorAll("button[data-lines]")];
  const parts = [...document.querySelectorAll(".line, .band, .dot")].filter((part) => part.closest("svg"));
  const kept = new Set();
  const show = (pointed) => {
    const lit = new Set(pointed ? [...kept, pointed] : kept);
    for (const part of parts) {
      const picked = [...part.classList].some((name) => lit.has(name));
      part.classList.toggle("dim", lit.size > 0 && !picked);
      part.classList.toggle("lit", picked);
    }
  };
  const settle = () => {
    for (const button of buttons) button.ariaPressed = String(kept.has(button.dataset.line));
    for (const reset of resets) reset.disabled = kept.size === 0;
    show();
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      if (!kept.delete(button.dataset.line)) kept.add(button.dataset.line);
      settle();
    });
    for (const name of ["mouseenter", "focus"]) button.addEventListener(name, () => show(button.dataset.line));
    for (const name of ["mouseleave", "blur"]) button.addEventListener(name, () => show());
  }
  for (const reset of resets) {
    reset.addEventListener("click", () => {
      kept.clear();
      settle();
    });
  }
  settle();
})();
