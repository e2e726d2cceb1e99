import { Counter, Gauge, Rate, Trend } from "k6/metrics";

const c = new Counter("counts");
const g = new Gauge("gauges");
const r = new Rate("rates");
const t = new Trend("trends", true);
export const options = { iterations: 3 };
export default function () {
  c.add(0.5);
  c.add("2");
  c.add(true);
  g.add(-3);
  g.add(5, { a: "b" });
  r.add(0);
  r.add(7);
  r.add(false);
  t.add(1e-7 * (__ITER + 1));
  t.add(3600000);
  console.log(c.add(NaN), c.name);
  try {
    c.add(1, { bad: {} });
  } catch (e) {
    console.log("threw");
  }
}
