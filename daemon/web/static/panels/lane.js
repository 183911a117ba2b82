/**
 * The lane: sections, chords, onsets by what struck, the strength they were picked from, beats as they fall and before.
 *
 * A shape for each band: a square is low, a diamond mid, a triangle high, a ring all of them.
 */

import { element, say } from "../element.js"
import { chord as written } from "../music.js"
import { FONT, Sheet, ink } from "../sheet.js"

const PAST_S = 7
const AHEAD_S = 1
const MOST = 400 // of each kind that are kept
const ROWS = ["high", "mid", "low"]
const ROW_H = 18
const SIGNS = { "build-up": "◢", drop: "▼", break: "○", boundary: "▮" }

export function lane(root, _, clock) {
  const sheet = new Sheet("Sections, chords, onsets by band and beats of the last seconds, and the beats foretold")
  const now_in = element("span.legend.section", { role: "status", "aria-label": "section" })
  root.querySelector("h2").append(now_in)
  root.querySelector(".body").append(sheet.canvas)
  let onsets = [], beats = [], chords = [], strength = [], sections = []
  const keep = (list, one) => {
    list.push(one)
    if (list.length > MOST) list.splice(0, list.length - MOST)
  }

  return {
    root,
    moves: true,
    hears: {
      onset: (m) => keep(onsets, m),
      beat: (m) => keep(beats, m),
      chord: (m) => keep(chords, m),
      section: (m) => {
        keep(sections, m)
        sections.sort((one, two) => one.sample_time - two.sample_time) // some are known later than the next
        say(now_in, `${sign(m)} · energy ${Math.round(100 * m.energy)} %`)
        now_in.title = `${Math.round(100 * m.confidence)} % sure`
      },
      bands: (m, now) => keep(strength, [now, m.onset_strength]),
    },
    reset() {
      onsets = []
      beats = []
      chords = []
      strength = []
      sections = []
      say(now_in, "")
    },
    draw(now) {
      const { pen, width, height } = sheet.begin()
      const left = 34
      const [from, to] = clock.window(now, PAST_S, AHEAD_S)
      const x = (at) => left + ((width - left) * (at - from)) / (to - from)
      const top = sections.length ? 2 * ROW_H + 4 : ROW_H + 2
      const deep = height - top
      const y = (row) => top + (deep * (row + 0.5)) / 3
      spans(pen, chords, (one) => written(one.name), top - ROW_H - 2, x, now, left, width)
      spans(pen, sections, sign, 0, x, now, left, width)
      pen.font = `11px ${FONT}`
      ROWS.forEach((name, k) => {
        pen.fillStyle = ink.dim
        pen.fillText(name, 0, y(k))
        pen.fillStyle = ink.line
        pen.fillRect(left, y(k), width - left, 1)
      })
      curve(pen, strength, x, left, height, deep)
      for (const beat of beats) {
        const at = x(beat.sample_time)
        if (at < left) continue
        const is_one = beat.position === 1
        pen.globalAlpha = beat.sample_time > now ? 0.5 : 1
        pen.fillStyle = is_one ? ink.text : ink.dim
        pen.fillRect(at - (is_one ? 1 : 0), top, is_one ? 3 : 1, deep)
        if (beat.position > 0) pen.fillText(beat.position, at + 4, height - 8)
      }
      pen.globalAlpha = 1
      pen.fillStyle = ink.warn
      for (const one of sections) {
        const at = x(one.sample_time)
        if (at >= left) for (let y = 0; y < height; y += 8) pen.fillRect(at - 1, y, 2, 5)
      }
      for (const onset of onsets) {
        const at = x(onset.sample_time)
        if (at >= left) struck(pen, onset, at, y)
      }
      pen.fillStyle = ink.good
      pen.fillRect(x(now) - 1, 0, 2, height)
    },
  }
}

/** A section's sign and its word. */
function sign(m) {
  return `${SIGNS[m.what] ?? "▮"} ${m.what}`
}

/** A row of what lasts until the next of its kind begins. */
function spans(pen, list, words, y, x, now, left, width) {
  pen.font = `600 13px ${FONT}`
  list.forEach((one, k) => {
    const end = list[k + 1] ? x(list[k + 1].sample_time) : x(now)
    const at = Math.max(left, x(one.sample_time))
    if (end <= left || at > width) return
    pen.fillStyle = ink.line
    pen.fillRect(at, y, Math.max(0, end - at - 1), ROW_H)
    const text = words(one)
    if (pen.measureText(text).width + 6 > end - at) return
    pen.fillStyle = ink.text
    pen.fillText(text, at + 4, y + 10)
  })
}

function curve(pen, strength, x, left, height, deep) {
  if (!strength.length) return
  pen.beginPath()
  pen.moveTo(left, height)
  let first = true
  for (const [at, value] of strength) {
    const px = x(at)
    if (px < left) continue
    if (first) pen.moveTo(px, height)
    first = false
    pen.lineTo(px, height - deep * Math.min(1, value) * 0.95)
  }
  pen.lineTo(x(strength.at(-1)[0]), height)
  pen.closePath()
  pen.globalAlpha = 0.35
  pen.fillStyle = ink.heard
  pen.fill()
  pen.globalAlpha = 1
}

function struck(pen, onset, at, y) {
  const size = 3 + 4 * Math.min(1, onset.strength)
  const row = ROWS.indexOf(onset.band)
  const mid = y(row < 0 ? 1 : row)
  pen.fillStyle = pen.strokeStyle = { low: ink.made, mid: ink.played, high: ink.warn }[onset.band] ?? ink.text
  pen.beginPath()
  if (onset.band === "low") pen.rect(at - size, mid - size, 2 * size, 2 * size)
  else if (onset.band === "mid") {
    pen.moveTo(at, mid - size * 1.3)
    pen.lineTo(at + size * 1.3, mid)
    pen.lineTo(at, mid + size * 1.3)
    pen.lineTo(at - size * 1.3, mid)
  } else if (onset.band === "high") {
    pen.moveTo(at, mid - size * 1.2)
    pen.lineTo(at + size * 1.1, mid + size)
    pen.lineTo(at - size * 1.1, mid + size)
  } else {
    pen.lineWidth = 2
    pen.arc(at, mid, size, 0, 2 * Math.PI)
    pen.stroke()
    pen.lineWidth = 1
    return
  }
  pen.closePath()
  pen.fill()
}
