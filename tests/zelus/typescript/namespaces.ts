// Namespaces with values: merged, nested, with classes, functions and enums of their name; what blocks of one name export is seen in each.
namespace A { export class A { static v = 1; self() { return A.v + other; } } export const other = 2; }
namespace A { export const p = 1, { r } = { r: 2 }, rest = { t: 3 }; export let l1 = 1, l2 = 2; l1++; }
namespace A { export function* gen() { yield p; yield other; } export async function asy() { return { other, p, r }; } export abstract class Ab { abstract x(): void; go() { return l1; } } }
namespace A { export enum Colour { Red = 1, Green } export const enum Size { S = 'small' } }
namespace A { export function shadow(other: number) { const p = 9; return [other, p, Colour.Green, Size.S, l2 + 5]; } { let other = 100; (globalThis as any).blocked = other; } (globalThis as any).unblocked = other; }
namespace A.Deep { export const up = other + 1; export namespace Er { export const most = up + p; } }
namespace A.Deep.Er { export const sum = most + up + other; }
namespace T { export interface X { a: number } export type Y = X; }
namespace T2 { interface X { a: number } namespace Inner { export type Q = 1 } }
namespace E1 {}
namespace V { const hidden = 1 }
export namespace Pub { export const a = 1; export function over(x: string): void; export function over(x: number): void; export function over(x: any) { return x; } export declare const none: number; export type Z = number; export interface I { b: Z } }
export namespace Pub { export const b = a + 1; export import C = A.Deep; import D = A.Deep.Er; export const d = D.most; }
namespace N1 { namespace Priv { export const v = 1 } namespace Priv { export const w = v + 1 } export const sum = Priv.v + Priv.w; export let count = 0; export function inc() { count++; return count; } }
N1.count = 10;
class Merged { x = 1; } namespace Merged { export const of = () => new Merged(); export const tag = 'm'; }
enum En { A = 1 } namespace En { export function parse(s: string) { return En[s as any]; } }
const bits = 1 >> 2; namespace Shift { export const a = 256 >> 2; export const b = -1 >>> 28; export const re = /ab>>c/.test('ab>>c'); export const t = `x${a >> 1}`; }
namespace Loop { export const fs: (() => number)[] = []; for (let i = 0; i < 3; i++) fs.push(() => i); export const total = fs.map((f) => f()).reduce((a, b) => a + b, 0); }
namespace This { export const o = { other: 1, m() { return this.other; }, get g() { return 1; }, ['c' + 1]: 2 }; export var undef: number; }
var namespace = 5; namespace = 6; const module = { exports: {} as any }; module.exports.x = namespace;
const log = (...v: any[]) => console.log(JSON.stringify(v));
export default async function () {
  log(new A.A().self(), A.other, A.p, A.r, A.rest, A.l1, A.l2, [...A.gen()], A.Colour, A.Size.S, A.shadow(1), A.l2, (globalThis as any).blocked, (globalThis as any).unblocked, A.Deep.up, A.Deep.Er.most, A.Deep.Er.sum);
  log(await A.asy(), new (class extends A.Ab { x() {} })().go());
  log(Pub, Pub.over(1), Pub.C.up, N1.sum, N1.inc(), N1.count, Merged.of().x, Merged.tag, En.parse('1'), Shift, Loop.total, This.o.m(), This.o.g, bits, module.exports.x, V);
  log(Object.keys(A), Object.keys(Pub), Object.keys(N1), Object.keys(En));
}
