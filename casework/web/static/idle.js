// Covers a page that nobody uses. What was typed stays in the page, under the cover.
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

  // After signing in anew the session has a new token: the page's forms take it over.
  async function keep () {
    told = Date.now()
    const token = document.querySelector('input[name=csrf_token]')?.value ?? ''
    let answer = await fetch(keepUrl, { method: 'POST', headers: { 'X-CSRF-Token': token } })
    if (answer.status === 400 || answer.status === 403) answer = await fetch(keepUrl)
    if (!answer.ok) return false
    const fresh = (await answer.json()).csrf_token
    document.querySelectorAll('input[name=csrf_token]').forEach((input) => { input.value = fresh })
    return true
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
