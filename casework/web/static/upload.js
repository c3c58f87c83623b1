// A document is sent in pieces, so that a line that breaks costs one piece and not all of it. Without this module the
// form sends it whole. Nothing is kept in the browser: what was begun and not finished the page itself knows.
import './vendor/tus.min.js'

// A piece is as long as the line is quick: short ones lose less, long ones keep the server waiting less often.
const PIECE = 1024 * 1024
const LONGEST = 16 * PIECE
const QUICK = 300
const SLOW = 5000
const DELAYS = [0, 1000, 3000, 5000, 10000, 20000, 30000, 60000]
// What an upload says of its document for good: one that says otherwise is begun anew.
const LASTING = ['sealed_annex', 'redacted_of']
const FIELDS = ['title', 'category', 'language', ...LASTING]

export function startUpload (box) {
  const form = box.querySelector('form')
  const panel = document.querySelector('[data-cw-progress]')
  const words = box.dataset
  const told = panel.querySelector('[data-cw-told]')
  const bar = panel.querySelector('progress')
  const [pause, resume, cancel] = ['pause', 'resume', 'cancel'].map((name) => panel.querySelector(`[data-cw-${name}]`))
  let upload
  let sent = 0
  let since = 0

  function pace () {
    const took = Date.now() - since
    const length = upload.options.chunkSize * (took < QUICK ? 2 : took > SLOW ? 0.5 : 1)
    upload.options.chunkSize = Math.min(Math.max(length, PIECE), LONGEST)
    since = Date.now()
  }

  function tell (text) {
    if (told.textContent !== text) told.textContent = text
  }

  function show (state) {
    panel.hidden = false
    form.hidden = state !== 'ended'
    pause.hidden = state !== 'sending'
    resume.hidden = state !== 'paused'
    cancel.hidden = state === 'ended' || state === 'checking'
  }

  function fill (text, done, all) {
    return text.replace('${done}', size(done)).replace('${all}', size(all))
  }

  function begin (file) {
    const data = new FormData(form)
    const metadata = { owner: words.owner, filename: file.name, declaration: 'true' }
    FIELDS.forEach((name) => { if (data.get(name)) metadata[name] = data.get(name) })
    const same = (one) => one.name === file.name && one.size === file.size &&
      LASTING.every((name) => one[name] === (data.get(name) ?? ''))
    const begun = JSON.parse(words.unfinished).find(same)
    let reference = ''
    upload = new window.tus.Upload(file, {
      endpoint: words.url,
      uploadUrl: begun?.url ?? null,
      chunkSize: PIECE,
      retryDelays: DELAYS,
      storeFingerprintForResuming: false,
      metadata,
      headers: { 'X-CSRF-Token': data.get('csrf_token') },
      onAfterResponse: (_request, response) => { reference = response.getHeader('Casework-File') ?? reference },
      onShouldRetry: (error) => {
        const status = error.originalResponse?.getStatus() ?? 0
        if (status === 0 || status >= 500) tell(words.waiting)
        return [0, 409, 423, 429].includes(status) || (status >= 500 && status !== 507)
      },
      onChunkComplete: pace,
      onProgress: (done, all) => {
        sent = done
        bar.value = all ? Math.floor(done / all * 100) : 0
        if (done < all) return tell(fill(words.busy, done, all))
        show('checking')
        tell(words.checking)
      },
      onSuccess: () => { window.location.assign(`/files/${reference}`) },
      onError: (error) => {
        const said = error.originalResponse
        const own = said?.getHeader('Tus-Resumable') ? said.getBody() : ''
        show('ended')
        bar.value = 0
        tell(`${words.failed} ${own}`.trim())
        told.focus()
      }
    })
    show('sending')
    tell(fill(words.busy, 0, file.size))
    since = Date.now()
    upload.start()
    pause.focus()
  }

  form.addEventListener('submit', (event) => {
    const file = form.querySelector('input[type=file]').files[0]
    const declared = form.querySelector('input[name=declaration]').checked
    // The form itself says best what is missing.
    if (!file || !declared || !new FormData(form).get('title') || !new FormData(form).get('category')) return
    event.preventDefault()
    begin(file)
  })
  pause.addEventListener('click', async () => {
    await upload.abort()
    show('paused')
    tell(fill(words.paused, sent, upload.file.size))
    resume.focus()
  })
  resume.addEventListener('click', () => {
    show('sending')
    since = Date.now()
    upload.start()
    pause.focus()
  })
  cancel.addEventListener('click', async () => {
    await upload.abort(true)
    show('ended')
    bar.value = 0
    tell(words.cancelled)
    told.focus()
  })
}

function size (bytes) {
  const units = [['GiB', 2 ** 30], ['MiB', 2 ** 20], ['KiB', 2 ** 10]]
  const [unit, factor] = units.find(([, least]) => bytes >= least) ?? ['B', 1]
  return `${(bytes / factor).toFixed(factor > 1 ? 1 : 0)} ${unit}`
}
