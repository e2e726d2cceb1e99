// An everyday script: one request with tags, five checks in three groups.
import http from 'k6/http';
import { check, group } from 'k6';

const base = __ENV.BASE_URL || 'http://127.0.0.1:8080';

export default function () {
  let res;
  group('request', () => {
    res = http.get(`${base}/helloworld/kratos`, { tags: { kind: 'hello', step: 'first' } });
    check(res, { 'status is 200': (r) => r.status === 200 }, { kind: 'hello' });
  });
  group('head', () => {
    check(res, {
      'has a content type': (r) => r.headers['Content-Type'] === 'application/json',
      'has a date': (r) => r.headers.Date !== undefined,
    });
  });
  group('body', () => {
    check(res, {
      'is not empty': (r) => r.body.length > 0,
      'greets': (r) => r.body.includes('Hello'),
    });
  });
}
