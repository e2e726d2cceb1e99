// Nothing of a script runs any more once its iteration is interrupted: no catch, no finally.
import { group } from 'k6';

function scenario(exec) {
  return { executor: 'constant-vus', vus: 1, duration: '1500ms', gracefulStop: '0s', exec };
}
export const options = { scenarios: { loop: scenario('loop'), nested: scenario('nested'), generator: scenario('generator'), promise: scenario('promise'), timer: scenario('timer') } };

function guarded(name, work) {
  try {
    work();
    console.log(name, 'after');
  } catch (e) {
    console.log(name, 'catch');
  } finally {
    console.log(name, 'finally');
  }
}

export function loop() {
  guarded('loop', () => { for (;;); });
}
export function nested() {
  guarded('outer', () => guarded('inner', () => [1].forEach(() => group('g', () => { while (true) JSON.stringify({}); }))));
}
export function generator() {
  function* endless() {
    try {
      for (;;) yield 1;
    } finally {
      console.log('return');
    }
  }
  guarded('generator', () => { for (const one of endless()) if (one === 2) break; });
}
export async function promise() {
  try {
    for (;;) await null;
  } finally {
    console.log('promise finally');
  }
}
export async function timer() {
  try {
    await new Promise((resolve) => setTimeout(resolve, 60000));
  } finally {
    console.log('timer finally');
  }
}
export function teardown() {
  console.log('teardown');
}
