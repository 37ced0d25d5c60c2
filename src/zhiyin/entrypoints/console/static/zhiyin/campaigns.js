// The composer and the progress of sending. Everything here also works by forms and reloads.
(() => {
  "use strict";

  // Progress: at most one poll a second, none in a hidden tab.
  setInterval(() => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("[data-zy-poll]")) htmx.trigger(element, "zy-poll");
  }, 1000);

  // Ctrl or Command with S keeps the draft.
  document.addEventListener("keydown", (event) => {
    const form = document.querySelector("[data-zy-save]");
    if (form && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      htmx.trigger(form, "input");
    }
    // Left and right leaf through customers, unless somebody is typing.
    if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const button = document.querySelector(`[data-zy-key="${CSS.escape(event.key)}"]`);
    if (button && !document.querySelector("dialog[open]")) button.click();
  });

  // "Go to line" puts the cursor on the line of a mistake.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zy-line]");
    if (!button) return;
    const area = document.getElementById("id_body");
    for (let at = area.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
    const lines = area.value.split("\n");
    const line = Math.min(Number(button.dataset.zyLine), lines.length);
    const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    area.focus();
    area.setSelectionRange(start, start + lines[line - 1].length);
    area.scrollTop = (line - 4) * parseFloat(getComputedStyle(area).lineHeight);
  });
})();
