// A site's log as it goes on, from every container. Lines beyond the newest few thousand are dropped from the page.
(() => {
  const place = document.getElementById('logs');
  if (!place) return;
  const out = place.querySelector('[data-out]');
  const status = place.querySelector('[data-status]');
  const pause = place.querySelector('[data-pause]');
  const errors = place.querySelector('[data-errors]');
  const find = place.querySelector('[data-find]');
  const MOST = 3000;
  let paused = false;
  let held = [];
  let queue = [];
  let reading = null;

  const say = (text) => { status.textContent = text; };

  function rowOf(line) {
    const row = document.createElement('div');
    const time = document.createElement('time');
    const at = line.at ?? line.time ?? '';
    time.dateTime = at;
    time.textContent = String(at).slice(11, 19);
    const from = document.createElement('span');
    from.className = 'from';
    from.textContent = `${line.container ?? ''} ${line.source ?? ''}`.trim();
    const text = document.createElement('span');
    text.className = 'text';
    text.textContent = line.message ?? wordsOf(line);
    const code = Number(line.status);
    if (code >= 500 || line.source === 'reeve') row.className = 'bad';
    else if (code >= 400) row.className = 'warn';
    row.append(time, from, text);
    row.hidden = !fits(row);
    return row;
  }

  function wordsOf({ container: _c, source: _s, at: _a, time: _t, ...rest }) {
    const { method, path, uri, status, ms, host, ...more } = rest;
    const request = [method, host, path ?? uri, status, ms === undefined ? undefined : `${ms} ms`].filter((each) => each !== undefined).join(' ');
    const others = Object.entries(more).map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`).join(' ');
    return [request, others].filter(Boolean).join('  ');
  }

  const fits = (row) => find.value === '' || row.textContent.toLowerCase().includes(find.value.toLowerCase());

  // However fast lines come, the page is drawn once a frame.
  function take(line) {
    if (paused) {
      held.push(line);
      if (held.length > MOST) held.shift();
      return;
    }
    queue.push(line);
    if (queue.length === 1) requestAnimationFrame(flush);
  }

  function flush() {
    const atEnd = out.scrollHeight - out.scrollTop - out.clientHeight < 40;
    const rows = queue.slice(-MOST).map(rowOf);
    queue = [];
    out.append(...rows);
    while (out.childElementCount > MOST) out.firstElementChild.remove();
    if (atEnd) out.scrollTop = out.scrollHeight;
  }

  async function follow() {
    reading?.abort();
    reading = new AbortController();
    const { signal } = reading;
    out.replaceChildren();
    say('Connecting…');
    try {
      const answer = await fetch(`${place.dataset.src}?follow=true${errors.checked ? '&errors=true' : ''}`, { signal, credentials: 'same-origin' });
      if (!answer.ok) {
        const problem = await answer.json().catch(() => ({}));
        throw new Error(problem.detail ?? `it answers ${answer.status}`);
      }
      say('Following');
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        const lines = (rest + value).split('\n');
        rest = lines.pop();
        for (const line of lines) if (line.trim() !== '') take(JSON.parse(line));
      }
      throw new Error('the stream ended');
    } catch (error) {
      if (signal.aborted) return;
      say(`Not following: ${error.message}. Again in 5 s.`);
      setTimeout(() => { if (!signal.aborted) follow(); }, 5000);
    }
  }

  pause.addEventListener('click', () => {
    paused = !paused;
    pause.setAttribute('aria-pressed', String(paused));
    pause.querySelector('span').textContent = paused ? 'Go on' : 'Pause';
    say(paused ? 'Paused' : 'Following');
    if (!paused) {
      const lines = held;
      held = [];
      for (const line of lines) take(line);
    }
  });
  errors.addEventListener('change', follow);
  find.addEventListener('input', () => { for (const row of out.children) row.hidden = !fits(row); });
  window.addEventListener('pagehide', () => reading?.abort());
  follow();
})();
