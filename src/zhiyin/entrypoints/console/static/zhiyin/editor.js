// The block editor: dragging, Alt with the arrows, where the focus goes, and what is not saved yet.
(() => {
  "use strict";
  let dirty = false;
  const form = () => document.getElementById("wording");

  function sortable() {
    const list = document.getElementById("blocks");
    if (!list || list.zySorted || !window.Sortable) return;
    list.zySorted = Sortable.create(list, {
      handle: ".zy-grip",
      forceFallback: true, // drawn by the page itself: the same with mouse, pen and finger
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
      onEnd: (event) => {
        if (event.oldIndex === event.newIndex) return;
        const values = { op: "move", n: event.oldIndex, to: event.newIndex };
        htmx.ajax("POST", list.dataset.zySort, { source: form(), target: "#preview", swap: "outerHTML", values });
        changed();
      },
    });
  }

  function changed() {
    dirty = true;
  }

  document.addEventListener("input", (event) => {
    if (!event.target.closest("#wording") || event.target.closest("[data-zy-quiet]")) return;
    const touched = document.getElementById("touched");
    if (event.target.closest("[data-zy-field]")) touched.value = "fields";
    else if (event.target.id === "id_body") touched.value = "source";
    changed();
  }, true);

  document.addEventListener("keydown", (event) => {
    const block = event.target.closest("#blocks > li");
    if (!block || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    const button = document.getElementById(`${event.key === "ArrowUp" ? "up" : "down"}-${block.dataset.n}`);
    if (button && !button.disabled) button.click();
  });

  document.addEventListener("htmx:oobAfterSwap", sortable);
  document.addEventListener("htmx:afterSettle", () => {
    sortable();
    const editor = document.querySelector("#editor[data-zy-focus]");
    if (!editor) return;
    const name = editor.dataset.zyFocus;
    editor.removeAttribute("data-zy-focus");
    const wanted = document.getElementById(name);
    const target = wanted && !wanted.disabled ? wanted : document.getElementById(`pick-${name.split("-").pop()}`);
    if (target) target.focus();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.closest("#editor") && !event.detail.elt.closest("[hx-vals*=choose]")) changed();
  });

  // leaving with something that is not saved asks first; a draft saves itself
  document.addEventListener("submit", (event) => {
    if (event.target === form()) dirty = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (dirty && form() && form().hasAttribute("data-zy-unsaved")) event.preventDefault();
  });

  document.addEventListener("DOMContentLoaded", sortable);
  if (document.readyState !== "loading") sortable();
})();
