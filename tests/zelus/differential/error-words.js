const object = { i: 5, s: "x", n: null, u: undefined, a: [1], d: {} };
const constant = 1;
let unset;
class A {
  #p = 1;
  static read(x) {
    return x.#p;
  }
}
const cases = {
  member: () => object.f(),
  "member of a member": () => object.d.f(1, object.i ? 2 : 3),
  "member by text": () => object["f"](),
  "optional members before": () => object.d.x?.y ?? object.d.f(),
  "of a text": () => "x".nope(),
  "of a number": () => (5).nope(),
  "a number": () => object.i(),
  "a text": () => object.s(),
  null: () => object.n(),
  element: () => object.a[0](),
  variable: () => unset(),
  object: () => object(),
  "member of null": () => object.n.x,
  "member of undefined": () => object.u.x,
  "call on null": () => object.n.x(),
  "call on undefined": () => object.u.x(),
  "assign to null": () => (object.n.x = 1),
  "new undefined": () => new object.f(),
  "new number": () => new object.i(),
  "new arrow": () => new (() => 1)(),
  constant: () => {
    constant = 2;
  },
  frozen: () => {
    Object.freeze({ x: 1 }).x = 2;
  },
  early: () => {
    later;
    let later = 1;
  },
  "iterate a number": () => {
    for (const x of 5);
  },
  "iterate undefined": () => [...undefined],
  "take a number apart": () => {
    const [a] = 5;
  },
  "take undefined apart": () => {
    const { a } = undefined;
  },
  "class without new": () => A(),
  "private member": () => A.read({}),
  "callback is a number": () => [1].map(5),
  "callback is an object": () => [1].find({}),
  bigint: () => JSON.stringify(10n),
  circular: () => {
    const c = {};
    c.c = c;
    JSON.stringify(c);
  },
  "reduce nothing": () => [].reduce((a, b) => a),
  "bad time": () => new Date(NaN).toISOString(),
  surrogate: () => encodeURIComponent("\ud800"),
  GoError: () => {
    throw new GoError("own");
  },
};
for (const text of ["", "{a", "<html>", "[1,]", '{"a":}', '{"a"', "tru", "1 2", "{} x", '"a', '{"a":1,}', "01", '{"a":1 "b"}', "NaN"])
  cases[`JSON ${text}`] = () => JSON.parse(text);
export default function () {
  for (const [name, run] of Object.entries(cases)) {
    try {
      run();
      console.log(name, "nothing");
    } catch (e) {
      console.log(name, e.name, e.message, e instanceof Error);
    }
  }
  console.log(typeof GoError, GoError.name, GoError.length, GoError.prototype.name, Object.keys(globalThis).includes("GoError"));
  object.d.f();
}
