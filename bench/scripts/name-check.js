// The memory row's script: the experiment's HTTP job with the answer's name checked.
import http from 'k6/http';
import { check } from 'k6';

const name = 'abcdefghijklmnopqrstuvwxyz'.repeat(2);

export default function () {
  const res = http.get(`${__ENV.BASE_URL}/helloworld/${name}`);
  check(res, { 'status is 200': (r) => r.status === 200 });
}
