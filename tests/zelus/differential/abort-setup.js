import exec from 'k6/execution';
export const options = { iterations: 1 };
export function setup() { exec.test.abort('in setup'); }
export default function () { console.log('never'); }
export function teardown() { exec.test.abort('in teardown'); }
export function handleSummary() { return { stdout: 'summary\n' }; }
