// Functions of the engine that each engine has in its own way: dates as text, cube roots, metrics taken apart.
import { Counter, Trend } from "k6/metrics";

export const options = { iterations: 1 };
const trend = new Trend("tt");
const { add } = new Counter("cc");

export default function () {
  const d = new Date(1e12);
  console.log(String(new Date(0)), `${d}`, d + "", d.toTimeString(), d.toDateString(), d.toUTCString());
  console.log(d.toLocaleString(), d.toLocaleDateString(), d.toLocaleTimeString(), d.toLocaleString("de-DE", { timeZone: "Asia/Tokyo" }));
  console.log(new Date(-1e14).toLocaleString(), new Date(1e15).toLocaleString(), String(new Date(-6.5e13)), new Date(-1).toLocaleTimeString());
  console.log(/ \(UTC\)$/.test(Date()), d.toISOString(), d.toJSON());
  for (const f of ["toString", "toTimeString", "toLocaleString", "toLocaleTimeString"]) console.log(f, new Date(NaN)[f](), Date.prototype[f].length, Date.prototype[f].name);
  console.log(Math.cbrt(27), Math.cbrt(-8), Math.cbrt(1000), Math.cbrt(2), Math.cbrt(0.001), Math.cbrt(1e300), Math.cbrt(5e-324), Math.cbrt("x"), Math.cbrt(Infinity), 1 / Math.cbrt(-0));
  console.log(add(1), add.call(undefined, 2, { a: "b" }), [3, 4].map(add), Object.keys(trend), trend.hasOwnProperty("add"), trend.add.length);
  console.log([1, 2, 3].every((x) => trend.add(x)), trend);
}
