/**
 * A client of jamd in one file. Copy it beside your program: npm install --ignore-scripts zeromq @msgpack/msgpack
 *
 *     import { Jamd } from "./jamd.mjs"
 *
 *     const jamd = new Jamd({ topics: ["beat", "chord"] })
 *     for await (const message of jamd) console.log(message)
 *
 * Messages are objects with the fields of jamd's wire. Conventions: `sample_time` is when something sounds and `known_at` when
 * it was known, in samples at `rate` Hz of the stream number `epoch`; `t_ns` is CLOCK_MONOTONIC of `sample_time`, as
 * `process.hrtime` counts it on jamd's machine. One reader at a time: a loop, `read` or `newest`; `ask` goes beside it.
 */

import { readFileSync } from "node:fs"

import { decode, encode } from "@msgpack/msgpack"
import { Dealer, Subscriber } from "zeromq"

const SILENCE_MS = 3000 // jamd says something each second
const BACKLOG = 100000 // messages that `newest` passes over at most
const RECENT = 256 // messages of a type that are remembered, to know a replay again
const ARRAYS = {
  "<f4": Float32Array, "<f8": Float64Array, "|i1": Int8Array, "|u1": Uint8Array, "<i2": Int16Array, "<u2": Uint16Array,
  "<i4": Int32Array, "<u4": Uint32Array,
}

/**
 * What every message carries. `replay`: it is the last known state, said again for you who have just come.
 * @typedef {{ seq: number, epoch: number, rate: number, sample_time: number, known_at: number, t_ns: number, replay: boolean }} Common
 */
/** An attack: strength 0..1. @typedef {Common & { type: "onset", strength: number, band: "low" | "mid" | "high" | "full" }} Onset */
/** A beat, before it falls. @typedef {Common & { type: "beat", tempo_bpm: number, confidence: number, position: number }} Beat */
/** A chord in Harte's syntax, such as A:min. @typedef {Common & { type: "chord", name: string, root: number, bass: number, confidence: number }} Chord */
/** @typedef {Common & { type: "key", name: string, tonic: number, mode: string, confidence: number }} Key */
/** A section that began, known a while after; energy: how much of the set so far was quieter. @typedef {Common & { type: "section", what: "build-up" | "drop" | "break" | "boundary", confidence: number, energy: number }} Section */
/** Once per hop, 1 = full scale. @typedef {Common & { type: "level", peak: number, rms: number, momentary_lufs: number, short_term_lufs: number }} Level */
/** Once per hop, 0..1. @typedef {Common & { type: "bands", low: number, mid: number, high: number, centroid_hz: number, flatness: number, onset_strength: number }} Bands */
/** Twelve values from C. @typedef {Common & { type: "chroma", tuning_cents: number, chroma: number[] }} Chroma */
/** A note heard in the sound. @typedef {Common & { type: "note_on", midi: number, name: string, cents: number, velocity: number, f0_hz: number }} NoteOn */
/** @typedef {Common & { type: "note_off", midi: number, name: string }} NoteOff */
/** A note that jamd plays; channel 0-15. @typedef {Common & { type: "jam_note", part: string, port: string, channel: number, midi: number, velocity: number, on: boolean }} JamNote */
/** At `sample_time` on `beat`, and on from there. @typedef {Common & { type: "transport", beat: number, tempo_bpm: number, playing: boolean, source: string, confidence: number, beats_per_bar: number }} Transport */
/** @typedef {Common & { type: "engine", state: string, error: string, driver: string, device: string, block_size: number }} Engine */
/** Once a second. @typedef {Common & { type: "heartbeat", blocks: number, xruns: number, late_blocks: number, work_us: Object<string, number>, drops: Object<string, number> }} Heartbeat */
/** Of this client: nothing has been heard for three seconds. @typedef {Common & { type: "silence", text: string }} Silence */
/** @typedef {Onset | Beat | Chord | Key | Section | Level | Bands | Chroma | NoteOn | NoteOff | JamNote | Transport | Engine | Heartbeat | Silence | (Common & { type: string } & Object<string, any>)} Message */

/** A request that was refused or not answered. `code`: as in HTTP, 0 without an answer; `at`: which of the commands. */
export class JamdError extends Error {
  /** @param {string} text @param {number} [code] @param {number} [at] */
  constructor(text, code = 0, at = -1) {
    super(text)
    this.code = code
    this.at = at
  }
}

/**
 * Milliseconds from now until a message's music sounds, negative if it has; null where jamd's clock is not locked yet.
 * @param {Message} message @returns {number | null}
 */
