/**
 * The engine's health: the callback's work against its budget, and everything that was too late or lost.
 */

import { element, fact, mark, say } from "../element.js"
import { microseconds } from "../music.js"
import { FONT, Sheet, ink } from "../sheet.js"

export function health(root) {
  const state = element("span.legend", {}, "–")
  const sheet = new Sheet("How long the callback's blocks took, in doubling classes, counts on a logarithmic scale; the line is the budget")
  const facts = {}
  const rows = [
    ["p99", "Of the callback's work in a block"], ["max", "The longest"], ["budget", "A block's length"],
    ["xruns", "Told by the driver"], ["late", "Blocks that took longer than the budget"], ["lost", "Events, hops, MIDI and wire messages that were lost"],
  ].map(([name, title]) => {
    const [row, value] = fact(name, title)
    facts[name] = value
    return row
  })
  const wrong = element("p.wrong", { role: "status" })
  root.querySelector("h2").append(state)
  root.querySelector(".body").append(element("dl.six", {}, ...rows), sheet.canvas, wrong)
  let beat = null, engine = null

  function write() {
    if (engine) {
      const rate = engine.rate ? ` · ${engine.rate / 1000} kHz` : ""
      say(state, engine.state === "running" ? `${engine.driver} · ${engine.block_size} samples${rate}` : engine.state)
      say(wrong, engine.error)
    }
    if (!beat) return
    const lost = beat.lost_events + beat.lost_hops + beat.lost_midi + beat.starved_samples
    const drops = Object.entries(beat.drops).filter(([, count]) => count)
    say(facts.p99, microseconds(beat.work_us.p99 ?? 0))
    say(facts.max, microseconds(beat.work_us.max ?? 0))
    say(facts.budget, microseconds(beat.budget_us))
    say(facts.xruns, beat.xruns)
    say(facts.late, beat.late_blocks)
    say(facts.lost, lost + drops.reduce((sum, [, count]) => sum + count, 0))
    facts.lost.title = drops.map(([name, count]) => `${name} ${count}`).join(", ")
    mark(facts.max, "class", beat.work_us.max > beat.budget_us ? "bad" : null)
    for (const name of ["xruns", "late", "lost"]) mark(facts[name], "class", facts[name].textContent === "0" ? null : "bad")
  }

  return {
    root,
    hears: { heartbeat: (m) => (beat = m), engine: (m) => (engine = m) },
    forget() {
      beat = engine = null
      say(state, "–")
      say(wrong, "")
      for (const fact of Object.values(facts)) {
        say(fact, "–")
        mark(fact, "class", null)
      }
    },
    draw() {
      write()
      const { pen, width, height } = sheet.begin()
      pen.font = `11px ${FONT}`
      const bars = beat?.work_histogram ?? []
      if (!bars.length) {
        pen.fillStyle = ink.dim
        pen.fillText("no block yet", 4, height / 2)
        return
      }
      const most = Math.log10(Math.max(...bars.map(([, count]) => count)) + 1)
      const each = width / bars.length
      const foot = 14
      const tall = height - foot - 12
      pen.textAlign = "center"
      bars.forEach(([to, count], k) => {
        const over = k > 0 && bars[k - 1][0] >= beat.budget_us
        const h = count ? Math.max(2, (tall * Math.log10(count + 1)) / most) : 0
        const x = k * each
        pen.fillStyle = over ? ink.bad : ink.heard
        pen.fillRect(x + 2, height - foot - h, each - 4, h)
        pen.fillStyle = ink.text
        pen.fillText(short(count), x + each / 2, height - foot - h - 6)
        pen.fillStyle = ink.dim
        pen.fillText(to < 0 ? "more" : `<${to >= 1000 ? `${(to / 1000).toFixed(1)}m` : `${Math.round(to)}µ`}s`, x + each / 2, height - foot / 2 + 1)
      })
      const at = budget(bars, beat.budget_us) * each
      pen.setLineDash([4, 3])
      pen.strokeStyle = ink.warn
      pen.beginPath()
      pen.moveTo(at, 0)
      pen.lineTo(at, height - foot)
      pen.stroke()
      pen.setLineDash([])
    },
  }
}

/** Where the budget lies among classes that double, in classes from the left. */
function budget(bars, us) {
  const last = bars.findLastIndex(([to]) => to > 0)
  if (last < 0) return bars.length
  const place = last + 1 + Math.log2(us / bars[last][0])
  return Math.max(0, Math.min(bars.length, place))
}

function short(count) {
  if (count < 1000) return count
  return count < 1e6 ? `${(count / 1000).toFixed(count < 1e4 ? 1 : 0)}k` : `${(count / 1e6).toFixed(1)}M`
}
