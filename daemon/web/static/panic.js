/**
 * Panic: one press ends everything, and another, on another button, lets it go on.
 */

import { say } from "./element.js"

const WHO = { ctl: "a command", midi: "MIDI", osc: "OSC", signal: "a signal", engine: "the engine", watchdog: "the watchdog" }

export function panic(ask) {
  const bar = document.getElementById("panicked")
  const why = document.getElementById("panicked-why")
  const press = () => ask({ cmd: "panic" })
  const over = () => ask({ cmd: "panic", over: true })
  document.getElementById("panic").addEventListener("click", press)
  document.getElementById("go-on").addEventListener("click", over)
  return {
    press,
    over,
    hears: {
      panic(m) {
        bar.hidden = m.over
        say(why, `PANIC by ${WHO[m.why] ?? m.why}: everything was ended. ${m.text}`)
      },
    },
    reset: () => (bar.hidden = true),
  }
}
