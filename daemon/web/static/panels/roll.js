/**
 * The piano roll: what is heard in the sound, what is played on MIDI, and what jamd plays, a moment before it sounds.
 *
 * Heard is a full bar, played has a dark core, jamd's is framed, and dashed while it is only foretold. Drums have a row below.
 */

import { element } from "../element.js"
import { pitch } from "../music.js"
import { FONT, Sheet, ink } from "../sheet.js"

const PAST_S = 8
const AHEAD_S = 3
const MOST = 600
const LOWEST_SPAN = 24 // semitones that are shown at least
const DRUMS = 9 // the channel, from 0
const BLACK = [1, 3, 6, 8, 10]
const KEYS_W = 34
const DRUM_H = 22

export function roll(root, _, clock) {
  const sheet = new Sheet("Notes heard, played on MIDI, and played by jamd, over the last seconds; its next ones are dashed")
  root.querySelector("h2").append(
    element("span.legend", {},
      element("span.heard", {}, "▬ heard"), element("span.played", {}, "◘ MIDI"), element("span.made", {}, "▭ jamd")))
  root.querySelector(".body").append(sheet.canvas)
  let notes = [] // {kind, midi, from, to (0: it still sounds), channel}
  let low = 48, high = 84

  function begins(kind, m, to = 0, channel = 0) {
    if (!to) ends(kind, m, channel) // struck again before its end came
    notes.push({ kind, midi: m.midi, from: m.sample_time, to, channel })
    if (notes.length > MOST) notes.splice(0, notes.length - MOST)
  }

  function ends(kind, m, channel = 0) {
    const one = notes.findLast((n) => n.kind === kind && n.midi === m.midi && n.channel === channel && !n.to)
    if (one) one.to = Math.max(m.sample_time, one.from + 1)
  }

  function foretold(m) {
    for (const note of m.notes) begins("foretold", note, note.until, note.part === "drums" ? DRUMS : 0)
  }

  return {
    root,
    moves: true,
    hears: {
      note_on: (m) => begins("heard", m),
      note_off: (m) => ends("heard", m),
      midi_note: (m) => (m.on ? begins("played", m, 0, m.channel) : ends("played", m, m.channel)),
      jam_note: (m) => (m.on ? begins("made", m, 0, m.channel) : ends("made", m, m.channel)),
      answer: (m) => foretold(m),
      accompaniment: (m) => foretold(m),
    },
    reset: () => (notes = []),
    draw(now) {
      const { pen, width, height } = sheet.begin()
      const [from, to] = clock.window(now, PAST_S, AHEAD_S)
      notes = notes.filter((n) => (n.to || now) > now - 2 * PAST_S * clock.rate)
      const shown = notes.filter((n) => (n.to || now) >= from)
      const has_drums = shown.some((n) => n.channel === DRUMS)
      const tall = height - (has_drums ? DRUM_H : 0)
      const pitches = shown.filter((n) => n.channel !== DRUMS).map((n) => n.midi)
      const [wantLow, wantHigh] = span(pitches, low, high)
      low += 0.15 * (wantLow - low)
      high += 0.15 * (wantHigh - high)
      const each = tall / (high - low)
      const x = (at) => KEYS_W + ((width - KEYS_W) * (at - from)) / (to - from)
      const y = (midi) => tall - (midi - low) * each
      keys(pen, low, high, each, y, width, tall)
      if (has_drums) {
        pen.fillStyle = ink.dim
        pen.fillText("drums", 0, height - DRUM_H / 2)
      }
      pen.save()
      pen.beginPath()
      pen.rect(KEYS_W, 0, width - KEYS_W, height)
      pen.clip()
      for (const note of shown) {
        const at = x(note.from)
        const wide = Math.max(3, x(note.to || Math.max(now, note.from)) - at)
        if (note.channel === DRUMS) bar(pen, note, at, height - DRUM_H + 3 + (1 - ((note.midi - 35) % 24) / 24) * (DRUM_H - 10), 5, 5, now)
        else bar(pen, note, at, Math.round(y(note.midi) - each), wide, Math.max(4, Math.floor(each)), now)
      }
      pen.restore()
      pen.fillStyle = ink.good
      pen.fillRect(x(now) - 1, 0, 2, height)
    },
  }
}

/** The pitches to show, with room; what was shown stays while it does. */
function span(pitches, low, high) {
  if (!pitches.length) return [low, high]
  let [least, most] = [Math.min(...pitches) - 2, Math.max(...pitches) + 3]
  const missing = LOWEST_SPAN - (most - least)
  if (missing > 0) {
    least -= Math.floor(missing / 2)
    most += Math.ceil(missing / 2)
  }
  return [least, most]
}

function keys(pen, low, high, each, y, width, tall) {
  pen.font = `11px ${FONT}`
  for (let midi = Math.floor(low); midi <= Math.ceil(high); midi++) {
    if (midi < 0 || midi > 127) continue
    const top = y(midi) - each
    if (top > tall) continue
    const tallest = Math.min(each, tall - top)
    if (BLACK.includes(midi % 12)) {
      pen.fillStyle = ink.ground
      pen.fillRect(KEYS_W, top, width - KEYS_W, tallest)
    }
    if (midi % 12 === 0) {
      pen.fillStyle = ink.line
      pen.fillRect(KEYS_W, Math.min(tall, y(midi)) - 1, width - KEYS_W, 1)
      pen.fillStyle = ink.dim
      pen.fillText(pitch(midi), 0, Math.min(tall - 6, Math.max(7, y(midi) - each / 2)))
    }
  }
}

function bar(pen, note, x, y, w, h, now) {
  if (note.kind === "heard") {
    pen.fillStyle = ink.heard
    pen.fillRect(x, y, w, h)
  } else if (note.kind === "played") {
    pen.fillStyle = ink.played
    pen.fillRect(x, y, w, h)
    pen.fillStyle = ink.ground
    if (h >= 5) pen.fillRect(x + 2, y + h / 2 - 1, Math.max(0, w - 4), 2)
  } else {
    const is_foretold = note.kind === "foretold"
    if (is_foretold && note.from < now) return // it sounds by now, and says so itself
    pen.strokeStyle = ink.made
    pen.lineWidth = 2
    pen.setLineDash(is_foretold ? [4, 3] : [])
    pen.globalAlpha = 0.55
    pen.fillStyle = ink.made
    if (!is_foretold) pen.fillRect(x, y, w, h)
    pen.globalAlpha = 1
    pen.strokeRect(x + 1, y + 1, Math.max(1, w - 2), Math.max(1, h - 2))
    pen.setLineDash([])
    pen.lineWidth = 1
  }
}
