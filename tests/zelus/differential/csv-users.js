import http from 'k6/http';
import { check, group, sleep } from 'k6';
import { SharedArray } from 'k6/data';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
import exec from 'k6/execution';
// The rows are in the script itself, as only that is copied.
function table() { return open('./script.js').split('/* CSV')[2].split('*/')[0]; }
function parseCsv(text) {
  const [head, ...rows] = text.trim().split(/\r?\n/);
  const names = head.split(',');
  return rows.map((row) => Object.fromEntries(row.split(',').map((v, i) => [names[i], v.replace(/^"|"$/g, '')])));
}
const users = new SharedArray('users', () => parseCsv(table()));
const bytes = open('./script.js', 'b');
const logins = new Counter('logins');
const size = new Gauge('csv_size');
const good = new Rate('good');
const took = new Trend('took', true);
export const options = {
  scenarios: {
    browse: { executor: 'per-vu-iterations', vus: 2, iterations: 3, tags: { kind: 'browse' }, env: { PATH_PART: 'a' } },
    buy: { executor: 'shared-iterations', vus: 1, iterations: 2, exec: 'buy', startTime: '500ms', gracefulStop: '1s' },
  },
  thresholds: {
    'http_req_duration{kind:browse}': ['p(95)<5000'],
    'checks{type:first}': ['rate>0.4'],
    good: [{ threshold: 'rate>0.1', abortOnFail: true, delayAbortEval: '5s' }],
    logins: ['count==6', 'rate>0'],
    took: ['avg<100', 'med<100', 'max<200', 'min>=0', 'p(99.9)<1000'],
    csv_size: ['value>0'],
    'http_req_failed{expected_response:true}': ['rate==0'],
    http_req_failed: ['rate<0.01'],
  },
  tags: { test: 'csv' },
  summaryTrendStats: ['avg', 'count', 'p(90)', 'p(99.99)'],
};
export function setup() { return { token: 't' + users.length, when: undefined, list: [1, { a: null }] }; }
export default function (data) {
  const user = users[(exec.vu.idInTest - 1 + exec.vu.iterationInScenario) % users.length];
  group('login', () => {
    const res = http.post('http://127.0.0.1:23780/echo', JSON.stringify({ user: user.name, data: data.token }), { headers: { 'Content-Type': 'application/json' }, tags: { step: 'login' } });
    check(res, { 'is 200': (r) => r.status === 200, 'has body': (r) => r.body.length > 0 }, { type: 'first' });
    group('inner', () => { check(user, { named: (u) => u.name.length > 2 }); });
    logins.add(1, { who: user.name });
  });
  size.add(bytes.byteLength > 100 ? 1 : 0);
  good.add(user.age > 30);
  took.add(Number(user.age) / 2);
  sleep(0.01);
}
export function buy(data) {
  console.log('buy', data.token, JSON.stringify(Object.entries(data).sort()), __ENV.PATH_PART, exec.scenario.name);
  check(null, { never: () => false });
}
export function teardown(data) { console.log('end', data.token); }
/* CSV
name,age
ann,31
bob,29
"cy d",44
*/
