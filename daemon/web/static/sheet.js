/**
 * A canvas that is as sharp as the display, drawn on in CSS pixels; and the page's colours for it.
 *
 * Colours are Okabe and Ito's, which the colour-blind can tell apart; nothing is told by colour alone.
 */

const NAMES = ["ground", "panel", "line", "text", "dim", "heard", "made", "played", "good", "warn", "bad"]

/** name -> colour, as style.css has them now. */
export const ink = {}

/** Read the colours again: dark or light was chosen. */
export function dip() {
  const style = getComputedStyle(document.documentElement)
  for (const name of NAMES) ink[name] = style.getPropertyValue(`--${name}`).trim()
}

export const FONT = "system-ui, sans-serif"

export class Sheet {
  /** A canvas with a description for those who do not see it. */
  constructor(label) {
    this.canvas = document.createElement("canvas")
    this.canvas.setAttribute("role", "img")
    this.canvas.setAttribute("aria-label", label)
    this._pen = this.canvas.getContext("2d")
  }

  /** Gives {pen, width, height} of an empty sheet, in CSS pixels. */
  begin() {
    const { canvas, _pen: pen } = this
    const ratio = Math.min(2, devicePixelRatio || 1)
    const width = canvas.clientWidth
    const height = canvas.clientHeight
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)]
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w
      canvas.height = h
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    pen.clearRect(0, 0, width, height)
    pen.textBaseline = "middle"
    pen.textAlign = "left"
    pen.lineWidth = 1
    return { pen, width, height }
  }
}
