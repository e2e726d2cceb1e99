import http from "k6/http";

export const options = { iterations: 1 };
export default function () {
  const show = (r) => console.log(r.status, r.error, r.error_code);
  show(http.get("http://127.0.0.1:1/"));
  show(http.get("http:// bad url"));
  show(http.get("http://127.0.0.1:23780/slow?s=2", { timeout: 100 }));
  show(http.get("http://no-such-host.invalid/"));
  show(http.get("http://127.0.0.1:23780/status/503"));
  show(http.get("http://127.0.0.1:23780/status/404", { responseCallback: http.expectedStatuses(404) }));
  http.get("http://127.0.0.1:1/", { throw: true });
}
