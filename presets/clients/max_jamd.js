/**
 * jamd in Max for Live, or Max 8 and newer: [node.script max_jamd.js @autostart 1] -> [route beat tempo onset chord level ...]
 *
 * Put this file, jamd.mjs and package.json into one folder that Max finds, and send [script npm install] to the object once.
 * Out come, as one list each (SAYS is the table): beat POSITION TEMPO, when it falls; tempo BPM; playing 0|1; onset BAND
 * STRENGTH; chord NAME ROOT; key NAME TONIC; section WHAT CONFIDENCE ENERGY (a build-up, drop, break or boundary that began);
 * note MIDI VELOCITY (heard); jam PART MIDI VELOCITY CHANNEL (jamd's own, when they sound); bands LOW MID HIGH and level RMS
 * PEAK, 60 times a second; jamd 0|1, whether it is there; error TEXT.
 *
 * In go: `address tcp://127.0.0.1:5550`; `latency 20` to have what is foretold so many ms early; and `ask clock_tap`, or any
 * command of jamd's with its keys: `ask lights to blackout master 0.5`. Its answer comes out as answer JSON.
 */

const maxApi = require("max-api")

const LEVELS_MS = 16
const PATIENCE_MS = 100 // what is told later than this beside its music is not told
const TOPICS = [
  "beat", "transport", "onset", "chord", "key", "section", "note_on", "note_off", "jam_note", "bands", "level", "engine",
]

const SAYS = {
  beat: (m) => ["beat", m.position, m.tempo_bpm],
  transport: (m) => [["tempo", m.tempo_bpm], ["playing", Number(m.playing)]],
  onset: (m) => ["onset", m.band, m.strength],
  chord: (m) => ["chord", m.name, m.root],
  key: (m) => ["key", m.name, m.tonic],
  section: (m) => ["section", m.what, m.confidence, m.energy],
  note_on: (m) => ["note", m.midi, m.velocity],
  note_off: (m) => ["note", m.midi, 0],
  jam_note: (m) => ["jam", m.part, m.midi, m.on ? m.velocity : 0, m.channel + 1],
  bands: (m) => ["bands", m.low, m.mid, m.high],
  level: (m) => ["level", m.rms, m.peak],
}
const FORETOLD = new Set(["beat", "jam_note"]) // said before it sounds, and held back until it does
const DENSE = new Set(["bands", "level"])

const places = { address: process.env.JAMD_ADDRESS, control: process.env.JAMD_CONTROL } // undefined: the usual ones
let client = null
let jamd = null
let latencyMs = 0
let wasThere = null

function out(list) {
  for (const one of Array.isArray(list[0]) ? list : [list]) maxApi.outlet(...one)
}

function there(is) {
  if (is !== wasThere) maxApi.outlet("jamd", Number(is))
  wasThere = is
}

/** One after the other, for as long as this client is the current one. */
async function follow() {
  client ??= await import("./jamd.mjs")
  jamd?.close()
  const mine = (jamd = new client.Jamd({ ...places, topics: TOPICS }))
  const levelsAt = {}
  for await (const message of mine) {
    there(message.type !== "silence")
    const says = SAYS[message.type]
    if (!says) continue
    const waitMs = FORETOLD.has(message.type) ? (client.dueMs(message) ?? 0) - latencyMs : 0
    if (DENSE.has(message.type)) {
      if (performance.now() < (levelsAt[message.type] ?? 0) + LEVELS_MS) continue
      levelsAt[message.type] = performance.now()
    }
    if (waitMs > 0) setTimeout(() => out(says(message)), waitMs)
    else if (waitMs > -PATIENCE_MS || !message.on) out(says(message))
  }
}

function complain(error) {
  maxApi.outlet("error", error.message)
}

maxApi.addHandler("address", (address, control) => {
  Object.assign(places, { address, control: control ?? places.control })
  follow().catch(complain)
})
maxApi.addHandler("latency", (ms) => {
  latencyMs = Number(ms)
})
maxApi.addHandler("ask", (cmd, ...rest) => {
  const command = { cmd }
  for (let at = 0; at + 1 < rest.length; at += 2) command[rest[at]] = rest[at + 1]
  jamd.ask(command).then(([answer]) => maxApi.outlet("answer", JSON.stringify(answer)), complain)
})
follow().catch(complain)
