/**
 * The band: what it does, its mode, its parts, the sign, and how its generators keep their time.
 */

import { choice, element, fact, mark, say } from "../element.js"

const MODES = ["answer", "accompany", "continue", "trade", "loop"]

export function band(root, ask) {
  const phase = element("output.phase", { "aria-label": "phase" }, "off")
  const about = element("span.source", {}, "")
  const on = element("button", { type: "button", onclick: () => ask({ cmd: "jam", on: !jam?.on }) }, "Start")
  const cue = element("button.strong", { type: "button", title: "The phrase ends here (C)", onclick: () => ask({ cmd: "jam_cue" }) }, "Cue")
  const modes = choice("Mode", MODES, (mode) => ask({ cmd: "jam", mode }))
  const parts = element("div.parts", { role: "group", "aria-label": "Parts" })
  const [answerRow, answer] = fact("last")
  const [timeRow, time] = fact("in time", "Answers that were ready when their notes had to be decided")
  const wrong = element("p.wrong", { role: "status" })
  root.querySelector(".body").append(
    element("div.head", {}, element("div", {}, phase, about), element("div.pair", {}, cue, on)),
    modes.row, parts, element("dl", {}, answerRow, timeRow), wrong,
  )
  let jam = null
  const rows = new Map()
  const troubles = new Map()

  function part(one) {
    let row = rows.get(one.name)
    if (!row) {
      const press = element("button", { type: "button", onclick: () => ask({ cmd: "jam_part", part: one.name, on: press.getAttribute("aria-pressed") !== "true" }) })
      const who = element("span.dim")
      row = { press, who, line: element("div.part", {}, press, who) }
      rows.set(one.name, row)
      parts.append(row.line)
    }
    say(row.press, one.name)
    mark(row.press, "aria-pressed", one.on)
    const differs = one.plays && one.plays !== one.generator ? ` (wanted ${one.generator})` : ""
    say(row.who, one.on ? `${one.plays || one.generator}${differs} · ch ${one.channel}` : "off")
  }

  function show() {
    if (!jam) return
    say(phase, jam.on ? jam.phase : "off")
    mark(root, "data-phase", jam.on ? jam.phase : "off")
    say(about, [jam.style, jam.key, jam.bars ? `${jam.bars} bars` : "", jam.meter].filter(Boolean).join(" · "))
    say(on, jam.on ? "Stop" : "Start")
    modes.shows(jam.mode)
    for (const [name, row] of rows) {
      if (jam.parts.some((one) => one.name === name)) continue
      row.line.remove()
      rows.delete(name)
    }
    jam.parts.forEach(part)
    say(wrong, [...troubles.values()].join(" "))
    wrong.title = wrong.textContent
  }

  function forget() {
    jam = null
    rows.clear()
    troubles.clear()
    parts.replaceChildren()
    say(phase, "off")
    mark(root, "data-phase", "off")
    say(on, "Start")
    modes.shows("")
    for (const one of [about, wrong]) say(one, "")
    for (const one of [answer, time]) say(one, "–")
  }

  return {
    root,
    cue: () => ask({ cmd: "jam_cue" }),
    hears: {
      jam: (m) => (jam = m),
      generator: (m) => (m.error ? troubles.set(m.name, m.error) : troubles.delete(m.name)),
      answer: (m) => {
        const late = m.late ? `, ${m.wanted} was late` : m.generator !== m.wanted ? `, ${m.wanted} is not there` : ""
        say(answer, `${m.generator}${late}: ${m.notes.length} notes, ${Math.round(m.spare_ms)} ms to spare`)
      },
      deadlines: (m) => {
        const count = (table) => Object.values(table).reduce((sum, n) => sum + n, 0)
        say(time, `${count(m.ready)} of ${count(m.ready) + count(m.late)}`)
      },
    },
    forget,
    draw: show,
  }
}
