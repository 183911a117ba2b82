/**
 * Dark, as a stage is, or light for daylight; the choice is kept.
 */

const KEPT = "jamd-theme"

export function theme(changed) {
  const root = document.documentElement
  try {
    root.dataset.theme = localStorage.getItem(KEPT) ?? "dark"
  } catch {
    root.dataset.theme = "dark"
  }
  changed()
  document.getElementById("theme").addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark"
    try {
      localStorage.setItem(KEPT, root.dataset.theme)
    } catch {
      // not kept, then
    }
    changed()
  })
}
