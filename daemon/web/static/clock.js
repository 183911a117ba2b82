/**
 * Where the music is now, in samples, between two frames; and which part of it a scrolling panel shows.
 */

const JUMP_S = 0.25 // further off than this it is another stream, or we were away
const SMOOTH = 0.08 // of what the newest frame says otherwise

const still = matchMedia("(prefers-reduced-motion: reduce)")

export class Clock {
  constructor() {
    this.rate = 0
    this.epoch = 0
    this._offset = 0
  }

  /** What was known of the time no longer holds: another connection, perhaps another daemon. */
  begin() {
    this.rate = 0
  }

  /** A frame has come; whether it begins another stream than the one before. The first after `begin` does not. */
  take(frame, ms) {
    const offset = frame.now - (ms * frame.rate) / 1000
    const is_new = this.rate !== 0 && (frame.epoch !== this.epoch || frame.rate !== this.rate)
    if (is_new || Math.abs(offset - this._offset) > JUMP_S * frame.rate) this._offset = offset
    else this._offset += SMOOTH * (offset - this._offset)
    this.rate = frame.rate
    this.epoch = frame.epoch
    return is_new
  }

  /** The sample that is heard at a time of `performance.now`. */
  now(ms) {
    return this._offset + (ms * this.rate) / 1000
  }

  /**
   * [from, to] in samples, `past_s` before now and `ahead_s` after. Where less motion is wished for it stands still, the
   * now-line moves over it, and it is turned like a page.
   */
  window(now, past_s, ahead_s) {
    if (!still.matches) return [now - past_s * this.rate, now + ahead_s * this.rate]
    const page = past_s * this.rate
    const from = Math.floor(now / page) * page
    return [from, from + (past_s + ahead_s) * this.rate]
  }
}
