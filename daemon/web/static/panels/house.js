/**
 * The recorder, the models, the services, and what jamd sends to.
 */

import { element, fact, mark, say } from "../element.js"
import { minutes } from "../music.js"

export function house(root, ask, tell) {
  const save = element("button.strong", { type: "button", title: "Save what just happened (R)", onclick: () => take() }, "Save what just happened")
  const [takeRow, recorder] = fact("recorder")
  const [serviceRow, service] = fact("services", "Analyse, generate, recommend on request")
  const models = element("div.facts-list")
  const hearing = element("div.facts-list")
  const outputs = element("div.facts-list")
  const wrong = element("p.wrong", { role: "status" })
  const shelf = element("div.facts-list")
  const look = element("button", { type: "button", title: "Which models there are, with their licences", onclick: () => list() }, "All models")
  root.querySelector("h2").append(look)
  root.querySelector(".body").append(save, element("dl", {}, takeRow, serviceRow, models, hearing, outputs, shelf), wrong)
  let last = { take: null, service: null }
  const tasks = new Map(), places = new Map(), ears = new Map()

  async function take() {
    const [saved] = (await ask({ cmd: "take" })) ?? []
    if (saved) tell(`saved${saved.path ? `: ${saved.path}` : ""}`)
  }

  async function list() {
    look.disabled = true
    try {
      const answer = await (await fetch("api/1/models")).json()
      if (answer.error) tell(answer.error.text)
      shelf.replaceChildren(...(answer.results?.[0].models ?? []).map(one))
    } catch (error) {
      tell(`the models cannot be listed: ${error.message}`)
    }
    look.disabled = false
  }

  /** A model of the shelf: name, version, licence, whether it is used, what is wrong with it. */
  function one({ name, task, version, licence, used, error }) {
    const [row, value] = fact(version ? `${name} v${version}` : name, error)
    say(value, [task, licence, used ? "used" : "", error ? "will not do" : ""].filter(Boolean).join(" · "))
    return row
  }

  function rows(where, table, text) {
    for (const [name, one] of table) {
      one.row ??= fact(name)
      if (!one.row[0].isConnected) where.append(one.row[0])
      say(one.row[1], text(one.message))
      mark(one.row[1], "class", one.message.error || ["lost", "failed", "refused", "local"].includes(one.message.state) ? "bad" : null)
      one.row[0].title = one.message.error ?? one.message.reason
    }
  }

  const put = (table, name, message) => {
    const one = table.get(name) ?? {}
    one.message = message
    table.set(name, one)
  }

  function show() {
    const { take, service: now } = last
    save.hidden = !take || take.state === "off"
    if (take) {
      const lost = take.lost_s || take.lost_messages ? `, ${take.lost_s.toFixed(1)} s and ${take.lost_messages} messages lost` : ""
      say(recorder, take.state === "off" ? "off: jamd run --record DIR" : `${take.state} · ${minutes(take.seconds)} kept${lost}`)
      recorder.title = take.path
    }
    if (now) {
      const done = Object.values(now.done).reduce((sum, n) => sum + n, 0)
      const refused = Object.values(now.refused).reduce((sum, n) => sum + n, 0)
      say(service, `${now.state} · ${now.waiting + now.under_way} asked · ${done} done · ${refused} refused`)
    }
    rows(models, tasks, (m) => [m.name || "jamd's own", m.version ? `v${m.version}` : "", m.state === "used" ? "" : m.state].filter(Boolean).join(" "))
    rows(hearing, ears, (m) => [m.by, m.reason].filter(Boolean).join(" · "))
    rows(outputs, places, (m) => `${m.state}${m.peers ? ` · ${m.peers} peers` : ""}`)
    say(wrong, [take?.error, now?.error].filter(Boolean).join(" "))
  }

  function forget() {
    last = { take: null, service: null }
    for (const table of [tasks, places, ears]) {
      for (const { row } of table.values()) row?.[0].remove()
      table.clear()
    }
    shelf.replaceChildren()
    for (const fact of [recorder, service]) say(fact, "–")
  }

  return {
    root,
    take,
    hears: {
      take: (m) => (last.take = m),
      service: (m) => (last.service = m),
      hears: (m) => put(ears, `hears: ${m.analysis}`, m),
      model: (m) => put(tasks, `model: ${m.task}`, m),
      output: (m) => put(places, m.name, m),
    },
    forget,
    draw: show,
  }
}
