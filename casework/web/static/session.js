// Requests of the page's script in the name of its visitor.
const TOKEN = /name="csrf_token" value="([^"]+)"/

// POST with the token of the page. Who signed in anew meanwhile has a new token: it is fetched, and every form of
// the page takes it over, so that what was typed before can be sent.
export async function send (url, body) {
  const answer = await post(url, body)
  if (![400, 401, 403].includes(answer.status) || !await renewToken()) return answer
  return post(url, body)
}

// An answer that led elsewhere led to the sign-in.
export function signedOut (answer) {
  return answer.redirected || [401, 403].includes(answer.status)
}

function tokens () {
  return [...document.querySelectorAll('input[name=csrf_token]')]
}

function post (url, body) {
  return fetch(url, { method: 'POST', headers: { 'X-CSRF-Token': tokens()[0]?.value ?? '' }, body, keepalive: true })
}

async function renewToken () {
  const page = await (await fetch('/sign-in')).text()
  const found = page.match(TOKEN)
  if (found) tokens().forEach((input) => { input.value = found[1] })
  return Boolean(found)
}
