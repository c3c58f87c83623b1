// One key for one act: an element that names its key in aria-keyshortcuts is clicked by it. Turned off with the rest.
const STORE = 'cw-keys'
const TYPING = 'input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]'
const GO_MILLISECONDS = 1500

export function startShortcuts () {
  document.querySelectorAll('[data-cw-digits]').forEach(numberBoxes)
  let going = -GO_MILLISECONDS

  document.addEventListener('keydown', (event) => {
    if (localStorage.getItem(STORE) === 'off' || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.target.matches(TYPING) || document.querySelector('dialog[open]')) return
    const afterGo = event.timeStamp - going < GO_MILLISECONDS
    if (event.key === 'g') going = event.timeStamp
    // "g" and a letter goes to a page of the navigation.
    if (afterGo || !/^[a-z0-9]$/.test(event.key)) return
    document.querySelector(`[aria-keyshortcuts="${event.key}"]`)?.click()
  })
}

// The first nine boxes of a field get the keys 1 to 9, each shown beside its label.
function numberBoxes (root) {
  const start = root.querySelector(`input[name=__start__][value^="${root.dataset.cwDigits}:"]`)
  const boxes = start ? [...start.parentElement.querySelectorAll('input[type=checkbox]')].slice(0, 9) : []
  boxes.forEach((box, index) => {
    box.setAttribute('aria-keyshortcuts', String(index + 1))
    const key = document.createElement('kbd')
    key.textContent = String(index + 1)
    root.querySelector(`label[for="${CSS.escape(box.id)}"]`)?.append(' ', key)
  })
}
