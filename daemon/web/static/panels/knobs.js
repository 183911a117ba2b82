/**
 * A plugin's parameters as sliders. While a hand moves one, the newest value is sent as soon as the last was answered, and what
 * others say of it waits.
 */

import { element, say } from "../element.js"

const TRIES = 20 // where too much is asked at once, as by a page with many plugins
const AT_FIRST = 6 // parameters that are shown; all, where they are asked for

export class Knobs {
  /** `plugin` as rack_state has it. */
  constructor(plugin, ask) {
    this._plugin = plugin
    this._ask = ask
    this._rows = new Map() // parameter -> what shows it
    this.root = element("div.knobs")
    if (plugin.state === "on") this._learn()
  }

  /** A parameter has another value; `moved` as plugin_param says it. */
  moved({ param, value, text }) {
    const row = this._rows.get(param)
    if (row && !row.isHeld) this._show(row, value, text)
  }

  async _learn() {
    const [found] = (await this._ask({ cmd: "get", plugin: this._plugin.name }, TRIES)) ?? []
    if (!found) return
    const lines = found.params.map((param) => this._row(param))
    const [first, rest] = [lines.slice(0, AT_FIRST), lines.slice(AT_FIRST)]
    this.root.replaceChildren(...first)
    if (!rest.length) return
    const all = element("button", { type: "button", onclick: () => all.replaceWith(...rest) }, `${rest.length} more`)
    this.root.append(all)
  }

  _row(param) {
    const text = element("output")
    const row = { text, isHeld: false, wanted: null, isSent: false }
    const slider = element("input", {
      type: "range", min: 0, max: 1, step: 0.005, "aria-label": `${this._plugin.name} ${param.name}`,
      oninput: () => this._want(row, param.id, Number(slider.value)),
      onpointerdown: () => (row.isHeld = true),
      onpointerup: () => (row.isHeld = false),
      onpointercancel: () => (row.isHeld = false),
    })
    row.slider = slider
    this._rows.set(param.id, row)
    this._show(row, param.value, param.text || (param.unit ? `${param.value.toFixed(2)} ${param.unit}` : ""))
    return element("label.knob", {}, element("span", { title: param.name }, param.name), slider, text)
  }

  _show(row, value, text) {
    row.slider.value = value
    say(row.text, text || value.toFixed(2))
    row.slider.setAttribute("aria-valuetext", text || value.toFixed(2))
  }

  async _want(row, param, value) {
    row.wanted = value
    if (row.isSent) return
    row.isSent = true
    while (row.wanted !== null) {
      const sent = row.wanted
      row.wanted = null
      const [set] = (await this._ask({ cmd: "set", plugin: this._plugin.name, param, value: sent })) ?? []
      if (set && row.wanted === null) say(row.text, set.text || sent.toFixed(2))
    }
    row.isSent = false
  }
}
