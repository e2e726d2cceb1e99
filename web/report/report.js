// Draws the page from the data that stands in it. Text from outside goes through textContent only.
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const content = document.getElementById('content');
const palette = ['#2f6fde', '#e0802b', '#2a9d67', '#b14fc5', '#c94040', '#6b7785'];
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const charts = [];

const number = (value, digits = 0) => value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const ms = value => number(value, 2) + ' ms';
const mb = bytes => number(bytes / 1e6, 1) + ' MB';

function element(parent, tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  parent.appendChild(made);
  return made;
}

function tile(parent, value, label) {
  const box = element(parent, 'div', undefined, 'tile');
  element(box, 'b', value);
  element(box, 'span', label);
}

/** One chart card; series: [{label, points: [{x, y}], color, fill}]. */
function chart(parent, title, series, { type = 'line', x = 'seconds', y = '', log = false, labels } = {}) {
  const shown = series.filter(one => one.points.length > 0);
  if (shown.length === 0) return;
  const card = element(parent, 'div', undefined, 'card');
  element(card, 'h3', title);
  const canvas = element(element(card, 'div', undefined, 'chart'), 'canvas');
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', title);
  const made = new Chart(canvas, {
    type,
    data: {
      labels,
      datasets: shown.map((one, index) => ({
        label: one.label,
        data: labels ? one.points.map(point => point.y) : one.points,
        borderColor: one.color || palette[index % palette.length],
        backgroundColor: (one.color || palette[index % palette.length]) + (type === 'bar' ? 'cc' : '33'),
        borderWidth: type === 'bar' ? 0 : 1.6, pointRadius: one.points.length > 1 ? 0 : 3, pointHitRadius: 6, tension: 0, fill: one.fill || false,
        barPercentage: 1, categoryPercentage: 0.94,
      })),
    },
    options: {
      animation: false, maintainAspectRatio: false, parsing: labels ? undefined : false, normalized: true,
      interaction: { mode: 'index', intersect: false },
      plugins: { legend: { display: shown.length > 1, labels: { boxWidth: 12 } } },
      scales: {
        x: { type: labels ? 'category' : 'linear', min: labels ? undefined : 0, title: { display: true, text: x }, ticks: { maxTicksLimit: 8, maxRotation: 0 } },
        y: { type: log ? 'logarithmic' : 'linear', beginAtZero: !log, title: { display: y !== '', text: y }, ticks: { maxTicksLimit: 7 } },
      },
    },
  });
  charts.push(made);
}

function paint() {
  for (const one of charts) {
    const { plugins, scales } = one.options;
    plugins.legend.labels.color = css('--text');
    for (const axis of [scales.x, scales.y]) {
      axis.ticks.color = css('--muted');
      axis.title.color = css('--muted');
      axis.grid = { color: css('--line') };
    }
    one.update('none');
  }
}

const rows = [
  ['requests', load => number(load.requests)],
  ['failed', load => number(load.failed), load => load.failed, 'low'],
  ['requests/s', load => number(load.requests_per_second), load => load.requests_per_second, 'high'],
  ['latency avg', load => ms(load.latency_ms.avg), load => load.latency_ms.avg, 'low'],
  ['latency p95', load => ms(load.latency_ms.p95), load => load.latency_ms.p95, 'low'],
  ['latency p99', load => ms(load.latency_ms.p99), load => load.latency_ms.p99, 'low'],
  ['latency max', load => ms(load.latency_ms.max), load => load.latency_ms.max, 'low'],
  ['server CPU', load => known(load) ? number(load.server_cpu_percent) + ' %' : '–'],
  ['server CPU a request', load => known(load) ? number(load.server_cpu_us_per_request, 2) + ' µs' : '–', load => load.server_cpu_us_per_request, 'low'],
  ['requests per CPU-second', load => known(load) ? number(load.requests_per_cpu_second) : '–', load => load.requests_per_cpu_second, 'high'],
  ['server memory (RSS, peak)', load => known(load) ? mb(load.rss_peak_bytes) : '–', load => load.rss_peak_bytes, 'low'],
  ['of it anonymous', load => known(load) ? mb(load.anonymous_peak_bytes) : '–', load => load.anonymous_peak_bytes, 'low'],
  ['load CPU a request', load => number(load.load_cpu_us_per_request, 2) + ' µs'],
];
const known = load => load.server_cpu_seconds > 0;

function table(parent, protocol) {
  const targets = data.targets.map(target => [target.name, target.loads.find(load => load.protocol === protocol)]).filter(pair => pair[1]);
  const made = element(element(parent, 'div', undefined, 'scroll'), 'table');
  const head = element(made, 'tr');
  element(head, 'th', protocol);
  for (const [name] of targets) element(head, 'th', name).style.textAlign = 'right';
  for (const [label, show, value, best] of rows) {
    const row = element(made, 'tr');
    element(row, 'th', label);
    let values = value && targets.length > 1 ? targets.map(pair => value(pair[1])) : [];
    if (new Set(values).size < 2) values = [];
    const winner = best === 'low' ? Math.min(...values) : Math.max(...values);
    targets.forEach(([, load], index) => element(row, 'td', show(load), values.length && values[index] === winner ? 'best' : ''));
  }
}

