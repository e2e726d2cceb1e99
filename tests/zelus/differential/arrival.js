import { sleep } from 'k6';
import exec from 'k6/execution';
export const options = { discardResponseBodies: true, scenarios: {
  c: { executor: 'constant-arrival-rate', rate: 10, timeUnit: '1s', duration: '1s', preAllocatedVUs: 2, maxVUs: 4, tags: { s: 'c' } },
  r: { executor: 'ramping-vus', startVUs: 1, stages: [{ duration: '500ms', target: 2 }, { duration: '300ms', target: 0 }], gracefulRampDown: '0s', exec: 'slow', startTime: '1s' },
  v: { executor: 'constant-vus', vus: 1, duration: '500ms', exec: 'slow', gracefulStop: '0s' } },
  thresholds: { 'iterations{scenario:c}': ['count>=10'], dropped_iterations: ['count<1'] } };
export default function () { if (exec.scenario.iterationInTest === 3) console.warn('three', exec.scenario.progress >= 0, exec.instance.vusActive > 0, exec.test.options.scenarios.c.executor); }
export function slow() { sleep(0.25); }
