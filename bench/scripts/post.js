// Posts 10 KB of JSON.
import http from 'k6/http';
import { check } from 'k6';

const base = __ENV.BASE_URL || 'http://127.0.0.1:8080';
const body = JSON.stringify({ text: 'abcdefghijklmnop'.repeat(640) });
const params = { headers: { 'Content-Type': 'application/json' } };

export default function () {
  const res = http.post(`${base}/items`, body, params);
  check(res, { 'status is 200': (r) => r.status === 200 });
}
