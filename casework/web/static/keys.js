// Keyboard shortcuts, which can be turned off, and the quick way out.
const STORE = 'cw-keys'
const TYPING = 'input, select, textarea, [contenteditable]'
const EXIT_PRESSES = 3
const EXIT_MILLISECONDS = 1500

export function startKeys () {
  const list = document.getElementById('cw-keys')
  const box = list?.querySelector('[data-cw-keys-on]')
  const links = navigation()
  let on = localStorage.getItem(STORE) !== 'off'
  let going = false
  let shifts = []

  if (box) {
    box.checked = on
    box.addEventListener('change', () => {
      on = box.checked
      localStorage.setItem(STORE, on ? 'on' : 'off')
    })
    const places = list.querySelector('[data-cw-keys-nav]')
    for (const [letter, link] of links) {
      const key = document.createElement('kbd')
      key.textContent = letter
      places.append(document.createElement('br'), key, ` ${link.textContent}`)
    }
  }

  document.querySelectorAll('[data-cw-exit]').forEach((button) => button.addEventListener('click', leave))

  document.addEventListener('keydown', (event) => {
    if (event.key === 'Shift' && !event.repeat) {
      shifts = [...shifts.filter((time) => event.timeStamp - time < EXIT_MILLISECONDS), event.timeStamp]
      if (shifts.length === EXIT_PRESSES) leave()
      return
    }
    shifts = []
    if (!on || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.target.matches(TYPING) || document.querySelector('dialog[open]')) return
    if (going && links.has(event.key)) {
      links.get(event.key).click()
    } else if (event.key === '/') {
      const search = document.getElementById('cw-search')
      if (search) {
        event.preventDefault()
        search.focus()
      }
    } else if (event.key === '?') {
      list?.showModal()
    }
    going = event.key === 'g' && !going
  })
}

// The letter of an entry: the one it names itself, otherwise the first letter of its address not taken yet.
function navigation () {
  const links = new Map()
  document.querySelectorAll('.cw-nav a').forEach((link) => {
    const path = new URL(link.href).pathname.replace(/[^a-z]/g, '')
    const letter = link.dataset.key ?? [...path].find((one) => !links.has(one))
    if (letter && !links.has(letter)) links.set(letter, link)
  })
  return links
}

// Out of sight first, then away, leaving nothing to go back to on this page.
function leave () {
  document.documentElement.dataset.cwLeaving = 'yes'
  document.documentElement.hidden = true
  window.location.replace(document.body.dataset.exitUrl)
}
