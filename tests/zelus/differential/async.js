import http from 'k6/http';
import { check, group, fail } from 'k6';
import { Trend } from 'k6/metrics';
const t = new Trend('async_time');
export const options = { vus: 1, iterations: 3, thresholds: { async_time: ['p(95)<1'], iterations: ['count>2'] }, summaryTrendStats: ['min', 'max'] };
const later = (ms, v) => new Promise((ok) => setTimeout(() => ok(v), ms));
export default async function () {
  const [a, b] = await Promise.all([http.asyncRequest('GET', 'http://127.0.0.1:23780/json'), later(5, 'b')]);
  check(a, { 'async ok': (r) => r.status === 200 });
  console.log(b, a.status);
  t.add(0.5);
  const settled = await Promise.allSettled([Promise.reject(new Error('x')), later(1, 2), Promise.any([Promise.reject(1), later(2, 3)])]);
  console.log(JSON.stringify(settled.map((s) => [s.status, s.value, String(s.reason)])));
  if (__ITER === 1) throw new TypeError('in async');
  if (__ITER === 2) fail('failed here');
  try { await group('g', async () => 1); } catch (e) { console.log(String(e)); }
  let i = 0; const id = setInterval(() => { if (++i === 3) clearInterval(id); }, 1);
}
