// What http's functions make of arguments that are odd or wrong.
import http from 'k6/http';
const B = 'http://127.0.0.1:23780';
export const options = { iterations: 1 };
const T = (n, f) => { try { console.log(n, JSON.stringify(f())); } catch (e) { console.log(n, 'throws', e.name, e.message); } };
const short = (r) => [r.status, r.error_code, r.error, r.url];
const sent = (r) => { const j = r.json(); return [j.method, j.body, j.headers['Content-Type'], j.headers['Content-Length'], j.headers.Host]; };
export default async function () {
  T('get', () => http.request('get', B + '/echo').status); 
  T('num', () => http.request(5, B + '/echo').status); T('none', () => short(http.request())); T('get none', () => short(http.get())); T('get body', () => http.request('GET', B + '/echo', 'bd').json().body);
  T('del', () => sent(http.del(B + '/echo'))); T('bad method', () => short(http.request('FOO bar', B + '/')));
  T('callback', () => short(http.get(B, { responseCallback: () => true }))); T('none', () => http.expectedStatuses()); T('bad', () => http.expectedStatuses('x')); T('half', () => http.expectedStatuses({ min: 1 }));
  T('set bad', () => http.setResponseCallback(5)); T('set undefined', () => http.setResponseCallback(undefined)); T('set null', () => http.setResponseCallback(null)); T('set', () => http.setResponseCallback(http.expectedStatuses(404, { min: 200, max: 299 })));
  for (const redirects of [0, -1, 'x', '1', 0.9, undefined, null]) T('redirects ' + redirects, () => short(http.get(B + '/redirect', { redirects })));
  for (const timeout of ['1s', 100, '100', -1, 0, '0', 'x', null, undefined, {}, true, '1h2m', Infinity, NaN]) T('timeout ' + timeout, () => http.get(B + '/json', { timeout }).error);
  for (const responseType of ['text', 'binary', 'none', 'TEXT', '', null, undefined, 5]) T('type ' + responseType, () => { const r = http.get(B + '/json', { responseType }); return [short(r), typeof r.body, r.body && r.body.byteLength]; });
  for (const p of [{ tags: { a: {} } }, { tags: null }, { tags: undefined }, { tags: [1] }, { compression: 'x' }, { compression: undefined }, { headers: { 'a b': '1' } }, { headers: 5 }, { headers: undefined }, { jar: null }, { jar: 5 }, { auth: undefined }, { auth: 'x' }, { throw: undefined }, { responseCallback: undefined }, { cookies: undefined }, { cookies: 5 }, { foo: 5 }, 'x', 5, [1], () => 1]) {
    T('get ' + JSON.stringify(p) + (typeof p === 'object' ? Object.keys(p) : ''), () => short(http.get(B + '/json', p))); T('post', () => short(http.post(B + '/json', 'x', p)));
  }
  T('headers', () => { const h = http.get(B + '/echo', { headers: { a: null, b: undefined, c: [1, 2], d: { x: 1 } } }).json().headers; return [h.A, h.B, h.C, h.D]; });
  const own = new http.CookieJar(); T('date', () => own.set(B, 'e', '1', { expires: 'Mon, 02 Jan 2040 15:04:05 MST' })); T('past', () => own.set(B, 'f', '1', { expires: 'Mon, 02 Jan 2006 15:04:05 MST' })); T('own jar', () => own.cookiesForURL(B));
  const jar = http.cookieJar(); jar.clear(B); jar.set(B, 'a', 'jar');
  T('cookie', () => http.get(B + '/cookie', { cookies: { a: 'param' } }).body); T('replaced', () => http.get(B + '/cookie', { cookies: { a: { value: 'param', replace: true } } }).body); T('own', () => http.get(B + '/cookie', { cookies: { z: 'z' }, headers: { Cookie: 'own=1' } }).body); T('null cookie', () => http.get(B + '/cookie', { cookies: { n: null, m: undefined } }).body);
  T('sent', () => { const c = http.get(B + '/cookie', { cookies: { a: 'param' } }).request.cookies; return Object.keys(c).sort().map((k) => c[k]); });
  T('url num', () => short(http.get(5))); T('url obj', () => short(http.get({}))); T('url obj', () => short(http.get({ a: 1, b: [1, 'x'] }))); T('url null', () => short(http.get(null))); T('url list', () => short(http.get(['x', 1])));
  T('template', () => short(http.get(http.url`${B}/json?x=${1}`))); T('template', () => String(http.url`a${1}b`)); T('scheme', () => short(http.get('ftp://x/'))); T('no scheme', () => short(http.get('/x'))); T('no host', () => short(http.get('http:///x'))); T('fragment', () => short(http.get(B + '/json#f?x'))); T('user', () => short(http.get(B.replace('//', '//u:p@') + '/redirect'))); T('digest', () => short(http.get(B.replace('//', '//u:p@') + '/redirect', { auth: 'digest' })));
  T('object', () => sent(http.post(B + '/echo', { a: 1, b: [1, 2], d: true, e: { x: 1, a: [1, null] } }))); T('list', () => short(http.post(B + '/echo', ['a']))); T('number', () => short(http.post(B + '/echo', 5))); T('buffer', () => sent(http.post(B + '/echo', new Uint8Array([65, 66]).buffer))); T('bytes', () => sent(http.post(B + '/echo', new Uint8Array([65, 66])))); T('type', () => sent(http.post(B + '/echo', { a: 1 }, { headers: { 'content-type': 'x/y' } }))); T('date', () => short(http.post(B + '/echo', new Date(0)))); T('function', () => short(http.post(B + '/echo', () => 1)));
  const late = http.get(B + '/slow?s=2', { timeout: 100 }); T('late', () => [short(late), late.remote_ip, late.remote_port > 0]); const refused = http.get('http://127.0.0.1:1/'); T('refused', () => [short(refused), refused.remote_ip, refused.remote_port]);
  for (const bad of [null, undefined, 5, 'str', true, 1.5, () => 5, [5], [null], [['GET']], [{}], { a: null }, [[]], [B + '/', 1], [B + '/', 1, B + '/'], [B + '/', 'http://bad url/'], [['GET', B + '/', null, { timeout: 'x' }]], [[5, B]], [{ method: 5, url: B }], [{ url: null }], [{ url: undefined }], [{ method: 'GET' }], [['FOO bar', B + '/']], [['get', B + '/json']], [{ method: 'get', url: B + '/json' }]])
    T('batch ' + JSON.stringify(bad), () => { const r = http.batch(bad); return Array.isArray(r) ? r.map((x) => x && short(x)) : Object.keys(r).map((k) => [k, short(r[k])]); });
  T('body in an array', () => sent(http.batch([['GET', B + '/echo', 'body']])[0])); T('body in an object', () => sent(http.batch([{ url: B + '/echo', body: 'q' }])[0])); T('dropped', () => sent(http.batch([{ method: 'get', url: B + '/echo', body: 'q' }])[0]));
  T('two arguments', () => http.batch([], 5)); T('no argument', () => http.batch());
  try { const r = await http.asyncRequest('GET', 'http://127.0.0.1:1/'); console.log('async', r.status, r.error); } catch (e) { console.log('async', e.message); }
}
