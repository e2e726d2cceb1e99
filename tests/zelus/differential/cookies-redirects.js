import http from "k6/http";

export const options = { iterations: 2, maxRedirects: 4 };
export default function () {
  const jar = http.cookieJar();
  jar.set("http://127.0.0.1:23780/", "mine", "1", { path: "/" });
  const r = http.get("http://127.0.0.1:23780/redirect");
  console.log(r.status, r.url.replace(/:\d+/, ""), Object.keys(jar.cookiesForURL("http://127.0.0.1:23780/")).sort().join());
  const stays = http.get("http://127.0.0.1:23780/redirect", { redirects: 0 });
  console.log(stays.status, stays.headers.Location);
  console.log(http.get("http://127.0.0.1:23780/echo", { cookies: { more: "2", mine: { value: "3", replace: true } } }).status);
}
