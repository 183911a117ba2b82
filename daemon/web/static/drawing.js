/**
 * When panels are drawn: at the display's rate, but only those that are in sight and have something new; else nothing runs.
 */

const EACH_MS = 30 // between two drawings: no more often than frames come, for the machine that plays may draw, too
const QUIET_MS = 1500 // after the last frame nothing moves any more

export class Drawing {
  /** Panels: { root, draw(now, ms), moves }. One that `moves` is new at each frame of the display while frames come. */
  constructor(panels, clock) {
    this._clock = clock
    this._panels = panels.filter((panel) => panel.draw)
    this._runs = false
    this._heard = -QUIET_MS
    this._drawn = -EACH_MS
    this._seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const panel = this._panels.find(({ root }) => root === target)
        panel.isSeen = isIntersecting
        if (isIntersecting) this.wake(panel)
      }
    })
    this._sized = new ResizeObserver((entries) => {
      for (const { target } of entries) this.wake(this._panels.find(({ root }) => root === target))
    })
    for (const panel of this._panels) {
      this._seen.observe(panel.root)
      this._sized.observe(panel.root)
    }
  }

  /** A frame has come. */
  heard(ms) {
    this._heard = ms
    this._run()
  }

  /** A panel has something new. */
  wake(panel) {
    panel.isNew = true
    this._run()
  }

  /** All have, and are drawn once wherever they are, so that the page gets its length before somebody goes there. */
  wakeAll() {
    for (const panel of this._panels) {
      panel.isWanted = true
      this.wake(panel)
    }
  }

  _run() {
    if (this._runs) return
    this._runs = true
    requestAnimationFrame((ms) => this._draw(ms))
  }

  _draw(ms) {
    this._runs = false
    if (ms - this._drawn < EACH_MS) return this._run()
    this._drawn = ms
    const moves = ms - this._heard < QUIET_MS
    const now = this._clock.now(ms)
    let isWanted = false
    for (const panel of this._panels) {
      if (!panel.isSeen && !panel.isWanted) continue
      panel.isWanted = false
      const isMoving = panel.moves && moves
      isWanted ||= isMoving
      if (!panel.isNew && !isMoving) continue
      panel.isNew = false
      if (panel.draw(now, ms)) {
        panel.isNew = true // not yet all: once more
        isWanted = true
      }
    }
    if (isWanted) this._run()
  }
}