export function dueMs(message) {
  return message.t_ns ? (message.t_ns - Number(process.hrtime.bigint())) / 1e6 : null
}

/** The beat at this moment, on jamd's machine. @param {Transport} transport @returns {number} */
export function beatNow(transport) {
  const due = dueMs(transport)
  return transport.playing && due !== null ? transport.beat - (due * transport.tempo_bpm) / 60000 : transport.beat
}

/** One multipart message. Throws for what is none of jamd's. @param {Uint8Array[]} frames @returns {Message} */
export function decodeFrames(frames) {
  const [wire, version, type, end] = frames[0].toString().split("/")
  if (wire !== "jamd" || version !== "1" || end !== "") throw new Error("no message of jamd's")
  const message = frames[1][0] === 0x7b ? JSON.parse(frames[1].toString()) : decode(frames[1])
  if (message.type !== type || typeof message.seq !== "number") throw new Error("no message of jamd's")
  for (const [name, value] of Object.entries(message)) {
    if (value && value.dtype && value.shape) message[name] = values(value, frames)
  }
  return message
}

/** An array of a frame of its own, flat. @returns {number[]} */
function values({ frame, dtype }, frames) {
  const copy = Uint8Array.from(frames[frame])
  return Array.from(new ARRAYS[dtype](copy.buffer))
}

/** The keys of a file that `jamd keys new` has made, as a socket takes them. */
function keys(path) {
  const make = "`jamd keys new NAME` on jamd's machine makes one"
  let text
  try {
    text = readFileSync(path, "utf8")
  } catch (error) {
    throw new JamdError(`${error.message}; ${make}`)
  }
  const found = text.matchAll(/^\s*(public|secret|server)-key\s*=\s*["']?([^"'\s]{40})["']?\s*$/gm)
  const { public: curvePublicKey, secret: curveSecretKey, server: curveServerKey } = Object.fromEntries(
    Array.from(found, ([, whose, key]) => [whose, key]),
  )
  if (!curvePublicKey || !curveSecretKey || !curveServerKey) throw new JamdError(`${path}: no client's key of jamd's; ${make}`)
  return { curvePublicKey, curveSecretKey, curveServerKey }
}

/**
 * A running jamd. `alive`: when you last read, it had been heard within three seconds. `epoch`: the number of its stream, and
 * `restarts` how often that, or jamd itself, has begun anew. `lost`: messages that did not reach you, because you read too
 * slowly; `bad`: what could not be read.
 */
export class Jamd {
  /**
   * jamd need not be there yet. `topics`: types of messages, null for all. `key`: the file that `jamd keys new` made, for
   * another machine's jamd.
   * @param {{ address?: string, control?: string, topics?: string[] | null, key?: string }} [options]
   */
  constructor({
    address = "tcp://127.0.0.1:5550", control = "tcp://127.0.0.1:5551", topics = ["beat", "chord"], key,
  } = {}) {
    this._keys = key ? keys(key) : {}
    Object.assign(this, { address, control, topics, alive: false, epoch: 0, restarts: 0, lost: 0, bad: 0 })
    this._seq = new Map() // the newest of each type
    this._recent = new Map()
    this._silentAt = performance.now() + SILENCE_MS
    this._isSilent = false
    this._asked = 0
    this._asking = null // the promise of the last request: answers are taken one at a time
    this._dealer = null
    this._closed = false
    this._socket = this._subscribe()
  }

  close() {
    this._closed = true
    this._socket.close()
    this._dealer?.close()
  }

  /** Messages for ever, in order; among them a Silence where jamd has gone silent. Ends when this is closed. */
  async *[Symbol.asyncIterator]() {
    while (!this._closed) {
      const message = await this.read()
      if (message) yield message
    }
  }

  /** The next message, or null when there was none for so long, or this was closed. @param {number} [timeoutMs] @returns {Promise<Message | null>} */
  async read(timeoutMs = Infinity) {
    const endsAt = performance.now() + timeoutMs
    for (;;) {
      let frames = null
      try {
        this._socket.receiveTimeout = Math.max(0, Math.ceil(Math.min(endsAt, this._silentAt) - performance.now()))
        frames = await this._socket.receive()
      } catch (error) {
        if (this._closed) return null
        if (error.code !== "EAGAIN") throw error
      }
      if (frames) {
        const message = this._take(frames)
        if (message) return message
      } else if (performance.now() >= this._silentAt) {
        this._socket.close() // who was refused once is not let in by ZeroMQ, though the key be allowed meanwhile
        this._socket = this._subscribe()
        this._silentAt = performance.now() + SILENCE_MS
        if (this._isSilent) continue
        this.alive = false
        this._isSilent = true
        const allowed = this._keys.curveSecretKey ? " Is your key allowed (`jamd keys list`)?" : ""
        const text = `nothing heard on ${this.address}; is \`jamd run\` running?${allowed}`
        return { ...NOTHING, type: "silence", text }
      } else if (performance.now() >= endsAt) return null
    }
  }

