/**
 * The token: given by the address that jamd printed, or typed here.
 */

import { say } from "./element.js"

export function tokenForm(socket, changed) {
  const form = document.getElementById("token")
  const field = document.getElementById("token-field")
  const error = document.getElementById("token-error")

  function open(text) {
    form.hidden = false
    say(error, text)
  }

  async function use(token) {
    try {
      await socket.use(token)
      form.hidden = true
      field.value = ""
      say(error, "")
    } catch (refused) {
      open(refused.message)
    }
    changed()
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault()
    if (field.value) use(field.value.trim())
  })
  return { open, begin: () => (socket.token ? use(socket.token) : open("")) }
}
