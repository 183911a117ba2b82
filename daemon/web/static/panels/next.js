/**
 * What could be played next, and why; what plays now; what was said of it.
 */

import { choice, element, mark, say } from "../element.js"
import { accidental, minutes } from "../music.js"

const ACCEPTED = 0.5 // the verdict of "I will play it"

export function next(root, ask, clock) {
  const plays = element("div.plays", { role: "status" })
  const place = element("progress", { max: 1, value: 0, "aria-label": "position", hidden: true })
  const energy = choice("Energy", ["up", "hold", "down"], (to) => ask({ cmd: "next_wish", energy: to }))
  energy.row.prepend(element("span.dim", {}, "energy"))
  const list = element("ol.tracks")
  const note = element("p.dim")
  root.querySelector("h2").append(energy.row)
  root.querySelector(".body").append(plays, place, list, note)
  let playing = null, found = null, session = null, recommender = null, isNew = false

  function row(item, k) {
    const name = [item.artist, item.title].filter(Boolean).join(" – ")
    const facts = [item.tempo_bpm ? `${item.tempo_bpm.toFixed(1)} BPM` : "", item.key, item.kind === "track" ? "" : item.kind]
    const why = [...item.parts.map((part) => part.text), item.transition].filter(Boolean).join(" · ")
    const verdict = (word) => () => ask({ cmd: "next_verdict", verdict: word, id: item.id })
    const is_accepted = item.verdict === ACCEPTED
    const press = (text, label, act, pressed = null) =>
      element("button", { type: "button", title: label, "aria-label": `${label}: ${name}`, "aria-pressed": pressed, onclick: act }, text)
    return element("li", {},
      element("span.place", { "aria-hidden": "true" }, k + 1),
      element("div.what", {},
        element("div.title", {}, element("b", {}, name), element("span.facts", {}, facts.filter(Boolean).join("  "))),
        element("div.why", { title: why }, why)),
      element("span.score", { title: `score ${item.score.toFixed(2)}, most by ${item.family}` },
        element("meter", { min: 0, max: 1, value: item.score, "aria-label": "score" }), item.score.toFixed(2)),
      element("span.acts", {},
        is_accepted
          ? press("It plays", "It plays now", () => ask({ cmd: "next_played", id: item.id }), "true")
          : press("Play it", "I will play it", verdict("accept")),
        press("Skip", "Not now", verdict("skip")),
        press("+", "More like this", verdict("up"), item.verdict > 0 && !is_accepted ? "true" : "false"),
        press("−", "Less like this", verdict("down"), item.verdict < 0 ? "true" : "false")))
  }

  function show() {
    if (isNew) {
      isNew = false
      const at = [...list.querySelectorAll("button")].indexOf(document.activeElement)
      list.replaceChildren(...(found?.items ?? []).map(row))
      if (at >= 0) list.querySelectorAll("button")[at]?.focus()
      const quiet = recommender?.error || (recommender?.state === "off" ? "no library: jamd library scan DIR" : "")
      say(note, found?.note || (found?.items.length ? "" : quiet || "nothing suggested yet"))
      energy.shows(session?.wishes.energy ?? found?.energy)
    }
  }

  function now(at) {
    if (!playing?.item_id) {
      const last = session?.plays.at(-1)
      say(plays, last ? `after ${[last.artist, last.title].filter(Boolean).join(" – ")}` : `for what is heard${session?.count ? `, ${session.count} played` : ""}`)
      place.hidden = true
      return false
    }
    const position = playing.position_s + ((at - playing.sample_time) / (clock.rate || 1)) * playing.speed
    const name = [playing.artist, playing.title].filter(Boolean).join(" – ")
    const length = playing.duration_s ? ` / ${minutes(playing.duration_s)}` : ""
    say(plays, `▶ ${name}  ${accidental(playing.key)}  ${minutes(position)}${length} · ${playing.source}`)
    place.hidden = !playing.duration_s
    if (playing.duration_s) mark(place, "value", Math.min(1, position / playing.duration_s).toFixed(3))
    return true
  }

  const fresh = (set) => (m) => {
    set(m)
    isNew = true
  }
  let drawnAt = 0
  return {
    root,
    moves: true,
    hears: {
      suggestions: fresh((m) => (found = m)),
      session: fresh((m) => (session = m)),
      recommender: fresh((m) => (recommender = m)),
      playing: (m) => (playing = m),
    },
    forget() {
      playing = found = session = recommender = null
      isNew = true
    },
    draw(at, ms) {
      if (!isNew && ms - drawnAt < 250) return
      drawnAt = ms
      show()
      now(at)
    },
  }
}
