// Reading a label with the camera. The picture stays in this page: only the reference that was read is sent.
// Browsers without a reader of their own get one, loaded when it is needed (vendor/qr, MIT, by Paul Miller).

const EVERY = 200 // milliseconds between two looks at the picture

async function reader () {
  const own = globalThis.BarcodeDetector
  const has = own && (await own.getSupportedFormats()).includes('qr_code')
  const Reader = has ? own : (await import('./vendor/qr/decode.js')).BarcodeDetector
  return new Reader({ formats: ['qr_code'] })
}

export async function startCamera (box) {
  const said = box.querySelector('[data-cw-scan-said]')
  let stream
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
  } catch {
    said.textContent = box.dataset.denied
    return
  }
  said.textContent = box.dataset.looking
  const view = document.createElement('video')
  view.className = 'cw-scan__view'
  view.playsInline = view.muted = true
  view.setAttribute('aria-hidden', 'true')
  view.srcObject = stream
  box.append(view)
  await view.play()
  const stop = () => stream.getTracks().forEach((track) => track.stop())
  window.addEventListener('pagehide', stop)
  const text = await read(view, await reader())
  stop()
  const form = document.getElementById('form')
  form.elements[box.dataset.field].value = text
  form.requestSubmit()
}

async function read (view, detector) {
  for (;;) {
    const [found] = await detector.detect(view).catch(() => [])
    if (found?.rawValue) return found.rawValue
    await new Promise((resolve) => { setTimeout(resolve, EVERY) })
  }
}

const box = document.querySelector('[data-cw-scan]')
if (box && navigator.mediaDevices) {
  box.hidden = false
  const button = box.querySelector('[data-cw-camera]')
  button.addEventListener('click', () => {
    button.hidden = true
    startCamera(box)
  })
}
