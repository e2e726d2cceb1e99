import http from "k6/http";
import { check, group, sleep } from "k6";
import { Counter, Gauge, Rate, Trend } from "k6/metrics";

export const options = { vus: 2, iterations: 6 };
const counter = new Counter("bought");
const gauge = new Gauge("stock");
const rate = new Rate("rates");
const trend = new Trend("basket");

export default function () {
  group("pages", () => {
    const page = http.get("http://127.0.0.1:23780/json", { tags: { kind: "json" } });
    check(page, { "is 200": (r) => r.status === 200, "has a body": (r) => r.body.length > 0, never: () => false });
    group("inner", () => check(null, { yes: true }, { flavour: "sweet" }));
  });
  http.post("http://127.0.0.1:23780/echo", JSON.stringify({ a: 1 }), { headers: { "Content-Type": "application/json" } });
  counter.add(2);
  gauge.add(4);
  rate.add(__ITER % 2 === 0);
  trend.add(12.5);
  sleep(0.01);
}
