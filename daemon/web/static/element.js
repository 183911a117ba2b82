/**
 * Elements from plain values. Text is only ever text: titles come from files, and names from plugins.
 */

/**
 * @param {string} tag its name, perhaps with classes: "div.row.dim"
 * @param {Object<string, any>} [has] attributes; `onclick` and its like are listeners, a value of null or false leaves one out
 * @param {...(Node | string | number | null)} children
 * @returns {HTMLElement}
 */
export function element(tag, has = {}, ...children) {
  const [name, ...classes] = tag.split(".")
  const made = document.createElement(name)
  if (classes.length) made.className = classes.join(" ")
  for (const [key, value] of Object.entries(has)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value)
    else if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value)
  }
  made.append(...children.filter((child) => child !== null).map((child) => (child instanceof Node ? child : String(child))))
  return made
}

/** Say a text where it is not said already: what has not changed is not laid out again. */
export function say(where, text) {
  if (where.textContent !== text) where.textContent = text
}

/** Set an attribute where it is another; null takes it away. */
export function mark(where, name, value) {
  if (value === null) {
    if (where.hasAttribute(name)) where.removeAttribute(name)
  } else if (where.getAttribute(name) !== String(value)) where.setAttribute(name, String(value))
}

/** A row of buttons of which one is chosen. `choose(name)` is called, and `shows(name)` marks it. */
export function choice(label, names, choose) {
  const buttons = names.map((name) =>
    element("button", { type: "button", "aria-pressed": "false", onclick: () => choose(name) }, name))
  const row = element("div.choice", { role: "group", "aria-label": label }, ...buttons)
  return { row, shows: (chosen) => buttons.forEach((one, k) => mark(one, "aria-pressed", names[k] === chosen)) }
}

/** A name and what it says, side by side; gives [row, where it is said]. */
export function fact(name, title = "") {
  const value = element("dd", {}, "–")
  return [element("div.fact", title ? { title } : {}, element("dt", {}, name), value), value]
}
