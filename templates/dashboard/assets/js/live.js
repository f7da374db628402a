// Live parts. The platform says that something changed (at most once a second); the page is fetched again and its
// `data-live` parts take the new contents, keeping focus, scroll and what is open.
(() => {
  const parts = () => [...document.querySelectorAll('[data-live]')];
  const LEAST_MS = 1000;
  const USUAL_MS = 15000;
  let source = null;
  let timer = 0;
  let last = 0;
  let running = false;
  let wanted = false;

  const state = (live) => {
    const sign = document.getElementById('link-state');
    if (sign) sign.hidden = live;
  };
  const every = () => Math.min(USUAL_MS, ...parts().map((part) => Number(part.dataset.every) || USUAL_MS));

  function want(after) {
    clearTimeout(timer);
    timer = setTimeout(refresh, Math.max(after, last + LEAST_MS - performance.now()));
  }

  async function refresh() {
    if (running) {
      wanted = true;
      return;
    }
    if (document.hidden || parts().length === 0) return;
    running = true;
    last = performance.now();
    try {
      const answer = await fetch(location.href, { headers: { 'HX-Request': 'true' }, credentials: 'same-origin' });
      if (answer.headers.has('hx-redirect')) {
        location.assign(answer.headers.get('hx-redirect'));
        return;
      }
      if (answer.ok) take(await answer.text());
      state(answer.ok);
    } catch {
      state(false);
    } finally {
      running = false;
      want(wanted ? 0 : every());
      wanted = false;
    }
  }

  function take(text) {
    const fresh = new DOMParser().parseFromString(text, 'text/html');
    for (const part of parts()) {
      const next = fresh.getElementById(part.id);
      // What the page has no more, as a notice that is over, is not there; it may come back.
      part.hidden = !next;
      if (!next) continue;
      Idiomorph.morph(part, next, {
        ignoreActiveValue: true,
        callbacks: { beforeAttributeUpdated: (name, node) => !(name === 'open' && node.tagName === 'DETAILS') },
      });
      htmx.process(part);
    }
    document.dispatchEvent(new Event('reeve:refreshed'));
  }

  function connect() {
    if (source || document.hidden || parts().length === 0) return;
    let was = false;
    source = new EventSource('/stream');
    source.addEventListener('changed', () => want(0));
    source.addEventListener('open', () => {
      // What happened while it was away is in the page as it is now.
      if (was) want(0);
      was = true;
      state(true);
    });
    source.addEventListener('error', () => state(false));
    want(every());
  }

  // A hidden page holds no connection: a browser has six for all of its tabs.
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) {
      connect();
      if (parts().length > 0) want(0);
      return;
    }
    source?.close();
    source = null;
  });
  window.addEventListener('pagehide', () => {
    source?.close();
    source = null;
  });
  window.addEventListener('pageshow', connect);
})();
