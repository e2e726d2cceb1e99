// Small things that examples of k6's documentation rely on.
import exec from 'k6/execution';
import { SharedArray } from 'k6/data';
import { parseHTML } from 'k6/html';

for (const nothing of [undefined, null, {}, 'text', 5]) {
  try {
    new SharedArray(`of ${nothing}`, () => nothing);
  } catch (e) {
    console.log(String(e));
  }
}
const page = parseHTML("<p data-test-id='1' data-some-url='u' data-a-b-c='abc' data-oauth='o' data-x-oauth-json='j' data-plain='p' data-utf8='8' data-x-utf8='9' data-a_b='u'></p>").find('p');
const names = ['test-id', 'testId', 'testID', 'test_id', 'someURL', 'someUrl', 'aBC', 'a-b-c', 'oauth', 'OAuth', 'xOAuthJSON', 'plain', 'Plain', 'xUTF8', 'a_b', 'a-b', ''];
class Accessors {
  get size() { return new Error('get').stack; }
  set size(out) { out.push(new Error('set').stack); }
  get() { return new Error('method').stack; }
}
export default function () {
  console.log(Number.isInteger(exec.scenario.startTime), Math.abs(Date.now() - exec.scenario.startTime) < 60000);
  const data = page.data();
  console.log(JSON.stringify(Object.keys(data).sort().map((name) => [name, data[name]])));
  console.log(JSON.stringify(names.map((name) => [name, page.data(name)])));
  const stacks = [];
  new Accessors().size = stacks;
  console.log(new Accessors().size, stacks[0], new Accessors().get());
}
