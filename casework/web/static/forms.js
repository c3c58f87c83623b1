// Repeated items, the guard against losing what was typed, and drafts.
import { send, signedOut } from './session.js'

const DRAFT_DELAY = 5000

export function startForms (words) {
  document.addEventListener('click', (event) => {
    const add = event.target.closest('[data-cw-add]')
    const remove = event.target.closest('[data-cw-remove]')
    if (add) addItem(add.closest('[data-cw-sequence]'), words)
    if (remove) removeItem(remove.closest('[data-cw-item]'), words)
  })
  document.querySelectorAll('form[data-cw-auto]').forEach((form) => {
    form.addEventListener('change', () => form.requestSubmit())
  })
  const forms = [...document.querySelectorAll('form[data-cw-form]')]
  if (forms.length) guard(forms)
  forms.filter((form) => form.dataset.draftUrl).forEach((form) => keepDraft(form, words))
}

// ---- repeated items

let made = 0

function itemsOf (sequence) {
  return sequence.querySelector('[data-cw-items]')
}

export function addItem (sequence, words) {
  const items = itemsOf(sequence)
  if (items.children.length >= Number(sequence.dataset.max)) return undefined
  const blank = sequence.querySelector(':scope > template[data-cw-blank]')
  const piece = document.importNode(blank.content, true)
  made += 1
  renameIds(piece, `-n${made}`)
  items.append(piece)
  const item = items.lastElementChild
  item.querySelector('input:not([type=hidden]), select, textarea')?.focus()
  say(sequence, words.added)
  changed(sequence)
  return item
}

function removeItem (item, words) {
  const sequence = item.closest('[data-cw-sequence]')
  if (itemsOf(sequence).children.length <= Number(sequence.dataset.min)) return
  item.remove()
  sequence.querySelector(':scope > [data-cw-add]').focus()
  say(sequence, words.removed)
  changed(sequence)
}

// Every copy needs ids of its own, and radio groups names of their own: both begin with the id of the field.
function renameIds (root, suffix) {
  root.querySelectorAll('*').forEach((element) => {
    for (const name of ['id', 'for', 'name', 'aria-describedby', 'aria-labelledby']) {
      const value = element.getAttribute(name)
      if (value) element.setAttribute(name, value.replace(/deformField\d+/g, `$&${suffix}`))
    }
    if (element instanceof HTMLTemplateElement) renameIds(element.content, suffix)
  })
}

function say (sequence, text) {
  sequence.querySelector(':scope > [data-cw-said]').textContent = text
}

function changed (element) {
  element.dispatchEvent(new Event('input', { bubbles: true }))
}

// ---- not losing what was typed

function guard (forms) {
  const dirty = new Set()
  forms.forEach((form) => {
    form.addEventListener('input', () => dirty.add(form))
    form.addEventListener('submit', () => dirty.delete(form))
  })
  window.addEventListener('beforeunload', (event) => {
    if (dirty.size && !document.documentElement.dataset.cwLeaving) event.preventDefault()
  })
}

// ---- drafts

function keepDraft (form, words) {
  const status = form.querySelector('[data-cw-draft]')
  let timer
  let waiting = false

  async function save () {
    clearTimeout(timer)
    timer = undefined
    if (!waiting) return
    waiting = false
    try {
      const answer = await send(form.dataset.draftUrl, draftOf(form))
      if (signedOut(answer)) return tell(words.signedOut, 'failed')
      if (!answer.ok) throw new Error(String(answer.status))
      tell(`${words.saved} ${clock()}`, 'saved')
    } catch {
      waiting = true
      timer ??= setTimeout(save, DRAFT_DELAY * 4)
      tell(words.saveFailed, 'failed')
    }
  }

  function tell (text, state) {
    if (status.textContent !== text) status.textContent = text
    status.dataset.state = state
  }

  form.addEventListener('input', () => {
    waiting = true
    timer ??= setTimeout(save, DRAFT_DELAY)
  })
  form.addEventListener('submit', () => {
    waiting = false
    clearTimeout(timer)
  })
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') save()
  })
}

// Passwords are never part of a draft, and the token goes in the header. A draft belongs to the form's address.
function draftOf (form) {
  const typed = [...new FormData(form)].filter(([, value]) => typeof value === 'string')
  const data = new URLSearchParams(typed)
  data.delete('csrf_token')
  data.set('form_path', window.location.pathname)
  form.querySelectorAll('input[type=password]').forEach((input) => data.delete(input.name))
  return data
}

function clock () {
  const now = new Date()
  return [now.getHours(), now.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':')
}
