/**
 * What comes by MIDI and OSC, newest first, and what became of the ports. Bounded: only the last lines are kept.
 */

import { choice, element, say } from "../element.js"
import { accidental, chord, pitch } from "../music.js"

const MOST = 60
const EVERY_MS = 120

export function monitor(root, _, clock) {
  const shown = { all: ["note", "control", "osc"], notes: ["note"], controls: ["control"], OSC: ["osc"] }
  let kinds = shown.all
  const filter = choice("Show", Object.keys(shown), (name) => {
    kinds = shown[name]
    filter.shows(name)
    isNew = true
    root.dispatchEvent(new Event("panel"))
  })
  filter.shows("all")
  const hands = element("p.hands", { role: "note" }, "")
  const list = element("ol.log", { tabindex: 0, "aria-label": "messages, newest first" })
  root.querySelector("h2").append(filter.row)
  root.querySelector(".body").append(hands, list)
  let lines = []
  let isNew = false, drawnAt = 0
  const ports = new Map()
  let harmony = null

  const add = (kind, m, text, error = "") => {
    lines.unshift({ kind, at: clock.rate ? m.sample_time / clock.rate : 0, text, error })
    if (lines.length > MOST) lines.length = MOST
    isNew = true
  }

  function write() {
    const rows = lines.filter((line) => kinds.includes(line.kind))
    while (list.childElementCount > rows.length) list.lastChild.remove()
    while (list.childElementCount < rows.length) list.append(element("li", {}, element("time"), element("b"), element("span")))
    rows.forEach((line, k) => {
      const [at, kind, text] = list.children[k].children
      say(at, line.at.toFixed(2))
      say(kind, line.kind)
      say(text, line.error ? `${line.text}: ${line.error}` : line.text)
      list.children[k].classList.toggle("bad", Boolean(line.error))
    })
    const open = [...ports.values()].filter((port) => port.state === "open").length
    const wrong = [...ports.values()].filter((port) => port.error).map((port) => port.error)
    const held = harmony?.notes.length ? `${chord(harmony.chord)}: ${harmony.notes.map(pitch).join(" ")}` : ""
    const key = harmony?.key ? ` · ${accidental(harmony.key)}` : ""
    say(hands, wrong[0] ?? ([held + key, open ? `${open} ports` : ""].filter(Boolean).join(" · ") || (rows.length ? "" : "nothing has come yet")))
  }

  return {
    root,
    hears: {
      midi_note: (m) => add("note", m, `${m.port} ch ${m.channel + 1}  ${pitch(m.midi)} ${m.on ? `on ${m.velocity}` : "off"}`),
      midi_control: (m) => add("control", m, `${m.port} ch ${m.channel + 1}  CC ${m.control} = ${m.value}`),
      osc: (m) => add("osc", m, [m.address, ...m.arguments.map(short)].join(" "), m.error),
      midi_port: (m) => ports.set(`${m.direction} ${m.port}`, m),
      midi_harmony: (m) => (harmony = m),
    },
    reset: () => (lines = []),
    draw(_, ms) {
      if (ms - drawnAt < EVERY_MS) return true
      drawnAt = ms
      isNew = false
      write()
      return isNew
    },
  }
}

/** A float of 32 bits has no more digits than these that mean something. */
function short(value) {
  return typeof value === "number" && !Number.isInteger(value) ? value.toPrecision(4) : value
}
