// What every page has: a key for finding, words that are said once, and forms that show where they were wrong.
document.addEventListener('keydown', (event) => {
  const typing = event.target.closest('input, textarea, select, [contenteditable]');
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const find = document.querySelector('.find input');
  if (!find) return;
  event.preventDefault();
  find.focus();
});

if (document.querySelector('[data-said]')) {
  const here = new URL(location.href);
  here.searchParams.delete('said');
  history.replaceState(history.state, '', here);
}

document.querySelector('[data-focus]')?.focus();

// Copying what is shown once. Without https, and not on this machine, a browser has no clipboard: then it is selected.
document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  const shown = document.getElementById(button.dataset.copy);
  if (navigator.clipboard) await navigator.clipboard.writeText(shown.textContent.trim());
  else {
    getSelection().selectAllChildren(shown);
    document.execCommand('copy');
  }
  button.classList.add('copied');
  setTimeout(() => button.classList.remove('copied'), 2000);
});

document.documentElement.classList.add('scripted');

// A choice that shows something else at once.
document.addEventListener('change', (event) => {
  if (event.target.matches('[data-submit]')) event.target.form.requestSubmit();
});

// On a phone the tabs are wider than the screen: the one that is shown is in sight, with what comes before and after it.
const tab = document.querySelector('.tabs [aria-current]');
if (tab) {
  const [bar, at] = [tab.parentElement.getBoundingClientRect(), tab.getBoundingClientRect()];
  tab.parentElement.scrollLeft += at.left - bar.left - (bar.width - at.width) / 2;
}

// A list that is asked for again says so until it is there. An answer that is none, as a refusal, is a page of its own.
document.addEventListener('htmx:beforeRequest', ({ detail }) => detail.target.setAttribute('aria-busy', 'true'));
document.addEventListener('htmx:afterRequest', ({ detail }) => detail.target.removeAttribute('aria-busy'));
document.addEventListener('htmx:responseError', ({ detail }) => location.assign(detail.pathInfo.finalRequestPath));
