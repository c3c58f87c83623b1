// Tables of a form: rows are added with what they share with the last, a table of a spreadsheet can be pasted, and
// Enter goes down instead of sending the form. A hand scanner ends what it types with Enter.
import { addItem } from './forms.js'

const DOWN = { ArrowDown: 1, ArrowUp: -1 }

export function startGrids (words) {
  document.querySelectorAll('[data-cw-grid]').forEach((grid) => {
    number(grid)
    grid.addEventListener('paste', (event) => paste(event, grid, words))
    grid.addEventListener('keydown', (event) => move(event, grid, words))
    grid.addEventListener('click', (event) => {
      // The row is added or removed by whoever listens further out.
      const added = event.target.closest('[data-cw-add]')
      setTimeout(() => {
        if (added) carry(grid)
        number(grid)
      })
    })
  })
}

const rowsOf = (grid) => [...grid.querySelector('[data-cw-items]').children]
const cellsOf = (row) => [...row.querySelectorAll('td:not(.cw-needs-js) :is(input:not([type=hidden]), select)')]

function number (grid) {
  rowsOf(grid).forEach((row, index) => { row.querySelector('[data-cw-place]').textContent = index + 1 })
}

// What a new row shares with the one above it.
function carry (grid) {
  const [above, row] = rowsOf(grid).slice(-2)
  if (!row) return
  const from = cellsOf(above)
  cellsOf(row).forEach((cell, index) => {
    if (cell.closest('[data-cw-carry]')) cell.value = from[index].value
  })
}

function grown (grid, index, words) {
  while (rowsOf(grid).length <= index) {
    if (!addItem(grid, words)) return undefined
    carry(grid)
  }
  number(grid)
  return rowsOf(grid)[index]
}

function move (event, grid, words) {
  const row = event.target.closest('[data-cw-item]')
  if (!row || event.target.closest('button') || event.ctrlKey || event.altKey || event.isComposing) return
  const index = rowsOf(grid).indexOf(row)
  const column = cellsOf(row).indexOf(event.target)
  const step = event.target.matches('select') ? undefined : DOWN[event.key]
  if (event.key === 'Enter') {
    event.preventDefault()
    const next = grown(grid, index + 1, words)
    if (next) cellsOf(next)[event.target.closest('[data-cw-carry]') ? column : first(next)].focus()
  } else if (step && rowsOf(grid)[index + step]) {
    event.preventDefault()
    cellsOf(rowsOf(grid)[index + step])[column].focus()
  }
}

// The first cell of a row that is still to be filled in.
function first (row) {
  return Math.max(0, cellsOf(row).findIndex((cell) => !cell.value))
}

function paste (event, grid, words) {
  const text = event.clipboardData?.getData('text/plain') ?? ''
  const row = event.target.closest('[data-cw-item]')
  if (!row || !/[\t\n]/.test(text.trimEnd())) return
  event.preventDefault()
  const at = rowsOf(grid).indexOf(row)
  const column = Math.max(0, cellsOf(row).indexOf(event.target))
  text.split(/\r?\n/).filter((line) => line.trim()).forEach((line, down) => {
    const target = grown(grid, at + down, words)
    if (target) fill(cellsOf(target).slice(column), line.split('\t').map((cell) => cell.trim()))
  })
  grid.dispatchEvent(new Event('input', { bubbles: true }))
}

function fill (cells, values) {
  cells.forEach((cell, index) => {
    if (!values[index]) return
    cell.value = cell.matches('select') ? choice(cell, values[index]) ?? cell.value : values[index]
  })
}

function choice (select, text) {
  const wanted = text.toLowerCase()
  return [...select.options].find((one) => [one.value, one.text].some((word) => word.toLowerCase() === wanted))?.value
}
