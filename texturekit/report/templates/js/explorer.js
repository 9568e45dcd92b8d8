"use strict";
(() => {
  // The threshold explorer: counts and limits come from the page, this only looks them up.
  const box = document.querySelector(".explorer");
  const source = document.getElementById("explorer-data");
  if (!box || !source) return;
  const data = JSON.parse(source.textContent);
  const field = (name) => box.querySelector(`[name="${name}"]`);
  const out = (name) => box.querySelector(`[data-out="${name}"]`);
  const [method, kind, slider, back, own] = ["method", "class", "threshold", "back", "prevalence"].map(field);

  // Python rounds ties to the even digit, and the tables of the page are Python's.
  const fixed = (x) => (x === 0.125 || x === 0.625 ? x - 1e-9 : x).toFixed(2);
  const running = (steps) => {
    let sum = 0;
    return steps.map((step) => (sum += step));
  };
  const span = (low, high) => `${fixed(low / 100)}\u2013${fixed(high / 100)}`;
  const rate = (hits, all, low, high) => `${fixed(hits / all)} (${span(low, high)})`;
  const percent = (share) => {
    const places = share >= 0.1 ? 1 : share >= 0.001 ? 2 : 3;
    return `${(100 * share).toFixed(places)}%`;
  };
  // predictive values close to the ends: 1.00 would say that nobody is missed
  const value = (right, wrong) => {
    if (right + wrong === 0) return "n/a";
    const share = right / (right + wrong);
    if (wrong > 0 && fixed(share) === "1.00") return "> 0.99";
    return right > 0 && fixed(share) === "0.00" ? "< 0.01" : fixed(share);
  };
  const rounded = (x) => (x > 0 && x < 1 ? "< 1" : Math.round(x).toLocaleString("en"));

  let table = null;
  let exact = false; // at the threshold in use, which may lie between two steps of the slider
  const load = () => {
    const packed = data.tables[method.value][kind.value];
    table = packed && {
      ...packed, tp: running(packed.tp), fp: running(packed.fp), limits: packed.limits.map(running),
    };
    const used = packed?.used;
    back.hidden = !used;
    const mark = box.querySelector(".mark");
    mark.hidden = !used;
    mark.style.setProperty("--at", used ? used.value : 0);
    out("used").textContent = !packed
      ? "This method has no probabilities for this class."
      : !used
        ? "No threshold is in use here: the most probable class is called."
        : used.same
          ? `In use: ${used.at}.`
          : `In use: ${used.from} to ${used.to} by fold; their middle is ${used.at}.`;
    exact = Boolean(used);
    slider.value = used ? used.value : 0.5;
    draw();
  };
  const point = () => {
    if (exact) return { ...table.used, limits: table.used.limits };
    const i = Math.round(100 * slider.value);
    return { at: (i / 100).toFixed(2), tp: table.tp[i], fp: table.fp[i], limits: table.limits.map((one) => one[i]) };
  };
  const elsewhere = (row, now, sensitivity, specificity) => {
    const here = row.dataset.prevalence === "here";
    const share = here
      ? table.p / (table.p + table.n)
      : row.dataset.prevalence === "own" ? own.valueAsNumber / 100 : Number(row.dataset.prevalence);
    const cells = [...row.querySelectorAll("td")];
    const valid = share > 0 && share < 1;
    own.ariaInvalid = String(!(own.valueAsNumber > 0 && own.valueAsNumber < 100));
    const found = sensitivity * share;
    const alarms = (1 - specificity) * (1 - share);
    const passed = specificity * (1 - share);
    const missed = (1 - sensitivity) * share;
    const texts = !valid
      ? Array(6).fill("n/a")
      : [
          value(found, alarms),
          value(passed, missed),
          found > 0 ? ((found + alarms) / found).toFixed(1) : "n/a",
          rounded(1000 * found), rounded(1000 * missed), rounded(1000 * alarms),
        ];
    if (here) {
      // of whole counts, not of rates multiplied again: as the table of methods has it
      texts[0] = value(now.tp, now.fp);
      texts[1] = value(table.n - now.fp, table.p - now.tp);
    }
    cells.forEach((cell, i) => (cell.textContent = texts[i]));
  };
  const draw = () => {
    box.classList.toggle("empty", !table);
    if (!table) {
      out("said").textContent = "";
      return;
    }
    const now = point();
    const counts = { tp: now.tp, fn: table.p - now.tp, fp: now.fp, tn: table.n - now.fp };
    for (const [name, count] of Object.entries(counts)) {
      const all = name === "tp" || name === "fn" ? table.p : table.n;
      out(name).textContent = count.toLocaleString("en");
      box.querySelector(`[data-heat="${name}"]`).style.setProperty("--share", `${(100 * count) / all}%`);
    }
    const sensitivity = rate(counts.tp, table.p, now.limits[0], now.limits[1]);
    const specificity = rate(counts.tn, table.n, now.limits[2], now.limits[3]);
    out("at").textContent = now.at;
    slider.setAttribute("aria-valuetext", now.at);
    out("sensitivity").textContent = sensitivity;
    out("specificity").textContent = specificity;
    out("here").textContent = percent(table.p / (table.p + table.n));
    out("said").textContent =
      `At ${now.at}: ${counts.tp} of ${table.p} found, sensitivity ${sensitivity}; ` +
      `${counts.fp} of ${table.n} false alarms, specificity ${specificity}.`;
    for (const row of box.querySelectorAll("[data-prevalence]")) {
      elsewhere(row, now, counts.tp / table.p, counts.tn / table.n);
    }
  };
  slider.addEventListener("input", () => {
    exact = false;
    draw();
  });
  back.addEventListener("click", () => {
    exact = true;
    slider.value = table.used.value;
    draw();
  });
  own.addEventListener("input", draw);
  for (const choice of [method, kind]) choice.addEventListener("change", load);
  load();
})();
