import { check } from 'k6';
import http from 'k6/http';
import { Counter } from 'k6/metrics';
const c = new Counter('my counter'.replace(' ', '_'));
export const options = { vus: 2, duration: '1s', thresholds: { my_counter: ['count>1000000'], 'http_reqs{a:b}': ['count<1'], http_req_waiting: ['p(50)<1000', 'avg<1000'] }, setupTimeout: '2s', minIterationDuration: '300ms' };
export default function () { c.add(2.5); http.get('http://127.0.0.1:23780/json'); check(1, { one: (x) => x === 1 }); }
export function handleSummary(data) {
  const keys = (o) => (o && typeof o === 'object' ? Object.keys(o).sort() : o);
  const out = { top: keys(data), metrics: keys(data.metrics), options: data.options, state: keys(data.state), root: keys(data.root_group), thr: data.metrics.my_counter.thresholds, one: data.root_group.checks, type: data.metrics.http_req_waiting.type, contains: data.metrics.http_req_waiting.contains, vkeys: keys(data.metrics.http_req_waiting.values) };
  return { stdout: JSON.stringify(out, null, 1) + '\n', 'out/dir.txt': 'x', 'sum.json': JSON.stringify(out), stderr: 'to err\n' };
}
