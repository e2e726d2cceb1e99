import http from 'k6/http';
import { check } from 'k6';
export const options = { iterations: 2, vus: 1, noCookiesReset: true, maxRedirects: 3, userAgent: 'own/1.0', noConnectionReuse: false, discardResponseBodies: true,
  systemTags: ['status', 'method', 'url', 'name', 'expected_response', 'error_code', 'scenario'] };
http.setResponseCallback(http.expectedStatuses(200, { min: 300, max: 399 }, 404));
export default function () {
  const jar = http.cookieJar();
  jar.set('http://127.0.0.1:23780/', 'k', 'v', { path: '/', max_age: 600 });
  let r = http.get('http://127.0.0.1:23780/cookie', { responseType: 'text', cookies: { one: '1', two: { value: '2', replace: true } } });
  console.log(r.body, JSON.stringify(Object.entries(r.request.cookies).sort()), JSON.stringify(Object.entries(jar.cookiesForURL('http://127.0.0.1:23780/')).sort()));
  r = http.get(http.url`http://127.0.0.1:23780/status/${404}`);
  console.log(r.status, r.body, r.error_code, r.error, r.url);
  r = http.get('http://127.0.0.1:23780/status/500', { tags: { name: 'five' }, responseCallback: http.expectedStatuses(500) });
  console.log(r.status, r.error_code, r.status_text, r.proto);
  r = http.get('http://127.0.0.1:23780/status/503', { responseCallback: null });
  r = http.get('http://127.0.0.1:23780/redirect', { redirects: 2 });
  console.log(r.status, r.url, r.headers['Location']);
  r = http.get('http://127.0.0.1:23780/redirect');
  console.log(r.status, r.url);
  r = http.get('http://127.0.0.1:23780/json', { responseType: 'binary' });
  console.log(r.body instanceof ArrayBuffer, r.body.byteLength > 0);
  const rs = http.batch({ a: 'http://127.0.0.1:23780/json', b: ['POST', 'http://127.0.0.1:23780/echo', { x: 1, y: [2, 3] }, { responseType: 'text', tags: { t: 'b' } }], c: { method: 'PUT', url: 'http://127.0.0.1:23780/echo', body: 'z' } });
  console.log(Object.keys(rs).sort().join(), rs.a.body, rs.b.status, rs.c.status, JSON.stringify(rs.a.timings.duration >= 0));
  check(rs, { all: (x) => Object.values(x).every((y) => y.status === 200) });
  console.log(typeof jar.clear, jar.delete('http://127.0.0.1:23780/', 'k'), JSON.stringify(Object.entries(jar.cookiesForURL('http://127.0.0.1:23780/')).sort()));
}
