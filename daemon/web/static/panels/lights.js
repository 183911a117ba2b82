/**
 * The light show: its state and master, and what each universe is sent.
 */

import { choice, element, say } from "../element.js"
import { FONT, Sheet, ink } from "../sheet.js"

const CHANNELS = 512
const STATES = { Go: "go", Blackout: "blackout", Safe: "safe" }
const SHOWN = { on: "Go", blackout: "Blackout", safe: "Safe" }

export function lights(root, ask) {
  const state = element("span.legend", {}, "off")
  const to = choice("Show", Object.keys(STATES), (name) => ask({ cmd: "lights", to: STATES[name] }))
  const master = element("input", { type: "range", min: 0, max: 1, step: 0.01, value: 1, "aria-label": "master", oninput: () => ask({ cmd: "lights", master: Number(master.value) }) })
  const percent = element("output", {}, "100 %")
  const which = element("select", { "aria-label": "universe", hidden: true, onchange: () => root.dispatchEvent(new Event("panel")) })
  const about = element("p.dim", { role: "note" }, "no universe is sent")
  const sheet = new Sheet("Levels of the 512 channels of a universe, 32 in a row")
  root.querySelector("h2").append(which, state)
  root.querySelector(".body").append(
    element("div.head", {}, to.row, element("label.master", { title: "master" }, master, percent)),
    sheet.canvas, about,
  )
  const universes = new Map()
  let show = null

  function say_state() {
    say(state, show ? [show.state, show.error].filter(Boolean).join(": ") : "off")
    to.shows(SHOWN[show?.state])
    if (show && document.activeElement !== master) master.value = show.master
    say(percent, `${Math.round(100 * (show?.master ?? 1))} %`)
  }

  return {
    root,
    ask: (to) => ask({ cmd: "lights", to }),
    hears: {
      lights: (m) => (show = m),
      dmx: (m) => {
        if (!universes.has(m.universe)) which.append(element("option", { value: m.universe }, `universe ${m.universe}`))
        universes.set(m.universe, m.levels)
        which.hidden = universes.size < 2
      },
    },
    forget() {
      show = null
      universes.clear()
      which.replaceChildren()
      which.hidden = true
      say(about, "no universe is sent")
    },
    draw() {
      say_state()
      const { pen, width, height } = sheet.begin()
      const levels = universes.get(Number(which.value)) ?? []
      const across = 32
      const w = width / across
      const h = height / (CHANNELS / across)
      pen.font = `${Math.min(9, h - 3)}px ${FONT}`
      for (let k = 0; k < CHANNELS; k++) {
        const level = levels[k] ?? 0
        const [x, y] = [(k % across) * w, Math.floor(k / across) * h]
        pen.fillStyle = ink.line
        pen.fillRect(x + 0.5, y + 0.5, w - 1, h - 1)
        if (!level) continue
        const tall = (h - 1) * (level / 255) // by height, too: brightness alone is hard to read
        pen.globalAlpha = 0.4 + 0.6 * (level / 255)
        pen.fillStyle = ink.warn
        pen.fillRect(x + 0.5, y + h - 0.5 - tall, w - 1, tall)
        pen.globalAlpha = 1
      }
      const lit = levels.filter((level) => level > 0)
      const top = Math.max(0, ...levels)
      if (universes.size) say(about, `universe ${which.value}: ${lit.length} of ${levels.length} channels lit, highest ${top}${top ? ` at ${levels.indexOf(top) + 1}` : ""}`)
    },
  }
}
