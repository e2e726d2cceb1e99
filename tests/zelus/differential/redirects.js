import http from "k6/http";

const BASE = "http://127.0.0.1:23780", HOST = "127.0.0.1:23780";
const NAMES = ["Authorization", "Content-Encoding", "Content-Language", "Content-Location", "Content-Other", "Content-Type", "Referer", "X-A"];
const HEADERS = { "Content-Type": "a/b", "Content-Encoding": "x", "Content-Language": "y", "Content-Location": "z", "Content-Other": "o", "X-A": "1" };
const to = (code, url) => `${BASE}/to?code=${code}&u=${encodeURIComponent(url)}`;

// With maxRedirects among the options, stopping at it is not worth a warning.
export const options = { maxRedirects: 3, tags: { all: "yes" } };
function show(what, r) {
  let sent = "";
  if (r.status === 200) {
    const echo = r.json();
    sent = echo.method + " " + NAMES.map((name) => echo.headers[name]).join("|") + " " + echo.body;
  }
  console.log(what, r.status, r.url, r.error_code, r.error, r.headers.Location, sent);
}
export default function () {
  for (const code of [301, 302, 303, 307, 308]) {
    show(`get ${code}`, http.get(to(code, `${BASE}/echo`), { headers: HEADERS }));
    show(`post ${code}`, http.post(to(code, `${BASE}/echo`), "body", { headers: HEADERS }));
  }
  show("302, 307", http.post(to(302, to(307, `${BASE}/echo`)), "body", { headers: HEADERS }));
  show("307, 302", http.post(to(307, to(302, `${BASE}/echo`)), "body", { headers: HEADERS }));
  show("many", http.get(to(302, to(302, to(302, to(302, `${BASE}/echo`))))));
  for (const target of ["http://127.0.0.1:1/x", "ftp://127.0.0.1:1/x", "http://a b/", ":foo", "http://127.0.0.1:99999/", `${BASE}/status/404`]) show(target, http.get(to(302, target)));
  show("kept", http.get(to(302, ":foo"), { redirects: 0 }));
  for (const user of ["user", "user:", "user:pass", ":pass", "us%3Aer", "us%3Aer:p", ""]) {
    const asked = http.get(`http://${user}@${HOST}/echo`, { tags: { name: "user" } });
    show(user, asked);
    show("from " + user, http.get(`http://${user}@${HOST}/to?u=/echo`, { tags: { name: "user" } }));
  }
  show("to user", http.get(to(302, `http://u:p@${HOST}/to?u=/echo`)));
  show("own Referer", http.get(to(302, "/echo"), { headers: { Referer: "http://mine" } }));
}
