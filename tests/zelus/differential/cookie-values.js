import http from "k6/http";
const B = "http://127.0.0.1:23780";
export const options = { hosts: { "*.example.com": "127.0.0.1", "example.com": "127.0.0.1" } };
const sent = (url, params) => {
  const r = http.get(url, params);
  return JSON.stringify([r.json().headers.Cookie, r.request.headers.Cookie, r.request.cookies.v && r.request.cookies.v[0].value]);
};
const shown = (name, run) => {
  try {
    console.log(name, run());
  } catch (e) {
    console.log(name, "throws", e.name, e.message);
  }
};
export default function () {
  for (const value of ["plain", "q u", '"q u"', "a,b", 'a;b,"c é', "a\\b", "a\nb", "", '"', "a b=c"]) {
    const jar = new http.CookieJar();
    jar.set(B, "v", value);
    shown(`jar ${value}`, () => sent(`${B}/echo`, { jar }));
    shown(`param ${value}`, () => sent(`${B}/echo`, { jar: new http.CookieJar(), cookies: { v: value } }));
  }
  for (const v of [{}, { value: "x" }, { value: undefined }, { value: null }, [], [1], 5, 1.5, true, null, undefined])
    shown(`param ${JSON.stringify(v)}`, () => sent(`${B}/echo`, { jar: new http.CookieJar(), cookies: { v } }));
  for (const domain of [".example.com", "example.com", "a.example.com", "..example.com", ".", "EXAMPLE.com", "example.org"]) {
    const jar = new http.CookieJar();
    shown(`domain ${domain}`, () => jar.set("http://a.example.com/", "v", "1", { domain }));
    for (const host of ["a.example.com", "b.example.com", "example.com"])
      shown(`domain ${domain} at ${host}`, () => JSON.stringify(jar.cookiesForURL(`http://${host}/`)));
  }
  for (const host of ["127.0.0.1", "localhost", "a.localhost", "example.com"]) {
    const jar = new http.CookieJar();
    jar.set(`http://${host}/`, "v", "1", { secure: true });
    shown(`secure at ${host}`, () => JSON.stringify([jar.cookiesForURL(`http://${host}/`), jar.cookiesForURL(`https://${host}/`)]));
  }
  for (const options of [{}, { path: "/" }, { path: "/x" }, { domain: "example.com" }]) {
    const jar = new http.CookieJar();
    const url = "http://a.example.com/x/y";
    jar.set(url, "v", "1", options);
    jar.delete(url, "v");
    shown(`deleted ${JSON.stringify(options)}`, () => JSON.stringify(jar.cookiesForURL(url)));
    jar.clear(url);
    shown(`cleared ${JSON.stringify(options)}`, () => JSON.stringify(jar.cookiesForURL(url)));
  }
  for (const expires of ["Wed, 01 Jan 2031 00:00:00 GMT", "Wed, 01 Jan 2031 00:00:00 CET", "Wed, 01 Jan 2020 00:00:00 GMT", "x", "", null])
    shown(`expires ${expires}`, () => {
      const jar = new http.CookieJar();
      jar.set(B, "v", "1", { expires });
      return JSON.stringify(jar.cookiesForURL(B));
    });
  const refused = http.get(`${B}/echo`, { jar: new http.CookieJar(), cookies: { v: "1" }, timeout: -1 });
  console.log(refused.error, JSON.stringify(refused.request.cookies), JSON.stringify(refused.request.headers.Cookie));
}
