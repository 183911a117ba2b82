/**
 * The page: the socket's frames go to the panels, and what the panels want goes back as commands. All wiring is here.
 */

import { Clock } from "./clock.js"
import { Drawing } from "./drawing.js"
import { say } from "./element.js"
import { panic } from "./panic.js"
import { band } from "./panels/band.js"
import { health } from "./panels/health.js"
import { house } from "./panels/house.js"
import { lane } from "./panels/lane.js"
import { level } from "./panels/level.js"
import { lights } from "./panels/lights.js"
import { monitor } from "./panels/monitor.js"
import { next } from "./panels/next.js"
import { rack } from "./panels/rack.js"
import { roll } from "./panels/roll.js"
import { transport } from "./panels/transport.js"
import { wheel } from "./panels/wheel.js"
import { dip } from "./sheet.js"
import { shortcuts } from "./shortcuts.js"
import { Socket } from "./socket.js"
import { theme } from "./theme.js"
import { tokenForm } from "./token.js"

const SAID_MS = 6000 // that a note stands
const SILENT_MS = 3500 // without a heartbeat, which comes each second
const AGAIN_MS = 1000 // until what was too much is asked once more
const DENSE = ["level", "bands", "f0", "chroma"]

const at = (id) => document.getElementById(id)
const clock = new Clock()

let noteTimer = 0
/** Tell the person something. */
function tell(text) {
  say(at("notes"), text)
  clearTimeout(noteTimer)
  noteTimer = setTimeout(() => say(at("notes"), ""), SAID_MS)
}

/** Have one command carried out; its results, or undefined once the person was told why not. `tries` where it was too much. */
async function ask(command, tries = 1) {
  try {
    return await socket.ask(command)
  } catch (error) {
    if (error.code === 429 && tries > 1) {
      await new Promise((done) => setTimeout(done, AGAIN_MS))
      return ask(command, tries - 1)
    }
    if (error.code === 401) form.open("")
    tell(error.message)
  }
}

const bar = transport(at("transport"), ask, clock)
const group = band(at("band"), ask)
const show = lights(at("lights"), ask)
const rooms = house(at("house"), ask, tell)
const plugs = rack(at("rack"), ask)
const alarm = panic(ask)
const panels = [
  bar,
  level(at("level")),
  lane(at("lane"), ask, clock),
  roll(at("roll"), ask, clock),
  group,
  wheel(at("wheel"), at("now-chord"), at("now-key")),
  next(at("next"), ask, clock),
  plugs,
  show,
  monitor(at("monitor"), ask, clock),
  health(at("health")),
  rooms,
]
dip()
const drawing = new Drawing(panels, clock)
for (const panel of panels) panel.root.addEventListener("panel", () => drawing.wake(panel))

/** Who hears a type of message. */
const hearers = new Map()
for (const panel of [...panels, alarm]) {
  for (const [type, hear] of Object.entries(panel.hears)) {
    if (!hearers.has(type)) hearers.set(type, [])
    hearers.get(type).push((message, now) => {
      hear(message, now)
      if (panel.draw) drawing.wake(panel)
    })
  }
}

function hear(type, message, now) {
  for (const take of hearers.get(type) ?? []) take(message, now)
}

let heartAt = 0
let link = "connecting"
let retry_s = 0

function showLink() {
  const is_silent = link === "live" && hello?.daemon && performance.now() - heartAt > SILENT_MS
  const text = { live: is_silent ? "jamd is silent" : hello?.daemon === false ? "services only" : "live", connecting: "connecting", lost: "connection lost", resting: "resting" }[link]
  document.body.dataset.link = is_silent ? "silent" : link
  say(at("link"), text)
  const lost = at("lost")
  if (link === "lost") {
    lost.hidden = false
    say(lost, `Connection lost. What you see is what was last known; next try in ${retry_s} s.`)
  } else if (link === "live") lost.hidden = true
  for (const set of document.querySelectorAll("fieldset")) set.disabled = !socket.mayControl
  at("panic").disabled = at("go-on").disabled = !socket.mayControl
}

let hello = null
const socket = new Socket({
  hello(first) {
    hello = first
    heartAt = performance.now()
    clock.begin()
    document.body.dataset.daemon = first.daemon ? "yes" : "no"
    for (const panel of [...panels, alarm]) {
      panel.forget?.() // what another daemon may have otherwise, while reset is for another stream of the same
      panel.reset?.()
    }
    for (const message of first.state) hear(message.type, message, message.sample_time)
    drawing.wakeAll()
    if (first.needs_token && first.control) form.begin()
    showLink()
  },
  frame(frame) {
    const ms = performance.now()
    if (clock.take(frame, ms)) for (const panel of panels) panel.reset?.()
    for (const type of DENSE) if (frame[type]) hear(type, frame[type], frame.now)
    for (const message of frame.events) {
      if (message.type === "heartbeat") heartAt = ms
      hear(message.type, message, frame.now)
    }
    if (frame.lost) tell(`${frame.lost} messages were too many for the page`)
    drawing.heard(ms)
  },
  state(name, seconds) {
    link = name
    retry_s = seconds
    showLink()
  },
})
const form = tokenForm(socket, () => {
  showLink()
  if (!socket.mayControl) return
  plugs.reset() // what it asked for may have been refused
  drawing.wake(plugs)
})
setInterval(showLink, 1000)

theme(() => {
  dip()
  drawing.wakeAll()
})

const jump = (id) => () => {
  at(id).focus({ preventScroll: true })
  at(id).scrollIntoView({ block: "nearest" })
}
shortcuts(
  {
    "?": ["these shortcuts", () => at("shortcuts").showModal()],
    g: ["after a panic: go on", alarm.over],
    c: ["band: the sign (cue)", group.cue],
    t: ["tap the beat", bar.tap],
    r: ["recorder: save what just happened", rooms.take],
    b: ["lights: blackout", () => show.ask("blackout")],
    l: ["lights: go", () => show.ask("go")],
    1: ["to Level", jump("level")],
    2: ["to Notes", jump("roll")],
    3: ["to the Band", jump("band")],
    4: ["to Next", jump("next")],
    5: ["to the Rack", jump("rack")],
    6: ["to the Lights", jump("lights")],
    7: ["to MIDI and OSC", jump("monitor")],
    8: ["to the Engine", jump("health")],
    9: ["to recorder, models, services", jump("house")],
  },
  alarm.press,
)
socket.begin()
