// The passes over the top level, and what the stages may see.
import exec from 'k6/execution';
import { SharedArray } from 'k6/data';
import { Counter } from 'k6/metrics';
const T = (n, f) => { try { console.log(n, JSON.stringify(f())); } catch (e) { console.log(n, 'throws', e.name, e.message); } };
console.log('top level', __VU);
const sa = new SharedArray('n', () => [{ a: 1 }, { a: 2 }, 'x', [1]]);
T('shared', () => [sa.length, sa[0], sa[3], sa[9] === undefined, sa.map((x) => x), [...sa], sa.indexOf('x'), Object.keys(sa), Array.isArray(sa), sa.slice(1, 2)]);
T('set', () => { sa[0] = 5; }); T('push', () => sa.push(1)); T('no name', () => new SharedArray('', () => [])); T('no function', () => new SharedArray('x')); T('no list', () => new SharedArray('y', () => ({}))); T('text', () => new SharedArray('z', () => 's')); T('same', () => new SharedArray('n', () => [9]).length); T('throws', () => new SharedArray('q', () => { throw new Error('inside'); })); T('async', () => new SharedArray('as', async () => [1]));
T('vu', () => exec.vu.idInTest); T('scenario', () => exec.scenario.name); T('options', () => exec.test.options.vus);
const c = new Counter('cc');
export const options = { scenarios: { one: { executor: 'per-vu-iterations', vus: 1, iterations: 1, tags: { a: 'b' }, env: { E: '1' } } } };
export default function () {
  const s = exec.scenario; T('scenario', () => [s.name, s.executor, s.iterationInInstance, s.iterationInTest, typeof s.startTime]); T('vu', () => [exec.vu.idInInstance, exec.vu.idInTest, exec.vu.iterationInInstance, exec.vu.iterationInScenario, __VU, __ITER]);
  T('bad tag', () => { exec.vu.metrics.tags.q = {}; }); T('metadata', () => { exec.vu.metrics.metadata.m = 5; return exec.vu.metrics.metadata; }); T('instance', () => [exec.instance.iterationsInterrupted, exec.instance.vusActive]);
  for (const v of [1, -1, 0, '5', 'x', '', '0', true, false, null, undefined, NaN, {}, [], [3], 1.5, new Date(5)]) T('add ' + JSON.stringify(v), () => c.add(v)); T('tags', () => c.add(1, { a: {} })); T('late', () => new SharedArray('late', () => []));
  console.log(['a\nb', '"q"'], { t: "it's\t" }, new Date('bad'), [new Date(0)]); console.log('\u200b\ufeff\u00a0\u3000\u2028 é ✓ 😀 \u{e0001}');
}
export function handleSummary(d) { T('summary', () => Object.keys(d).sort()); T('instance', () => exec.instance.vusActive); return {}; }
