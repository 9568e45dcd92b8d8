"use strict";
(() => {
  // Cases: a list of methods shows one at a time; the paper gets all.
  const chooser = document.getElementById("cases-of");
  const panels = [...document.querySelectorAll("details.cases")];
  if (chooser) {
    const show = () => {
      for (const panel of panels) {
        panel.hidden = panel.id !== chooser.value;
        panel.open = !panel.hidden;
      }
    };
    chooser.addEventListener("change", show);
    addEventListener("afterprint", show);
    show();
  }

  // A picture that is pressed is shown large, with its maps beside it.
  const dialog = document.createElement("dialog");
  if (!dialog.showModal) return;
  const names = { image: "Image" };
  for (const input of document.querySelectorAll(".views input")) {
    names[input.value] = input.parentElement.textContent.trim();
  }
  const title = document.createElement("p");
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Close";
  const head = document.createElement("header");
  head.append(title, close);
  const body = document.createElement("div");
  dialog.className = "viewer";
  dialog.setAttribute("aria-label", "Picture and maps");
  dialog.append(head, body);
  document.body.append(dialog);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

  const figure = (use, said) => {
    const view = Object.keys(names).find((name) => use.classList.contains(name)) ?? "image";
    const box = document.createElement("figure");
    const picture = use.parentElement.cloneNode(false);
    picture.append(use.cloneNode(false));
    picture.removeAttribute("aria-hidden");
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", `${names[view]}: ${said}`);
    const text = document.createElement("figcaption");
    text.textContent = names[view];
    box.append(picture, text);
    return box;
  };
  for (const shot of document.querySelectorAll(".shot")) {
    shot.addEventListener("click", () => {
      const said = shot.getAttribute("aria-label");
      const id = shot.parentElement.querySelector(".id");
      title.textContent = id ? `${said}: ${id.title}` : said;
      body.replaceChildren(...[...shot.querySelectorAll("use")].map((use) => figure(use, said)));
      dialog.showModal();
    });
  }
})();
