/**
 * The rack: its chains with their gain, its plugins with what they cost, bypass and parameters, and the snapshots.
 *
 * `rack_state` says what is there; what its parameters are and mean is asked for each plugin, once.
 */

import { element, mark, say } from "../element.js"
import { microseconds, signed } from "../music.js"
import { Knobs } from "./knobs.js"

export function rack(root, ask) {
  const preset = element("span.legend", {}, "")
  const snapshots = element("div.choice.snapshots", { role: "group", "aria-label": "Snapshots" })
  const list = element("div.chains")
  const wrong = element("p.wrong", { role: "status" })
  root.querySelector("h2").append(preset)
  root.querySelector(".body").append(snapshots, list, wrong)
  let state = null
  let made = "" // what of the rack the elements were made for
  let budget = 0
  const slots = new Map() // uid -> what shows a plugin
  const gains = new Map() // name -> what shows a chain
  const loads = new Map()

  function plugin(one) {
    const load = element("span.load")
    const bypass = element("button", { type: "button", "aria-label": `bypass ${one.name}`, onclick: () => ask({ cmd: "bypass", plugin: one.name }) })
    const title = element("span.dim", {}, one.title === one.name ? "" : one.title)
    const knobs = new Knobs(one, ask)
    slots.set(one.uid, { load, bypass, knobs })
    return element("div.plugin", {}, element("div.plugin-head", {}, element("b", {}, one.name), title, load, bypass), knobs.root)
  }

  function chain(one) {
    const db = element("output", {}, "")
    const gain = element("input", { type: "range", min: -60, max: 12, step: 0.5, "aria-label": `gain of ${one.name}`, oninput: () => ask({ cmd: "chain_set", chain: one.name, gain_db: Number(gain.value) }) })
    const mute = element("button", { type: "button", "aria-label": `mute ${one.name}`, onclick: () => ask({ cmd: "chain_set", chain: one.name, mute: mute.getAttribute("aria-pressed") !== "true" }) }, "mute")
    gains.set(one.name, { gain, db, mute })
    return element("section.chain", { "aria-label": `chain ${one.name}` },
      element("div.chain-head", {}, element("h3", {}, one.name), gain, db, mute), ...one.plugins.map(plugin))
  }

  function make() {
    const now = JSON.stringify([state.chains.map((one) => [one.name, one.uid, one.plugins.map((p) => [p.uid, p.name, p.state])]), state.snapshots])
    if (now === made) return
    made = now
    slots.clear()
    gains.clear()
    list.replaceChildren(...state.chains.map(chain))
    snapshots.replaceChildren(...state.snapshots.map((name) =>
      element("button", { type: "button", onclick: () => ask({ cmd: "snapshot", snapshot: name }) }, name)))
    snapshots.hidden = !state.snapshots.length
  }

  function show() {
    if (!state) return
    make()
    say(preset, state.preset || "empty")
    preset.title = state.path
    for (const button of snapshots.children) mark(button, "aria-pressed", button.textContent === state.snapshot)
    for (const one of state.chains) {
      const shown = gains.get(one.name)
      if (document.activeElement !== shown.gain) shown.gain.value = one.gain_db
      say(shown.db, `${signed(one.gain_db, 1)} dB`)
      mark(shown.mute, "aria-pressed", one.mute)
      for (const slot of one.plugins) showSlot(slot)
    }
    const ill = state.chains.flatMap((one) => one.plugins).find((slot) => slot.error)
    say(wrong, ill ? `${ill.name}: ${ill.error}` : state.chains.length ? "" : "no plugin: jamd run --preset NAME")
  }

  function showSlot(slot) {
    const shown = slots.get(slot.uid)
    const load = loads.get(slot.uid)
    mark(shown.bypass, "aria-pressed", slot.bypass)
    say(shown.bypass, slot.state !== "on" ? slot.state : slot.bypass ? "bypassed" : "on")
    if (!load) return
    const share = budget ? ` · ${((100 * load.p99_us) / budget).toFixed(load.p99_us / budget < 0.1 ? 1 : 0)} %` : ""
    say(shown.load, `${microseconds(load.p99_us)}${share}`)
    shown.load.title = `p99 of a block, and of the budget; mean ${microseconds(load.mean_us)}, longest ${microseconds(load.max_us)}, ` +
      `latency ${load.latency_samples} samples, misses ${load.misses}, bad samples ${load.bad_samples}`
  }

  return {
    root,
    hears: {
      rack_state: (m) => (state = m),
      plugin_load: (m) => loads.set(m.uid, m),
      plugin_param: (m) => slots.get(m.uid)?.knobs.moved(m),
      heartbeat: (m) => (budget = m.budget_us),
    },
    reset: () => (made = ""),
    draw: show,
  }
}
