// Fields that matter only after a certain answer are out of sight until it is given. Without scripts all are in view.
export function startDepends () {
  document.querySelectorAll('[data-cw-depends]').forEach((root) => {
    const form = root.querySelector('form')
    const rules = root.dataset.cwDepends.split(';').map((rule) => rule.split('=>').map((part) => part.trim()))
    const show = () => rules.forEach(([answers, fields]) => {
      const wanted = answers.split(' ').some((answer) => given(form, ...answer.split(':')))
      fields.split(' ').forEach((name) => toggle(form, name, wanted))
    })
    form?.addEventListener('change', show)
    if (form) show()
  })
}

// Whether a radio or a box of this name is chosen with this value.
function given (form, name, value) {
  return [...form.querySelectorAll(`[name="${name}"]`)].some((input) => input.checked && input.value === value)
}

// What is wrong stays in view whatever was answered.
function toggle (form, name, wanted) {
  const inputs = [...form.querySelectorAll(`[name="${name}"]`)]
  const group = inputs[0]?.closest('.govuk-form-group')
  if (!group) return
  const kept = group.classList.contains('govuk-form-group--error')
  group.hidden = !wanted && !kept
}
