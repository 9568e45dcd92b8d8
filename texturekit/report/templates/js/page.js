"use strict";
(() => {
  document.documentElement.classList.add("js");

  // Paper has no clicks: print everything, then close again what was closed.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const part of opened) part.open = true;
  });
  addEventListener("afterprint", () => {
    for (const part of opened) part.open = false;
  });

  // Contents: a column beside the page where there is room, else a bar that opens.
  const list = document.querySelector(".contents details");
  const wide = matchMedia("(min-width: 75rem)");
  const fold = () => {
    list.open = wide.matches;
  };
  wide.addEventListener("change", fold);
  fold();
  list.addEventListener("click", (event) => {
    if (event.target.closest("a")) fold();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !wide.matches) list.open = false;
  });

  // The section that is being read is marked: the last one whose beginning has gone by.
  const links = [...list.querySelectorAll("a[href^='#']")];
  const places = links
    .map((link) => [document.getElementById(link.hash.slice(1)), link])
    .filter(([place]) => place && place !== document.body);
  const mark = () => {
    const passed = places.filter(([place]) => place.getBoundingClientRect().top < innerHeight / 3);
    const [, now] = passed.at(-1) ?? places[0] ?? [];
    for (const link of links) link.removeAttribute("aria-current");
    if (now) now.setAttribute("aria-current", "true");
  };
  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      mark();
    });
  }, { passive: true });
  mark();
})();
