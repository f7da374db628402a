// A form is sent once: its buttons rest until the answer is here. Without this the server still does it once.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.method !== 'post') return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = 'yes';
  for (const button of form.querySelectorAll('button:not([type=button])')) {
    button.setAttribute('aria-disabled', 'true');
    button.classList.add('waiting');
  }
});

// Coming back to a page that the browser kept.
window.addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll('.waiting')) {
      button.removeAttribute('aria-disabled');
      button.classList.remove('waiting');
    }
  }
});
