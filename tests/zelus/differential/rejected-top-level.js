export const options = { iterations: 1 };
Promise.reject(new TypeError('at the top'));
export default function () { console.log('never'); }
