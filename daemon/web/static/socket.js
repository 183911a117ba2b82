/**
 * The one connection: it comes back by itself, and does not run while nobody looks.
 *
 * Frames are as daemon/web/frames.py says them. A command is answered by its number; how many may be under way is bounded, and
 * further ones wait here.
 */

const FIRST_MS = 250 // until the first try again; each further one waits twice as long,
const LONGEST_MS = 4000 // but no longer than this
const QUIET_MS = 6000 // without a word from a daemon that says something each second: the network is gone
const HIDDEN_MS = 5000 // that the page may be out of sight before it lets go
const UNDER_WAY = 8

export class Socket {
  /** `on.hello(hello)`, `on.frame(frame)`, `on.state(name, seconds)`: connecting, live, lost (next try in), resting. */
  constructor(on) {
    this._on = on
    this._wait = FIRST_MS
    this._next = 1
    this._waiting = []
    this._asked = new Map()
    this._token = token()
    this.mayControl = false
    document.addEventListener("visibilitychange", () => this._seen())
    addEventListener("online", () => this._again(0))
  }

  /** Connect, and from now on come back. */
  begin() {
    setInterval(() => this._look(), 1000)
    this._open()
  }

  /** Have commands carried out; gives their results. Rejects with an Error whose `code` is the wire's, 0 without an answer. */
  ask(...commands) {
    return new Promise((done, failed) => {
      if (!this._is_open()) return failed(problem(0, "not connected; nothing was sent"))
      this._waiting.push({ commands, done, failed })
      this._send()
    })
  }

  /** Give the token; resolves when it is the right one. */
  use(given) {
    return new Promise((done, failed) => {
      if (!this._is_open()) return failed(problem(0, "not connected; nothing was sent"))
      const id = this._next++
      this._asked.set(id, {
        done: () => {
          this._token = given
          remember(given)
          this.mayControl = true
          done()
        },
        failed: (error) => {
          if (error.code === 401) {
            this._token = ""
            remember("")
          }
          failed(error)
        },
      })
      this._socket.send(JSON.stringify({ id, token: given }))
    })
  }

  /** Whether a token is known. */
  get token() {
    return this._token
  }

  _is_open() {
    return this._socket?.readyState === WebSocket.OPEN
  }

  _open() {
    clearTimeout(this._timer)
    this._on.state("connecting", 0)
    const url = new URL("ws", location.href)
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:"
    url.hash = ""
    const socket = new WebSocket(url)
    this._socket = socket
    this._heard = performance.now()
    socket.onmessage = ({ data }) => this._socket === socket && this._take(JSON.parse(data))
    socket.onclose = () => this._socket === socket && this._lost()
  }

  _take(message) {
    this._heard = performance.now()
    if (message.kind === "frame") this._on.frame(message)
    else if (message.kind === "answer") this._answered(message)
    else if (message.kind === "hello") {
      this._wait = FIRST_MS
      this.mayControl = message.control && !message.needs_token
      this._daemon = message.daemon
      this._on.state("live", 0)
      this._on.hello(message)
    }
  }

  _answered(answer) {
    const asked = this._asked.get(answer.id)
    this._asked.delete(answer.id)
    this._send()
    if (answer.error) asked?.failed(problem(answer.error.code, answer.error.text))
    else asked?.done(answer.results ?? [])
  }

  _send() {
    while (this._waiting.length && this._asked.size < UNDER_WAY && this._is_open()) {
      const { commands, done, failed } = this._waiting.shift()
      const id = this._next++
      this._asked.set(id, { done, failed })
      this._socket.send(JSON.stringify({ id, do: commands }))
    }
  }

  _lost() {
    this._let_go()
    if (document.hidden) return this._on.state("resting", 0)
    const jitter = 0.8 + 0.4 * Math.random() // so that many pages do not come at once
    this._again(this._wait * jitter)
    this._on.state("lost", Math.ceil(this._wait / 1000))
    this._wait = Math.min(LONGEST_MS, 2 * this._wait)
  }

  _let_go() {
    const socket = this._socket
    this._socket = null
    this.mayControl = false
    socket?.close()
    const unanswered = [...this._asked.values(), ...this._waiting]
    this._asked.clear()
    this._waiting = []
    for (const { failed } of unanswered) failed(problem(0, "the connection was lost before the answer"))
  }

  _again(ms) {
    if (this._socket) return
    clearTimeout(this._timer)
    this._timer = setTimeout(() => this._open(), ms)
  }

  _look() {
    const quiet = performance.now() - this._heard
    if (document.hidden || quiet <= QUIET_MS) return
    const is_hanging = this._socket?.readyState === WebSocket.CONNECTING
    if (is_hanging || (this._is_open() && this._daemon)) this._lost()
  }

  _seen() {
    clearTimeout(this._rest)
    if (!document.hidden) {
      this._wait = FIRST_MS
      return this._again(0)
    }
    this._rest = setTimeout(() => {
      clearTimeout(this._timer)
      this._let_go()
      this._on.state("resting", 0)
    }, HIDDEN_MS)
  }
}

function problem(code, text) {
  return Object.assign(new Error(text), { code })
}

const KEPT = "jamd-token"

/** From the address's fragment, which is never sent; then it is kept for this tab alone and taken out of sight. */
function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token")
  if (given) {
    remember(given)
    history.replaceState(null, "", location.pathname + location.search)
  }
  try {
    return sessionStorage.getItem(KEPT) ?? ""
  } catch {
    return given ?? ""
  }
}

function remember(given) {
  try {
    if (given) sessionStorage.setItem(KEPT, given)
    else sessionStorage.removeItem(KEPT)
  } catch {
    // a browser that keeps nothing: the token holds until the page is closed
  }
}
