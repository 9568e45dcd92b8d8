"use strict";
(() => {
  // Copying: a button puts a text on the clipboard; where that is refused, the text is selected.
  const select = (text) => {
    const range = document.createRange();
    range.selectNodeContents(text);
    const chosen = getSelection();
    chosen.removeAllRanges();
    chosen.addRange(range);
  };
  for (const button of document.querySelectorAll("[data-copy]")) {
    const text = document.getElementById(button.dataset.copy);
    const told = button.parentElement.querySelector("[role=status]");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.innerText);
        told.textContent = "Copied.";
      } catch {
        select(text);
        told.textContent = "Selected: copy it with the keyboard or the menu.";
      }
    });
  }
})();
