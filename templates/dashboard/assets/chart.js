// Latency over time: a line a container, failures as marks on it, and what happened to the site as upright lines.
(() => {
  const place = document.getElementById('latency');
  if (!place) return;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  // Colours differ in lightness too, and each line has a pattern of its own.
  const LINES = [['#5b78f6', []], ['#d9822b', [6, 4]], ['#1f9d7a', [2, 3]], ['#b45bd0', [8, 3, 2, 3]], ['#c8a100', [4, 2]], ['#4aa3c7', [10, 4]]];
  const words = (ms) => (ms === null || ms === undefined ? '–' : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
  // As everywhere on the page: UTC, by the 24-hour clock. At midnight the day.
  const clock = (at) => new Date(at * 1000).toISOString();
  const tick = (at) => (clock(at).slice(11, 16) === '00:00' ? clock(at).slice(5, 10) : clock(at).slice(11, 16));
  let chart = null;

  /** What `light-dark()` resolves to here: uPlot draws on a canvas, which knows no such function. */
  function resolved(name) {
    const probe = document.createElement('i');
    place.append(probe);
    probe.style.color = colour(name);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }

  function marks({ markers }) {
    return (u) => {
      const { ctx, bbox } = u;
      ctx.save();
      ctx.lineWidth = devicePixelRatio;
      ctx.font = `${11 * devicePixelRatio}px system-ui`;
      ctx.textAlign = 'left';
      let last = -Infinity;
      for (const { at, kind, label } of markers) {
        const x = u.valToPos(at, 'x', true);
        if (x < bbox.left || x > bbox.left + bbox.width) continue;
        // A change is dashed; what was done to a container is dotted, and of another colour.
        ctx.strokeStyle = ctx.fillStyle = resolved(kind === 'change' ? '--soft' : '--accent');
        ctx.setLineDash((kind === 'change' ? [4, 4] : [1, 3]).map((length) => length * devicePixelRatio));
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        // Labels that would lie on one another are left out; the lines stay, and the list below has all of them.
        const width = ctx.measureText(label).width;
        if (x < last) continue;
        const left = Math.min(x + 4 * devicePixelRatio, bbox.left + bbox.width - width);
        if (left < bbox.left) continue;
        ctx.fillText(label, left, bbox.top + 11 * devicePixelRatio);
        last = left + width + 12 * devicePixelRatio;
      }
      ctx.restore();
    };
  }

  /** The same as a list: each leads to what it was, for the eyes, the keyboard and whoever hears the page. */
  function list({ markers }) {
    const box = document.getElementById('latency-marks');
    box.hidden = markers.length === 0;
    box.querySelector('summary').textContent = `${markers.length === 1 ? 'One thing' : `${markers.length} things`} happened meanwhile`;
    box.querySelector('ol').replaceChildren(...markers.toReversed().map(({ at, label, href }) => {
      const [item, time, link] = ['li', 'time', 'a'].map((name) => document.createElement(name));
      time.dateTime = clock(at);
      time.textContent = `${clock(at).slice(5, 10)} ${clock(at).slice(11, 19)} UTC`;
      link.textContent = label;
      link.href = href;
      item.append(time, ' ', link);
      return item;
    }));
  }

  function failures({ times, lines }) {
    return (u) => {
      const { ctx, bbox } = u;
      ctx.save();
      ctx.fillStyle = resolved('--bad');
      for (const { failed } of lines) {
        failed.forEach((bad, at) => {
          if (bad) ctx.fillRect(u.valToPos(times[at], 'x', true) - devicePixelRatio, bbox.top + bbox.height - 8 * devicePixelRatio, 2 * devicePixelRatio, 8 * devicePixelRatio);
        });
      }
      ctx.restore();
    };
  }

  function draw(data) {
    chart?.destroy();
    place.replaceChildren();
    if (data.times.length === 0) {
      const none = document.createElement('p');
      none.className = 'soft';
      none.textContent = 'No probe of this hostname was stored in this time.';
      place.append(none);
      return;
    }
    const axis = { stroke: resolved('--soft'), grid: { stroke: resolved('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui' };
    chart = new uPlot({
      width: place.clientWidth, height: 230, cursor: { points: { size: 6 } },
      scales: { x: { range: [data.from, data.to] }, y: { range: (_, __, most) => [0, Math.max(10, most * 1.15)] } },
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), 'Etc/UTC'),
      axes: [{ ...axis, values: (_, ticks) => ticks.map(tick) }, { ...axis, size: 62, values: (_, ticks) => ticks.map(words) }],
      series: [{ label: 'Time (UTC)', value: '{YYYY}-{MM}-{DD} {HH}:{mm}:{ss}' }, ...data.lines.map(({ container }, at) => {
        const [stroke, dash] = LINES[at % LINES.length];
        return { label: container, stroke, dash, width: 1.6, spanGaps: false, points: { show: data.times.length < 40 }, value: (_, ms) => words(ms) };
      })],
      hooks: { draw: [marks(data), failures(data)] },
    }, [data.times, ...data.lines.map(({ latency }) => latency)], place);
    place.setAttribute('aria-label', `${data.measure} of ${data.lines.length} containers`);
    place.setAttribute('role', 'figure');
  }

  async function load() {
    try {
      const answer = await fetch(place.dataset.src, { credentials: 'same-origin' });
      if (!answer.ok) throw new Error(String(answer.status));
      const data = await answer.json();
      draw(data);
      list(data);
    } catch {
      if (!chart) place.firstElementChild.textContent = 'The chart cannot be loaded now.';
    }
  }

  let width = 0;
  new ResizeObserver(() => {
    if (chart && place.clientWidth !== width) chart.setSize({ width: width = place.clientWidth, height: 230 });
  }).observe(place);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', load);
  setInterval(() => { if (!document.hidden) load(); }, 30000);
  load();
})();
