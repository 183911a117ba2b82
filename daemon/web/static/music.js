/**
 * Names of pitches, keys and chords, as musicians write them.
 */

const SHARP = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"]

/** Pitch classes by fifths from C, and how each is called on the wheel. */
export const FIFTHS = [0, 7, 2, 9, 4, 11, 6, 1, 8, 3, 10, 5]
export const ON_WHEEL = ["C", "D♭", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"]

/** 69 -> A4. */
export function pitch(midi) {
  return `${SHARP[midi % 12]}${Math.floor(midi / 12) - 1}`
}

/** Hz -> ["A4", cents]. */
export function tuned(hz) {
  const exact = 69 + 12 * Math.log2(hz / 440)
  const midi = Math.round(exact)
  return [midi >= 0 && midi <= 127 ? pitch(midi) : "–", Math.round(100 * (exact - midi))]
}

/** Harte's shorthand -> [what is written after the root, its tones above the root]. */
const QUALITIES = {
  maj: ["", [0, 4, 7]], min: ["m", [0, 3, 7]], dim: ["°", [0, 3, 6]], aug: ["+", [0, 4, 8]],
  7: ["7", [0, 4, 7, 10]], maj7: ["maj7", [0, 4, 7, 11]], min7: ["m7", [0, 3, 7, 10]], minmaj7: ["m(maj7)", [0, 3, 7, 11]],
  dim7: ["°7", [0, 3, 6, 9]], hdim7: ["ø7", [0, 3, 6, 10]], sus4: ["sus4", [0, 5, 7]], sus2: ["sus2", [0, 2, 7]],
  maj6: ["6", [0, 4, 7, 9]], min6: ["m6", [0, 3, 7, 9]], 9: ["9", [0, 4, 7, 10, 2]], maj9: ["maj9", [0, 4, 7, 11, 2]],
  min9: ["m9", [0, 3, 7, 10, 2]], 5: ["5", [0, 7]],
}

/** `A:min/b3` -> "Am/b3"; `N`, no chord -> "–". */
export function chord(name) {
  if (!name || name === "N" || name === "X") return "–"
  const [whole, bass] = name.split("/")
  const [root, quality = "maj"] = whole.split(":")
  const written = QUALITIES[quality]?.[0] ?? `:${quality}`
  return accidental(root) + written + (bass ? `/${accidental(bass)}` : "")
}

/** Pitch classes of a chord message. */
export function tones(message) {
  if (!message || message.root < 0) return []
  const quality = message.name.split("/")[0].split(":")[1] ?? "maj"
  return (QUALITIES[quality]?.[1] ?? [0]).map((above) => (message.root + above) % 12)
}

/** "Bb minor" -> "B♭ minor". */
export function accidental(name) {
  return name.replace(/^([A-G])#/, "$1♯").replace(/^([A-G])b/, "$1♭")
}

/** 0.5 -> -6.0: full scale is 0. */
export function decibel(linear) {
  return linear > 0 ? 20 * Math.log10(linear) : -Infinity
}

/** 75.4 -> "1:15". */
export function minutes(seconds) {
  const whole = Math.max(0, Math.floor(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`
}

/** With a true minus, and as wide whatever it is. */
export function signed(value, digits = 0) {
  if (!Number.isFinite(value)) return "−∞"
  const text = Math.abs(value).toFixed(digits)
  return Number(text) === 0 ? text : (value < 0 ? "−" : "+") + text
}

/** 3446.9 -> "3.4 ms", 118 -> "118 µs". */
export function microseconds(us) {
  return us < 1000 ? `${us < 10 ? us.toFixed(1) : Math.round(us)} µs` : `${(us / 1000).toFixed(us < 10000 ? 1 : 0)} ms`
}
