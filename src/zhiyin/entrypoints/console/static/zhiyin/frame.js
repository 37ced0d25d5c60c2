// The frame of every page: theme, keys, dialogs, swaps, menu. Behaviour hangs on data-zy-… attributes.
(() => {
  "use strict";
  const root = document.documentElement;
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
  let pending = "";

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    let element;
    if (at("[data-zy-switch-theme]")) {
      const theme = root.dataset.bsTheme === "dark" ? "light" : "dark";
      root.dataset.bsTheme = root.dataset.zyTheme = theme;
      document.cookie = `zhiyin_theme=${theme}; path=/; max-age=31536000; samesite=lax`;
      document.dispatchEvent(new Event("zy:theme"));
    } else if ((element = at("[data-zy-open]"))) {
      document.getElementById(element.dataset.zyOpen).showModal();
    } else if ((element = at("[data-zy-close]"))) {
      element.closest("dialog").close();
    } else if ((element = at("[data-zy-swap]"))) {
      swap(element);
    } else if ((element = at("[data-zy-reveal]"))) {
      event.preventDefault();
      const details = document.getElementById(element.dataset.zyReveal);
      details.open = true;
      (details.querySelector("textarea") || details.querySelector("summary")).focus();
    } else if ((element = at("[data-zy-copy]"))) {
      copy(element);
    } else if ((element = at("[data-zy-pause]"))) {
      pause(element);
    } else if ((element = at("[data-zy-menu]"))) {
      menu(document.querySelector(".zy-nav").classList.toggle("zy-open"), element);
    } else {
      if (!at(".zy-nav")) menu(false);
      for (const open of document.querySelectorAll(".zy-me details[open], .zy-drop[open]")) {
        if (!open.contains(event.target)) open.open = false;
      }
    }
  });

  // a select or checkbox that sends its form by itself
  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-zy-submit]")) event.target.form.requestSubmit();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return escape();
    if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (root.dataset.zyKeys === "off") return;
    if (pending === "g") {
      pending = "";
      const link = document.querySelector(`[data-zy-go="${CSS.escape(event.key)}"]`);
      if (link) location.assign(link.href);
    } else if (event.key === "g") {
      pending = "g";
      setTimeout(() => (pending = ""), 1500);
    } else if (event.key === "/") {
      const search = document.getElementById("zy-search");
      if (search) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    } else if (event.key === "n") {
      const link = document.querySelector(".zy-head .btn-primary, [data-zy-new]");
      if (link && link.href) location.assign(link.href);
    } else if (event.key === "?") {
      const help = document.getElementById("zy-help");
      if (help) help.showModal();
    }
  });

  function escape() {
    pending = "";
    menu(false);
    const drop = document.querySelector(".zy-drop[open]");
    if (drop) {
      drop.open = false;
      drop.querySelector("summary").focus();
    }
    if (typing(document.activeElement)) document.activeElement.blur();
  }

  function menu(open, opener) {
    const nav = document.querySelector(".zy-nav");
    if (!nav) return;
    nav.classList.toggle("zy-open", open);
    for (const button of document.querySelectorAll("[data-zy-menu]")) button.setAttribute("aria-expanded", open);
    if (open && opener) nav.querySelector(".zy-nav-list a").focus();
  }

  function swap(button) {
    const parts = button.dataset.zySwap.split(" ").map((id) => document.getElementById(id));
    for (const part of parts) part.hidden = !part.hidden;
    const text = button.textContent;
    button.textContent = button.dataset.zyOther;
    button.dataset.zyOther = text;
    document.dispatchEvent(new Event("zy:swap"));
  }

  // a stream that polls stands still until it is let go
  function pause(button) {
    const stream = document.getElementById(button.dataset.zyPause);
    const paused = stream.toggleAttribute("data-zy-paused");
    button.setAttribute("aria-pressed", paused);
    const label = button.querySelector("span");
    [label.textContent, button.dataset.zyOther] = [button.dataset.zyOther, label.textContent];
    for (const icon of button.querySelectorAll("svg")) icon.toggleAttribute("hidden");
    if (!paused) htmx.trigger(stream, "zy:go");
  }

  async function copy(button) {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.zyCopy).textContent.trim());
    button.dataset.zyOther ||= button.textContent;
    button.textContent = button.dataset.zyDone;
    setTimeout(() => (button.textContent = button.dataset.zyOther), 2000);
  }

  // a toast goes after its seconds, but not from under a pointer or the focus
  for (const toast of document.querySelectorAll("[data-zy-toast]")) {
    let left = Number(toast.dataset.zyToast);
    const timer = setInterval(() => {
      if (document.hidden || toast.matches(":hover, :focus-within")) return;
      left -= 1;
      if (left > 0) return;
      clearInterval(timer);
      toast.remove();
    }, 1000);
  }

  // a tab in the background asks for nothing
  document.addEventListener("htmx:beforeRequest", (event) => {
    const trigger = event.detail.elt.getAttribute("hx-trigger") || "";
    const stream = event.detail.elt;
    const held = stream.hasAttribute("data-zy-stream") && (stream.hasAttribute("data-zy-paused") || stream.matches(":focus-within"));
    if ((document.hidden && trigger.includes("every")) || held) event.preventDefault();
  });

  // what was swapped in gets the focus if the element that had it is gone
  document.addEventListener("htmx:afterSettle", (event) => {
    if (document.activeElement === document.body) {
      const next = event.target.querySelector("[data-zy-focus]");
      if (next) next.focus();
    }
  });
})();
