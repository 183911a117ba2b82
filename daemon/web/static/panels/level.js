/**
 * Level: peak with its hold, RMS, loudness; energy in three bands; the pitch that is heard.
 */

import { element, fact, say } from "../element.js"
import { decibel, signed, tuned } from "../music.js"
import { FONT, Sheet, ink } from "../sheet.js"

const FLOOR_DB = -60
const HOLD_MS = 1500 // that a peak stands,
const FALL_DB_S = 20 // and how it falls then; also the peak's own bar
const TEXT_MS = 150 // between two texts: digits that change faster cannot be read
const FULL = 0.999

export function level(root) {
  const sheet = new Sheet("Peak and RMS in dB below full scale; energy in low, mid and high")
  const lufs = element("output.huge", { "aria-label": "momentary loudness" }, "–")
  const [shortRow, short] = fact("short-term", "Loudness over 3 s, ITU-R BS.1770")
  const [peakRow, peak] = fact("peak", "Highest sample of the last moments")
  const [pitchRow, pitch] = fact("pitch", "Of the strongest voice: note, cents off it, Hz")
  root.querySelector(".body").append(
    element("div.loud", {}, element("div.big", {}, lufs, element("small", {}, "LUFS")), element("dl", {}, shortRow, peakRow, pitchRow)),
    sheet.canvas,
  )
  let now = { peak: 0, rms: 0, momentary_lufs: -Infinity, short_term_lufs: -Infinity }
  let bands = { low: 0, mid: 0, high: 0 }
  let f0 = null
  let bar = FLOOR_DB, held = FLOOR_DB, heldAt = 0, last = 0, saidAt = 0, clippedAt = -1e9

  function fall(ms) {
    const fallen = ((ms - last) / 1000) * FALL_DB_S
    last = ms
    const db = Math.max(FLOOR_DB, decibel(now.peak))
    bar = Math.max(db, bar - fallen)
    if (db >= held) [held, heldAt] = [db, ms]
    else if (ms - heldAt > HOLD_MS) held = Math.max(db, held - fallen)
    if (now.peak >= FULL) clippedAt = ms
  }

  function write(ms) {
    saidAt = ms
    say(lufs, signed(now.momentary_lufs, 1))
    say(short, signed(now.short_term_lufs, 1))
    say(peak, ms - clippedAt < 2000 ? "CLIP" : held > FLOOR_DB ? `${signed(held, 1)} dB` : "−∞")
    peak.classList.toggle("bad", ms - clippedAt < 2000)
    if (!f0?.voiced || !(f0.f0_hz > 0)) return say(pitch, "–")
    const [name, cents] = tuned(f0.f0_hz)
    say(pitch, `${name} ${signed(cents)} ct`)
    pitch.title = `${f0.f0_hz.toFixed(1)} Hz`
  }

  return {
    root,
    moves: true,
    hears: { level: (m) => (now = m), bands: (m) => (bands = m), f0: (m) => (f0 = m) },
    reset: () => (f0 = null),
    draw(_, ms) {
      fall(ms)
      if (ms - saidAt > TEXT_MS) write(ms)
      const { pen, width, height } = sheet.begin()
      const left = 34
      const across = width - left - 6
      const x = (db) => left + (across * (Math.max(FLOOR_DB, db) - FLOOR_DB)) / -FLOOR_DB
      const rows = ["peak", "RMS", "low", "mid", "high"]
      const scale = 14
      const each = (height - scale) / rows.length
      pen.font = `11px ${FONT}`
      rows.forEach((name, k) => {
        const y = k * each + 2
        const thick = Math.max(2, each - 4)
        pen.fillStyle = ink.dim
        pen.fillText(name, 0, y + thick / 2 + 1)
        pen.fillStyle = ink.line
        pen.fillRect(left, y, across, thick)
        const db = k === 0 ? bar : decibel(now.rms)
        const to = k < 2 ? x(db) : left + across * Math.min(1, [bands.low, bands.mid, bands.high][k - 2])
        pen.fillStyle = k >= 2 ? ink.dim : db > -1 ? ink.bad : db > -6 ? ink.warn : ink.heard
        pen.fillRect(left, y, to - left, thick)
        if (k === 0 && held > FLOOR_DB) {
          pen.fillStyle = ink.text
          pen.fillRect(x(held) - 1, y - 1, 3, thick + 2)
        }
      })
      pen.fillStyle = ink.dim
      pen.textAlign = "center"
      for (const db of [-48, -36, -24, -12, 0]) {
        pen.fillRect(x(db), 0, 1, 2 * each)
        pen.fillText(db === 0 ? "0" : `−${-db}`, Math.min(x(db), width - 6), height - scale / 2 + 1)
      }
    },
  }
}
