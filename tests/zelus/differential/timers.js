import { setTimeout as later } from "k6/timers";
import { b64encode, b64decode } from "k6/encoding";
import { SharedArray } from "k6/data";

const shared = new SharedArray("list", () => [{ a: 1 }, { a: 2 }]);
export const options = { iterations: 1 };
export default async function () {
  const order = [];
  setTimeout(() => order.push("45"), 45);
  later(() => order.push("10"), 10);
  const every = setInterval(() => {
    order.push("i");
    if (order.length > 3) clearInterval(every);
  }, 30);
  await new Promise((resolve) => setTimeout(resolve, 200));
  console.log(order.join(), shared.length, shared[1].a, b64encode("é"), b64decode("aGk=", "std", "s"));
  console.log({ a: [1, "x", null], b: undefined }, [], new Error("e"), new Uint8Array([1, 2]));
}
