// Covers a page that nobody uses. What was typed stays in the page, under the cover.
import { send, signedOut } from './session.js'

const WARN_SECONDS = 120
const EVENTS = ['keydown', 'pointerdown', 'wheel', 'touchstart']
// Tells the server that somebody is working here, at most this often.
const KEEP_SECONDS = 300

export function startIdle () {
  const seconds = Number(document.body.dataset.idleSeconds)
  const warning = document.getElementById('cw-idle')
  const lock = document.getElementById('cw-lock')
  if (!seconds || !warning || !lock) return
  const keepUrl = document.body.dataset.keepaliveUrl
  let used = Date.now()
  let told = Date.now()
  let locked = false

  function note () {
    if (locked || warning.open) return
    used = Date.now()
    if (used - told > KEEP_SECONDS * 1000) keep()
  }

  function check () {
    const idle = (Date.now() - used) / 1000
    if (!locked && idle >= seconds) cover()
    else if (!locked && !warning.open && idle >= seconds - WARN_SECONDS) warning.showModal()
  }

  function cover () {
    locked = true
    warning.close()
    document.documentElement.classList.add('cw-locked')
    lock.showModal()
  }

  async function keep () {
    told = Date.now()
    const answer = await send(keepUrl)
    return answer.ok && !signedOut(answer)
  }

  async function goOn () {
    const alive = await keep().catch(() => false)
    lock.querySelector('[data-cw-lock-help]').hidden = alive
    if (!alive) {
      if (!locked) cover()
      return
    }
    used = Date.now()
    locked = false
    document.documentElement.classList.remove('cw-locked')
    lock.close()
    warning.close()
  }

  lock.addEventListener('cancel', (event) => event.preventDefault())
  warning.addEventListener('cancel', () => goOn())
  document.querySelectorAll('[data-cw-continue]').forEach((button) => button.addEventListener('click', goOn))
  EVENTS.forEach((name) => document.addEventListener(name, note, { passive: true }))
  document.addEventListener('visibilitychange', check)
  setInterval(check, 1000)
}
