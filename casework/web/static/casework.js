// The behaviour of casework's pages. Every page works without it; nothing here makes markup from text.
import { startDepends } from './depends.js'
import { startForms } from './forms.js'
import { startGrids } from './grid.js'
import { startIdle } from './idle.js'
import { startKeys } from './keys.js'
import { startShortcuts } from './shortcuts.js'

document.documentElement.classList.add('cw-js')

const words = document.getElementById('cw-words')?.dataset ?? {}

document.querySelector('[data-cw-focus]')?.focus()

// A link of the error summary goes to the control itself, with its label in view.
document.addEventListener('click', (event) => {
  const link = event.target.closest('.govuk-error-summary a[href^="#"]')
  const target = link && document.getElementById(link.hash.slice(1))
  if (!target) return
  event.preventDefault()
  const group = target.closest('.govuk-form-group, fieldset') ?? target
  group.scrollIntoView()
  target.focus({ preventScroll: true })
})

document.addEventListener('click', async (event) => {
  const button = event.target.closest('button')
  if (!button) return
  if ('cwPrint' in button.dataset) window.print()
  if (button.dataset.cwOpen) document.getElementById(button.dataset.cwOpen).showModal()
  if (button.dataset.copy) {
    await navigator.clipboard.writeText(button.dataset.copy)
    const before = [...button.childNodes]
    button.replaceChildren(words.copied)
    setTimeout(() => button.replaceChildren(...before), 2000)
  }
})

startForms(words)
startGrids(words)
startIdle()
startKeys()
startShortcuts()
startDepends()

const upload = document.querySelector('[data-cw-upload]')
const hashing = document.querySelector('[data-cw-hashing]')
if (hashing) import('./hashing.js').then((module) => module.startHashing(hashing))
if (upload) import('./upload.js').then((module) => module.startUpload(upload))
