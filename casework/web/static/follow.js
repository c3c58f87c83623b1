// Follows work that goes on outside the page: asks how far it is, and shows the page anew when it is over.
const EVERY = 2000
const bar = document.querySelector('[data-cw-follow]')

async function look () {
  try {
    const answer = await fetch(bar.dataset.cwFollow, { headers: { Accept: 'application/json' } })
    if (!answer.ok) return
    const { waiting, percent } = await answer.json()
    bar.value = percent
    if (!waiting) location.reload()
    else setTimeout(look, EVERY)
  } catch {
    setTimeout(look, EVERY) // the line was cut: it may come back
  }
}

if (bar) setTimeout(look, EVERY)
