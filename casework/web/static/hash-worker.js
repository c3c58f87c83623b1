// Digests of a file in one reading, beside the page. The policy of this script lets WebAssembly run and lets nothing
// out: the file stays where it is. Two pieces are in memory at once, however long the file is.
import './vendor/hash-wasm/md5.umd.min.js'
import './vendor/hash-wasm/sha1.umd.min.js'
import './vendor/hash-wasm/sha256.umd.min.js'

const PIECE = 8 * 1024 * 1024
const TOLD_EVERY = 200 // milliseconds

const { createMD5, createSHA1, createSHA256 } = globalThis.hashwasm

// The error `changed` says that the file was not, at the end, what it was at the beginning.
async function digests (file, progress) {
  const [md5, sha1, sha256] = await Promise.all([createMD5(), createSHA1(), createSHA256()])
  const piece = (at) => file.slice(at, at + PIECE).arrayBuffer()
  let next = piece(0)
  for (let at = 0; at < file.size;) {
    const bytes = new Uint8Array(await next)
    const wanted = Math.min(PIECE, file.size - at)
    if (bytes.length !== wanted) throw new DOMException('changed', 'NotReadableError')
    at += wanted
    // The next piece is read while this one is worked on; who waits for it hears what went wrong.
    next = piece(at)
    next.catch(() => {})
    for (const maker of [md5, sha1, sha256]) maker.update(bytes)
    progress(at)
  }
  // Reading once more shows a file that was changed behind what was read.
  await file.slice(0, 1).arrayBuffer()
  return { md5: md5.digest(), sha1: sha1.digest(), sha256: sha256.digest(), size: String(file.size) }
}

self.onmessage = async ({ data: file }) => {
  let told = 0
  const progress = (done) => {
    const now = performance.now()
    if (now - told < TOLD_EVERY) return
    told = now
    self.postMessage({ done })
  }
  try {
    self.postMessage({ values: await digests(file, progress) })
  } catch (error) {
    self.postMessage({ failed: ['NotReadableError', 'NotFoundError'].includes(error.name) ? 'changed' : 'failed' })
  }
}
