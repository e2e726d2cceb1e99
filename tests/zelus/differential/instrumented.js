// A library that measures requests sets the functions of k6/http; every importer calls what it set.
import http, { get, post as sent } from 'k6/http';
import * as all from 'k6/http';
import html, { parseHTML } from 'k6/html';
import k6, { check } from 'k6';

const required = require('k6/http');
function instrument() {
  const { request } = required;
  required.get = (url, params, ...more) => request('GET', url, null, { ...params, headers: { Traceparent: '00-1' } }, ...more);
  required.post = (url, body) => request('POST', url, `instrumented ${body}`);
}
console.log(required === http, required.default === undefined, typeof require('k6').check, require('k6/html') === html);
console.log(get === http.get, all.get === get, sent === required.post, parseHTML === html.parseHTML);
instrument();
console.log(get === http.get, all.get === get, sent === required.post, JSON.stringify(Object.keys(http).slice(0, 3)) === JSON.stringify(Object.keys(required).slice(0, 3)));
console.log(JSON.stringify(Object.getOwnPropertyDescriptor(http, 'get')), Object.getOwnPropertyDescriptor(http, 'get').value === get);
html.parseHTML = () => 'parsed';
http.more = 1;
k6.check = () => 'checked';
console.log(parseHTML('<a>'), required.more, check === k6.check, k6.check());

export default function () {
  console.log(get('http://127.0.0.1:23780/json').request.headers.Traceparent, http.get('http://127.0.0.1:23780/json').status, sent('http://127.0.0.1:23780/body', 'x').body);
  console.log(http.get('http://127.0.0.1:23780/json', {}, 'one too many').status, http.head('http://127.0.0.1:23780/json', {}, 1, 2).status);
  http.put = null;
  console.log(all.put, required.put);
  console.log(JSON.stringify(http.batch([['GET', 'http://127.0.0.1:23780/json']]).map((r) => r.status)));
}
