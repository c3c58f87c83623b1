// Digests of a file for the fields of a form. The file is read in a worker, which is loaded when one is chosen.
import { addItem } from './forms.js'

const TOOL = 'hash-wasm 4.13.0'
const ALGORITHMS = ['sha256', 'sha1', 'md5']

export function startHashing (box) {
  const form = box.closest('form')
  const words = box.dataset
  const part = (name) => box.querySelector(`[data-cw-${name}]`)
  const [chooser, told, far, panel, values] = ['hashing-file', 'told', 'far', 'progress', 'values'].map(part)
  const input = chooser.querySelector('input')
  const bar = panel.querySelector('progress')
  let worker
  let started = 0

  const address = policy(words.worker)
  chooser.hidden = false

  function begin (file) {
    started = performance.now()
    values.hidden = true
    show(true)
    told.textContent = words.began
    tell({ done: 0 }, file)
    worker = new Worker(address, { type: 'module' })
    worker.onmessage = ({ data }) => {
      if (data.done !== undefined) return tell(data, file)
      end(data.failed ? words[data.failed] : words.done)
      if (data.values) take(data.values)
    }
    worker.onerror = () => end(words.failed)
    worker.postMessage(file)
    part('cancel').focus()
  }

  function tell ({ done }, file) {
    const speed = done / Math.max(performance.now() - started, 1) * 1000
    bar.value = file.size ? Math.floor(done / file.size * 1000) : 0
    far.textContent = words.busy.replace('${done}', size(done)).replace('${all}', size(file.size))
      .replace('${speed}', size(speed)).replace('${left}', speed ? Math.ceil((file.size - done) / speed / 60) : '–')
  }

  function end (text) {
    worker?.terminate()
    worker = undefined
    input.value = ''
    show(false)
    told.textContent = text
    told.focus()
  }

  function show (busy) {
    chooser.hidden = busy
    panel.hidden = !busy
  }

  function take (found) {
    values.hidden = false
    values.querySelectorAll('[data-cw-value]').forEach((one) => { one.textContent = found[one.dataset.cwValue] })
    fill(form, { ...found, tool: TOOL })
    told.focus()
  }

  // What is chosen here is no answer of the form: nothing of it is kept as a draft.
  box.addEventListener('input', (event) => event.stopPropagation())
  input.addEventListener('change', (event) => {
    event.stopPropagation()
    if (input.files[0]) begin(input.files[0])
  })
  part('cancel').addEventListener('click', () => end(words.cancelled))
  window.addEventListener('beforeunload', (event) => { if (worker) event.preventDefault() })
}

// Browsers with Trusted Types make a worker only of an address that a policy vouches for: of this one alone.
function policy (own) {
  const rules = { createScriptURL: (url) => { if (url === own) return url; throw new TypeError(url) } }
  return globalThis.trustedTypes?.createPolicy('casework-hash', rules).createScriptURL(own) ?? own
}

function fill (form, found) {
  form.querySelectorAll('[data-cw-digest]').forEach((field) => {
    const name = field.dataset.cwDigest
    if (name === 'rows') ALGORITHMS.forEach((algorithm) => fillRow(field, algorithm, found))
    // The tool of another step stays.
    else if (name !== 'tool' || !field.value) field.value = found[name]
  })
  form.dispatchEvent(new Event('input', { bubbles: true }))
}

// The row of an algorithm, else an empty one, else a new one.
function fillRow (sequence, algorithm, found) {
  const rows = [...sequence.querySelectorAll('[data-cw-item]')]
  const value = (row) => row.querySelector('[name=value]')
  const row = rows.find((one) => one.querySelector(`[value=${algorithm}]`).checked) ??
    rows.find((one) => !value(one).value) ?? addItem(sequence, document.getElementById('cw-words').dataset)
  if (!row) return
  row.querySelector(`[value=${algorithm}]`).checked = true
  value(row).value = found[algorithm]
  row.querySelector('[name=tool]').value = found.tool
}

function size (bytes) {
  const units = [['GiB', 2 ** 30], ['MiB', 2 ** 20], ['KiB', 2 ** 10]]
  const [unit, factor] = units.find(([, least]) => bytes >= least) ?? ['B', 1]
  return `${(bytes / factor).toFixed(factor > 1 ? 1 : 0)} ${unit}`
}
