// Ask jamd's services: node services.mjs SOUND_FILE WORDS_OF_A_TRACK [URL]. Only Node; `jamd serve` runs elsewhere.

import { readFile } from "node:fs/promises"

const [sound, words, url = "http://127.0.0.1:5580"] = process.argv.slice(2)

async function ask(service, body, kind = "application/json") {
  const answer = await fetch(`${url}/api/1/${service}`, { method: "POST", body, headers: { "Content-Type": kind } })
  const { results, error } = await answer.json()
  if (error) throw new Error(`${error.text} (${error.code})`)
  return results[0]
}

const heard = await ask("analyse", await readFile(sound), "application/octet-stream")
console.log(heard.key, Math.round(heard.tempo_bpm), "BPM,", heard.events.length, "events")
const notes = [60, 64, 67, 65].map((midi, beat) => ({ beat, beats: 1, midi }))
const phrase = await ask("generate", JSON.stringify({ notes, tempo_bpm: heard.tempo_bpm || 120 }))
console.log("answer:", ...phrase.answers[0].notes.map((note) => note.midi))
for (const item of (await ask("recommend", JSON.stringify({ plays: [words] }))).items)
  console.log("next:", item.artist, "-", item.title, "|", item.parts[0].text)