  /** Read all that has come, and give the newest of each type by its name. Waits so long for the first. @param {number} [timeoutMs] @returns {Promise<Object<string, Message>>} */
  async newest(timeoutMs = 0) {
    const found = {}
    let message = await this.read(timeoutMs)
    for (let n = 0; message && n < BACKLOG; n++) {
      found[message.type] = message
      message = await this.read(0)
    }
    return found
  }

  /**
   * Have one command or a batch done, all or none; gives each one's result: `await jamd.ask({ cmd: "list" })`. Throws JamdError.
   * @param {object | object[]} commands @param {{ timeoutMs?: number, check?: boolean }} [options]
   * @returns {Promise<any[]>}
   */
  ask(commands, { timeoutMs = 5000, check = false } = {}) {
    const answer = (this._asking ?? Promise.resolve()).then(() => this._ask([commands].flat(), timeoutMs, check))
    this._asking = answer.catch(() => {})
    return answer
  }

  async _ask(batch, timeoutMs, check) {
    this._dealer ??= this._connect(Dealer, this.control)
    const endsAt = performance.now() + timeoutMs
    let stage = `no jamd answers at ${this.control}; is \`jamd run\` running?`
    let answer
    try {
      this._dealer.sendTimeout = timeoutMs
      await this._dealer.send(encode({ id: ++this._asked, do: batch, check }))
      stage = `jamd at ${this.control} has not answered within ${timeoutMs} ms`
      this._dealer.receiveTimeout = Math.max(0, Math.ceil(endsAt - performance.now()))
      const [packed] = await this._dealer.receive()
      stage = `what answers at ${this.control} is no jamd`
      answer = decode(packed)
    } catch (error) {
      this._dealer.close() // or what comes too late would be taken for the next answer
      this._dealer = null
      throw new JamdError(stage)
    }
    if (answer.error) throw new JamdError(answer.error.text, answer.error.code, answer.error.at)
    return answer.results
  }

  _subscribe() {
    const socket = this._connect(Subscriber, this.address)
    for (const topic of this.topics === null ? [""] : new Set([...this.topics, "heartbeat"]).values()) {
      socket.subscribe(`jamd/1/${topic && `${topic}/`}`)
    }
    return socket
  }

  _connect(Kind, address) {
    const patience = { linger: 0, heartbeatInterval: 1000, heartbeatTimeout: 5000, reconnectMaxInterval: 1000 }
    const socket = new Kind({ ...patience, ...this._keys })
    if (Kind === Dealer) socket.immediate = true // a request waits for somebody who is there
    try {
      socket.connect(address)
    } catch (error) {
      throw new JamdError(`${address}: ${error.message}; give one such as tcp://127.0.0.1:5550`)
    }
    return socket
  }

  /** A message that is new and was asked for, or null. */
  _take(frames) {
    let message
    try {
      message = decodeFrames(frames)
    } catch {
      this.bad++
      return null
    }
    this._silentAt = performance.now() + SILENCE_MS
    this.alive = true
    this._isSilent = false
    return this._isNew(message) && (this.topics === null || this.topics.includes(message.type)) ? message : null
  }

  /** Count what is missing before a message, and know a replay that was heard already. */
  _isNew({ type, seq, epoch, known_at, replay }) {
    if (!this._recent.has(type)) this._recent.set(type, [])
    const recent = this._recent.get(type)
    const mark = `${epoch} ${seq} ${known_at}`
    if (!replay) {
      if (epoch !== this.epoch || seq <= (this._seq.get(type) ?? -1)) {
        this.restarts += this.epoch > 0 ? 1 : 0
        this.epoch = epoch
        this._seq.clear()
      }
      this.lost += seq - (this._seq.get(type) ?? seq - 1) - 1
      this._seq.set(type, seq)
    } else if (recent.includes(mark)) return false
    recent.push(mark)
    if (recent.length > RECENT) recent.shift()
    return true
  }
}

const NOTHING = { seq: 0, epoch: 0, rate: 0, sample_time: 0, known_at: 0, t_ns: 0, replay: false }
