"use strict";
(() => {
  // Theme: the system's, until the button says otherwise; nothing is stored.
  const button = document.querySelector("button.theme");
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    const now = root.dataset.theme ?? (dark.matches ? "dark" : "light");
    button.setAttribute("aria-pressed", String(now === "dark"));
  };
  button.addEventListener("click", () => {
    root.dataset.theme = button.getAttribute("aria-pressed") === "true" ? "light" : "dark";
    show();
  });
  dark.addEventListener("change", show);
  show();
})();
