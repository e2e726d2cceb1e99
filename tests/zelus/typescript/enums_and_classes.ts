// Enums and classes: constant texts have no mapping back, members refer to others, parameter properties are set before the constructor's body.
enum S { A = 'a', B = `b`, C = 'c' + 'd', D = `x${A}y`, E = A + B, F = (A), G = <any>'q', H = 'r' as any, I = A.length, J = S.A, K = S['B'] }
enum M { A = 1, B = -A, C = ~B, D = A | B, E = 'x'.length, F = Math.max(1, 2), G = 4, 'quoted name' = 3, H, NaN = 5, I = A ? 1 : 2, J = 1.5, L }
enum Empty {}
enum Merged { A = 1 }
enum Merged { B = 2 }
declare enum Gone { A }
const enum Inline { A = 1 << 3, B = A | 1, T = 't' }
class P {
  static n = 1;
  x = 1;
  constructor(private v: number, public readonly w = 2, y?: string) {
    console.log('body', this.v, y);
  }
  z: number;
  declare d: string;
  q = this.v;
  abstract?: number;
}
class Q extends P {
  constructor(public extra: string) {
    super(1);
    console.log(this.extra);
  }
}
abstract class G<T> {
  #priv = 2;
  static { (this as any).made = 1; }
  get p(): number { return this.#priv; }
  m?(): void;
  readonly [key: string]: any;
  static readonly r?: number = 5;
  constructor();
  constructor(a?: any) {}
  abstract todo(): T;
}
class H extends G<string> { override todo() { return 'done'; } }
function over(a: string): string;
function over(a: any) { return a; }
const generic = <T,>(x: T): x is NonNullable<T> => true as boolean;
const asynchronous = async <T extends object = {}>(x: T) => x!;
export default async function () {
  console.log(JSON.stringify([S, M, Empty, Merged, Inline.A, Inline.B, Inline.T, M[3], M['quoted name']]));
  console.log(JSON.stringify([new P(1), new Q('e'), P.n, G.r, (G as any).made, new H().p, new H().todo(), over('o'), generic(1), await asynchronous({ a: 1 })]));
  console.log(Object.keys(new P(1)).join(), Object.keys(new Q('f')).join());
}
