// Parses an answer of about 5 KB of JSON and looks at a part of it.
import http from 'k6/http';
import { check } from 'k6';

const base = __ENV.BASE_URL || 'http://127.0.0.1:8080';

export default function () {
  const items = http.get(`${base}/items`).json().items;
  check(items, { 'all are there': (list) => list.length === 40 && list[39].id === 39 });
}
