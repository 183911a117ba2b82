/**
 * Keys: one table, listed under "?". None of them does anything while a text is typed or a modifier is held.
 */

import { element } from "./element.js"

const TWICE_MS = 600 // between two presses of Escape

/** `acts`: key -> [what it does, function]. `panic` is what Shift+P and Escape twice do, anywhere, even in a text. */
export function shortcuts(acts, panic) {
  const dialog = document.getElementById("shortcuts")
  const rows = [["Shift+P", "PANIC: everything ends"], ["Esc Esc", "PANIC"], ...Object.entries(acts).map(([key, [text]]) => [key, text])]
  document.getElementById("shortcuts-list").append(
    ...rows.map(([key, text]) => element("div", {}, element("dt", {}, element("kbd", {}, key)), element("dd", {}, text))))
  document.getElementById("help").addEventListener("click", () => dialog.showModal())
  let escapedAt = -TWICE_MS
  addEventListener("keydown", (event) => {
    if (event.repeat) return
    if (event.key === "Escape") {
      const is_twice = event.timeStamp - escapedAt < TWICE_MS
      escapedAt = is_twice ? -TWICE_MS : event.timeStamp
      if (is_twice) panic()
      return
    }
    if (event.ctrlKey || event.altKey || event.metaKey || is_text(event.target)) return
    if (event.shiftKey && event.code === "KeyP") return panic()
    const act = acts[event.key.toLowerCase()]
    if (!act || dialog.open) return
    event.preventDefault()
    act[1]()
  })
}

function is_text(target) {
  return target.matches?.("input:not([type=range]), select, textarea")
}
