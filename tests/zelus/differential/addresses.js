import http from "k6/http";

export const options = {
  iterations: 1,
  hosts: { "a.test": "127.0.0.1", "*.wild.test": "127.0.0.1:23780", "net.test": "10.1.2.3" },
  blockHostnames: ["Blocked.test", "*.evil.test"],
  blacklistIPs: ["10.0.0.0/8"],
};
export default function () {
  const show = (r) => console.log(r.status, r.error, r.error_code, r.remote_ip);
  show(http.get("http://a.test:23780/json"));
  show(http.get("http://x.wild.test/json"));
  show(http.get("http://blocked.test/"));
  show(http.get("http://a.evil.test/"));
  show(http.get("http://net.test/"));
}
