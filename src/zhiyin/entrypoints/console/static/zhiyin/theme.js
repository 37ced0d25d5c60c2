// Runs before the first paint: without a stored choice the page follows the system.
if (!document.documentElement.dataset.zyTheme) {
  document.documentElement.dataset.bsTheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}
