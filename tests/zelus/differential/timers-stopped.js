// Timers that are left when an iteration ends early: by gracefulStop, an exception, a rejection.
import { sleep } from "k6";

const once = (exec, startTime) => ({ executor: "per-vu-iterations", exec, startTime, maxDuration: "1s", gracefulStop: "0s" });
const cut = (exec, startTime) => ({ executor: "constant-vus", vus: 1, exec, startTime, duration: "1s", gracefulStop: "0s" });
export const options = { scenarios: { a: cut("waits", "0s"), b: cut("sleeps", "1200ms"), c: once("throws", "2400ms"), d: once("rejects", "2600ms"), e: once("ends", "2800ms") } };

function begin() {
  setTimeout(() => console.log("never"), 20000);
  setInterval(() => console.log("never"), 10000);
  clearTimeout(setTimeout(() => console.log("never"), 5000));
}
export function waits() {
  begin();
}
export function sleeps() {
  begin();
  sleep(10);
}
export function throws() {
  begin();
  throw new Error("thrown");
}
export async function rejects() {
  begin();
  await null;
  throw new Error("rejected");
}
export function ends() {
  setTimeout(() => console.log("ended"), 10);
}
