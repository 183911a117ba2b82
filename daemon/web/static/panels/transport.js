/**
 * The transport: tempo, the beat in its bar, who leads; tap, start and stop.
 */

import { element, mark, say } from "../element.js"

export function transport(root, ask, clock) {
  const tempo = element("output.huge", { "aria-label": "tempo" }, "–")
  const dots = element("span.dots", { role: "img", "aria-label": "beat in the bar" })
  const source = element("span.source", {}, "–")
  const run = element("button", { type: "button", title: "The transport", onclick: () => ask({ cmd: "clock_run", to: last?.playing ? "stop" : "continue" }) }, "Stop")
  const tap = element("button", { type: "button", title: "Tap the beat (T)", onclick: () => ask({ cmd: "clock_tap" }) }, "Tap")
  root.append(
    element("div.tempo", {}, tempo, element("small", {}, "BPM")),
    element("div.bar", {}, dots, source),
    element("fieldset.small", {}, tap, run),
  )
  let last = null
  let lit = -1

  return {
    root,
    moves: true,
    tap: () => ask({ cmd: "clock_tap" }),
    hears: { transport: (m) => (last = m) },
    reset: () => (last = null),
    draw(now) {
      if (!last) return
      const beat = last.beat + (last.playing && clock.rate ? ((now - last.sample_time) / clock.rate) * (last.tempo_bpm / 60) : 0)
      const each = last.beats_per_bar
      if (dots.childElementCount !== each) dots.replaceChildren(...Array.from({ length: each }, () => element("i")))
      const at = ((Math.floor(beat) % each) + each) % each
      if (at !== lit) {
        lit = at
        ;[...dots.children].forEach((dot, k) => {
          dot.classList.toggle("on", k === at)
          say(dot, k === at ? k + 1 : "")
        })
      }
      say(tempo, last.source ? last.tempo_bpm.toFixed(1) : "–")
      const sure = last.source === "beats" ? `, ${Math.round(100 * last.confidence)} % sure` : ""
      say(source, last.source ? `bar ${Math.floor(beat / each) + 1} · ${said(last.source)}${sure}` : "no beat yet")
      say(run, last.playing ? "Stop" : "Go on")
      mark(root, "data-playing", last.playing ? "yes" : "no")
    },
  }
}

function said(source) {
  return { beats: "heard", midi_clock: "MIDI clock", link: "Link", tap: "tapped", fixed: "fixed" }[source] ?? source
}