/** Points of the load or samples of the process, on the load's clock. */
function overTime(target, load) {
  // What is later than the load by more than half an interval belongs to the next one.
  const end = load.begin_seconds + load.seconds + 0.1;
  const samples = target.samples.filter(sample => sample.t >= load.begin_seconds - 0.01 && sample.t <= end);
  return {
    load: field => load.points.map(point => ({ x: point.t, y: point[field] })),
    rate: field => load.points.map((point, index) => ({ x: point.t, y: point[field] / Math.max(0.01, point.t - (index > 0 ? load.points[index - 1].t : 0)) })),
    sample: (field, scale = 1) => samples.map(sample => ({ x: sample.t - load.begin_seconds, y: sample[field] / scale })),
    slope: (field, scale = 1) => samples.slice(1).map((sample, index) => ({
      x: sample.t - load.begin_seconds,
      y: Math.max(0, sample[field] - samples[index][field]) / scale / Math.max(1e-6, sample.t - samples[index].t),
    })),
  };
}

function section(target, load) {
  element(content, 'h2', data.targets.length > 1 ? `${load.protocol}: ${target.name}` : load.protocol);
  element(content, 'p', target.where);
  if (load.partial) element(content, 'p', 'Partial: ' + load.partial).style.color = 'var(--warn)';
  const tiles = element(content, 'div', undefined, 'tiles');
  tile(tiles, number(load.requests_per_second), 'requests/s');
  tile(tiles, ms(load.latency_ms.avg), 'latency, average');
  tile(tiles, ms(load.latency_ms.p95), 'latency, p95');
  tile(tiles, ms(load.latency_ms.p99), 'latency, p99');
  tile(tiles, number(load.failed), 'failed of ' + number(load.requests));
  if (known(load)) {
    tile(tiles, number(load.server_cpu_us_per_request, 2) + ' µs', 'server CPU a request');
    tile(tiles, number(load.requests_per_cpu_second), 'requests per CPU-second');
    tile(tiles, mb(load.rss_peak_bytes), 'server memory, peak');
  }
  const grid = element(content, 'div', undefined, 'charts');
  const time = overTime(target, load);
  chart(grid, 'Requests per second', [{ label: 'requests/s', points: time.rate('count'), fill: true }]);
  chart(grid, 'Latency', [
    { label: 'avg', points: time.load('avg') }, { label: 'p95', points: time.load('p95') }, { label: 'p99', points: time.load('p99') },
  ], { y: 'ms' });
  chart(grid, 'Errors per second', [{ label: 'errors/s', points: time.rate('failed'), color: '#c94040', fill: true }]);
  chart(grid, 'Server CPU', [{ label: 'CPU', points: time.sample('cpu_percent'), fill: true }], { y: '% of one core' });
  chart(grid, 'Server memory', [
    { label: 'RSS', points: time.sample('rss_bytes', 1e6) }, { label: 'anonymous', points: time.sample('anonymous_bytes', 1e6) },
  ], { y: 'MB' });
  chart(grid, 'Virtual memory', [{ label: 'VSZ', points: time.sample('virtual_bytes', 1e6) }], { y: 'MB' });
  chart(grid, 'Open files and threads', [{ label: 'files', points: time.sample('open_files') }, { label: 'threads', points: time.sample('threads') }]);
  chart(grid, 'Context switches per second', [{ label: 'switches/s', points: time.slope('context_switches') }]);
  chart(grid, 'Read and written', [
    { label: 'read', points: time.slope('read_bytes', 1e6) }, { label: 'written', points: time.slope('written_bytes', 1e6) },
  ], { y: 'MB/s' });
  chart(grid, 'Latency histogram', [{ label: 'requests', points: load.latency_histogram.map(([x, y]) => ({ x, y })) }],
    { type: 'bar', x: 'ms, up to', labels: load.latency_histogram.map(([x]) => number(x, 2)) });
  chart(grid, 'Latency by percentile', [{ label: 'ms', points: load.latency_curve.map(([x, y]) => ({ x, y })) }],
    { x: 'percentile', y: 'ms', labels: load.latency_curve.map(([x]) => String(x)), log: true });
  const details = element(content, 'details');
  element(details, 'summary', 'Command and summary');
  element(details, 'pre', '$ ' + load.command + '\n\n' + load.summary);
}

document.getElementById('about').textContent = `${data.date} · ${data.machine} · ${number(data.users)} users, ${number(data.requests)} requests a protocol`;
if (data.partial) {
  const note = document.getElementById('partial');
  note.hidden = false;
  note.textContent = 'Partial: not every load ran to its end.';
}
for (const protocol of ['HTTP', 'gRPC']) {
  if (!data.targets.some(target => target.loads.some(load => load.protocol === protocol))) continue;
  element(content, 'h2', 'Comparison: ' + protocol);
  table(content, protocol);
}
for (const target of data.targets) for (const load of target.loads) section(target, load);
paint();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);
document.body.dataset.ready = 'true';
