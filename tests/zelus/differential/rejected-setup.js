export const options = { iterations: 1 };
export function setup() { Promise.reject(new Error('nobody listens')); }
export default function () { console.log('never'); }
export function handleSummary() { Promise.reject(new Error('nor here')); return { stdout: 'summary\n' }; }
