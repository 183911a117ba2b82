/**
 * Harmony: the twelve pitch classes by fifths, each as far out as it is strong; the chord's tones have a dot, the key a frame.
 */

import { element, say } from "../element.js"
import { FIFTHS, ON_WHEEL, accidental, chord as written, signed, tones } from "../music.js"
import { FONT, Sheet, ink } from "../sheet.js"

const SMOOTH = 0.35 // of a new frame in what is shown
const STEP = Math.PI / 6

export function wheel(root, nowChord, nowKey) {
  const sheet = new Sheet("Strength of the twelve pitch classes on the circle of fifths")
  const tuning = element("span.legend", { title: "The music's A against 440 Hz" })
  root.querySelector("h2").append(tuning)
  root.querySelector(".body").append(sheet.canvas)
  const shown = new Float32Array(12)
  let heard = new Float32Array(12)
  let chord = null, key = null, cents = 0, saidAt = 0

  return {
    root,
    hears: {
      chroma: (m) => {
        heard = m.chroma
        cents = m.tuning_cents
      },
      chord: (m) => {
        chord = m
        say(nowChord, written(m.name))
        nowChord.title = m.name
      },
      key: (m) => {
        key = m
        say(nowKey, accidental(m.name))
        nowKey.title = `${m.name}, ${Math.round(100 * m.confidence)} % sure`
      },
    },
    reset() {
      chord = key = null
      say(nowChord, "–")
      say(nowKey, "–")
    },
    draw(_, ms) {
      if (ms - saidAt > 500) {
        saidAt = ms
        say(tuning, `A = ${(440 * 2 ** (cents / 1200)).toFixed(1)} Hz (${signed(cents)} ct)`)
      }
      const { pen, width, height } = sheet.begin()
      const [cx, cy] = [width / 2, height / 2]
      const radius = Math.min(width, height) / 2 - 2
      const inner = radius * 0.4
      const names = radius * 0.8
      const sounding = tones(chord)
      pen.textAlign = "center"
      FIFTHS.forEach((tone, k) => {
        shown[tone] += SMOOTH * ((heard[tone] ?? 0) - shown[tone])
        const is_tone = sounding.includes(tone)
        const mid = k * STEP - Math.PI / 2
        const [a, b] = [mid - STEP / 2 + 0.02, mid + STEP / 2 - 0.02]
        pen.fillStyle = ink.line
        ring(pen, cx, cy, inner, radius, a, b)
        pen.fill()
        pen.fillStyle = is_tone ? ink.made : ink.heard
        pen.globalAlpha = is_tone ? 0.9 : 0.75
        ring(pen, cx, cy, inner, inner + (radius - inner) * shown[tone], a, b)
        pen.fill()
        pen.globalAlpha = 1
        if (key?.tonic === tone) {
          pen.strokeStyle = ink.text
          pen.lineWidth = 3
          ring(pen, cx, cy, inner, radius - 1, a, b)
          pen.stroke()
          pen.lineWidth = 1
        }
        const [x, y] = [cx + names * Math.cos(mid), cy + names * Math.sin(mid)]
        pen.font = `${is_tone ? 700 : 500} ${Math.max(12, radius * 0.12)}px ${FONT}`
        pen.lineWidth = 3
        pen.strokeStyle = ink.panel
        pen.strokeText(ON_WHEEL[tone], x, y)
        pen.lineWidth = 1
        pen.fillStyle = ink.text
        pen.fillText(ON_WHEEL[tone], x, y)
        if (is_tone) {
          pen.beginPath()
          pen.arc(cx + inner * 1.18 * Math.cos(mid), cy + inner * 1.18 * Math.sin(mid), 4, 0, 2 * Math.PI)
          pen.fill()
        }
      })
      pen.fillStyle = ink.text
      const name = written(chord?.name)
      pen.font = `700 ${(radius * (name.length > 4 ? 0.17 : 0.26)).toFixed(0)}px ${FONT}`
      pen.fillText(name, cx, cy - radius * 0.06)
      pen.font = `${Math.max(11, radius * 0.105).toFixed(0)}px ${FONT}`
      pen.fillStyle = ink.dim
      if (key) pen.fillText(accidental(key.name), cx, cy + radius * 0.16)
    },
  }
}

function ring(pen, x, y, inner, outer, from, to) {
  pen.beginPath()
  pen.arc(x, y, outer, from, to)
  pen.arc(x, y, inner, to, from, true)
  pen.closePath()
}
