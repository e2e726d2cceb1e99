import http from 'k6/http';
import { parseHTML } from 'k6/html';
const page = `<!DOCTYPE html>
<html lang="en"><head><title>A page</title><style>p > a { color: red }</style></head>
<body class="main wide">
<h1 id="top">Hello &amp; <b>good</b> day</h1>
<ul id="list"><li class="a first">one</li><li class="b">two</li><!-- note --><li class="a" data-count="3" data-on="true" data-some-name="x y" data-json='{"a":[1]}' data-null="null" data-f="1.5" data-z="007">three</li><li>four</li></ul>
<p>One <a href="/one?x=1&amp;y=2" title='it"s'>first</a> and <a href="two.html">second</a><br>end</p>
<form id="f" action="/go" method="post"><input name="user" value="ann"><input type="hidden" name="token" value="t&quot;1"><input type="password" name="pw">
<input type="checkbox" name="c1" checked><input type="checkbox" name="c2" value="yes"><input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked>
<select name="s"><option value="x">X</option><option selected>Y</option></select><select name="m" multiple><option value="1" selected>1</option><option value="2" selected>2</option><option>3</option></select><select name="e"><option>first</option><option>second</option></select>
<textarea name="t">some
text</textarea><input name="dis" value="no" disabled><input type="file" name="file"><input type="image" name="img"><input type="reset" name="res" value="r"><button name="btn" value="b">Go</button><input type="submit" name="sub" value="Send"><input value="unnamed"></form>
<div><div class="in"><span>deep</span></div><span>shallow</span></div><table><tr><td>1<td>2</table>
<script>if (a < b && c) x = "</p>";</script>
</body></html>`;
const show = (...a) => console.log(a.map((x) => x === undefined ? 'undefined' : typeof x === 'string' ? x : JSON.stringify(x)).join(' | '));
const tags = (s) => { const out = []; s.each((i, e) => out.push(e.nodeName() + (e.id() ? '#' + e.id() : ''))); return out.join(); };
const sorted = (o) => Object.entries(o).sort((a, b) => (a[0] < b[0] ? -1 : 1));
const attempt = (name, f) => { try { show(name, f()); } catch (e) { show(name, 'throws', e.name, e.message); } };
export const options = { iterations: 1 };
export default function () {
  const doc = parseHTML(page);
  const cases = {
    title: () => doc.find('title').text(),
    h1: () => [doc.find('h1').text(), doc.find('h1').html()],
    sizes: () => ['li', 'ul li', 'ul > li', 'li.a', '.a.first', 'li:first-child', 'li:last-child', 'li:nth-child(2)', 'li:nth-child(odd)', 'li:nth-child(2n+1)', 'li:nth-last-child(1)', 'li + li', 'li ~ li', 'a[href]', 'a[href^="/"]', 'a[href$=html]', 'a[href*=one]', "[class~=a]", '[lang|=en]', 'li:not(.a)', 'div:has(span)', 'li:contains(two)', 'h1, title', '*', '#list', 'ul#list', 'p > b', 'div div span', ':checked', ':disabled', 'input:enabled', ':input', 'option:checked', 'li:empty', 'br:empty', 'p:only-child', 'span:only-child', 'html:root', 'a:link', 'td:first-of-type', 'td:last-of-type', 'td:only-of-type', 'td:nth-of-type(2)', 'LI', 'li.A', '[data-count="3"]', '[data-count]', "[title='it\"s']", 'body.main.wide', 'li:nth-child(-n+2)', 'li:not(:first-child)', 'div > span', 'div>span', 'ul>li+li', 'input[type="radio"]:checked', 'nothing', '!!', '', 'li:', 'li::before', 'a[', 'li:nth-child(x)', '.', '#', '> li', 'li >', 'h1 b, h1', '[href!="two.html"]', 'a[href!="two.html"]', 'input[type=CHECKBOX i]', 'li:containsown(one)', 'ul:haschild(li)', '[data-some-name]','p *', 'body > *'].map((s) => s + '=' + doc.find(s).size()),
    attr: () => [doc.find('a').attr('href'), doc.find('a').attr('nope'), doc.find('a').attr('nope', 'dflt'), doc.find('nope').attr('href'), doc.find('input[checked]').attr('checked')],
    htmls: () => [doc.find('p').html(), doc.find('nope').html(), doc.find('br').html(), doc.find('ul').html(), doc.find('script').html(), doc.find('form textarea').html()],
    whole: () => doc.html(),
    texts: () => [doc.find('p').text(), doc.find('nope').text(), doc.find('script').text(), doc.find('li').text(), doc.find('li').eq(1).text()],
    children: () => [tags(doc.find('ul').children()), tags(doc.find('ul').children('.a')), doc.children().size(), doc.find('ul').contents().size(), tags(doc.find('ul').contents())],
    walk: () => { const li = doc.find('li'); return ['first', 'last', 'next', 'nextAll', 'prev', 'prevAll', 'parent', 'parents', 'siblings'].map((m) => m + '=' + tags(li.eq(1)[m]()) + '/' + li.eq(1)[m]().text().length); },
    walkSel: () => { const li = doc.find('li'); return [li.next('.b').size(), li.nextAll('.a').text(), li.prev('.b').text(), li.last().prevAll('.a').text(), li.parent('ul').size(), li.parents('body').size(), li.siblings('.a').size(), li.eq(3).prevAll().text(), li.eq(0).nextUntil('.b').size(), li.eq(0).nextUntil('li:last-child').text(), li.eq(3).prevUntil('.first').text(), tags(li.parentsUntil('html')), tags(li.eq(0).parentsUntil()), li.eq(0).nextUntil('li:last-child', '.b').text()]; },
    closest: () => [tags(doc.find('span').closest('div')), tags(doc.find('li').closest('li')), doc.find('li').closest('table').size()],
    eq: () => { const li = doc.find('li'); return [li.eq(0).text(), li.eq(-1).text(), li.eq(9).size(), li.get(1).textContent(), li.get(-1).textContent(), li.get(9) === undefined, li.get().length, li.slice(1).text(), li.slice(1, 3).text(), li.slice(-2).text(), li.first().text(), li.last().text(), li.toArray().length, li.toArray()[1].text()]; },
    filter: () => { const li = doc.find('li'); return [li.filter('.a').text(), li.not('.a').text(), li.filter((i, e) => i > 1).text(), li.not((i) => i > 1).text(), li.filter(doc.find('.b')).text(), li.not(doc.find('.b')).text(), li.is('.b'), li.is('p'), li.is((i, e) => e.text ? true : false), li.is(doc.find('.b')), doc.find('div').has('.in').size(), doc.find('div').has(doc.find('.in')).size(), li.filter('.a').end().size(), doc.find('ul').find('.a').end().size()]; },
    add: () => [doc.find('h1').add('title').size(), tags(doc.find('h1').add('li')), doc.find('h1').add(doc.find('p')).size(), doc.find('li').add('li').size()],
    index: () => [doc.find('.b').index(), doc.find('.b').index('li'), doc.find('li').index(doc.find('.b')), doc.find('nope').index(), doc.find('li').index(doc.find('p')), doc.find('li').index('ul')],
    map: () => [doc.find('li').map((i, s) => i + s.text()), doc.find('li').map(function (i, s) { return s.attr('class'); })],
    each: () => { const out = []; const r = doc.find('li').each((i, e) => { out.push(i + e.textContent() + e.nodeName()); return i < 1; }); out.push(r.size()); return out; },
    data: () => { const s = doc.find('li').eq(2); return [s.data('count'), s.data('on'), s.data('someName'), s.data('some-name'), s.data('json'), s.data('null'), s.data('f'), s.data('z'), s.data('nope'), sorted(s.data()), doc.find('li').data('count')]; },
    val: () => [doc.find('input').val(), doc.find('[name=c1]').val(), doc.find('[name=c2]').val(), doc.find('select').val(), doc.find('[name=m]').val(), doc.find('[name=e]').val(), doc.find('textarea').val(), doc.find('option').val(), doc.find('button').val(), doc.find('[name=pw]').val(), doc.find('p').val(), doc.find('nope').val(), doc.find('[name=e] option').val()],
    serialize: () => [doc.find('form').serialize(), doc.find('form').serializeArray(), sorted(doc.find('form').serializeObject()), doc.find('input').serialize(), doc.find('nope').serialize(), doc.find('p').serializeArray()],
    misc: () => [doc.size(), doc.find('li').size(), doc.url, typeof doc.find, doc.find('a').is('[title]'), parseHTML('<p>x').find('p').html(), parseHTML('').html(), parseHTML('just text').text(), parseHTML('<li>a<li>b').find('li').size(), parseHTML('<a href=x&amp;y>').find('a').attr('href'), parseHTML('<svg viewBox="0 0 1 1"><linearGradient/></svg>').html()],
    json: () => [typeof doc, String(doc), JSON.stringify(doc)],
    badArgs: () => parseHTML(),
    badArgs2: () => doc.find().size(),
    badArgs3: () => doc.eq().size(),
    badArgs4: () => doc.find(undefined).size(),
    badArgs5: () => doc.find(3).size(),
    badArgs6: () => doc.attr(),
    badArgs7: () => doc.find('li').filter(3).size(),
    badArgs8: () => doc.find('li').each(3),
    badArgs9: () => doc.find('li').map(3),
    badArgs10: () => parseHTML(12).text(),
    badArgs11: () => doc.find('li').each((i, e) => { throw new Error('mine'); }),
    findSel: () => [doc.find('ul').find(doc.find('.b')).text(), doc.find('p').find(doc.find('.b')).size()],
    findElement: () => doc.find('ul').find(doc.find('div').get(0)).text(),
    element: () => { const e = doc.find('ul').get(0); const d = doc.find('div').get(0); const a = doc.find('a').get(0); return [e.nodeName(), e.nodeType(), e.nodeValue(), e.id(), e.getAttribute('id'), e.getAttribute('x'), e.hasAttribute('id'), e.hasAttributes(), e.childElementCount(), e.children().length, e.childNodes().length, e.firstChild().nodeName(), e.lastElementChild().textContent(), e.firstElementChild().className(), e.firstElementChild().classList(), e.nextElementSibling().nodeName(), e.previousElementSibling().nodeName(), e.parentElement().nodeName(), e.parentNode().nodeName(), e.innerHTML().length, e.querySelector('.b').textContent(), e.querySelectorAll('li').length, e.matches('#list'), d.contains(doc.find('span').get(0)), d.contains(d), d.isSameNode(doc.find('div').get(0)), d.isEqualNode(d), e.selection().size(), e.toString(), String(e), e.lang(), e.attributes().id.value, e.getElementsByTagName('li').length, e.getElementsByClassName('a').length, e.ownerDocument().nodeName(), e.namespaceURI(), e.hasChildNodes(), a.href(), a.text(), a.textContent(), a.toString()]; },
    inputEl: () => { const i = doc.find('input').get(0), f = doc.find('form').get(0), s = doc.find('select').get(0), t = doc.find('textarea').get(0), o = doc.find('option').get(1); return [i.name(), i.value(), i.type(), i.form().id(), f.action(), f.method(), f.elements ? f.elements().length : 'none', s.name(), s.options().length, s.selectedIndex(), s.value(), t.value(), o.value(), o.selected(), o.text(), doc.find('[name=c1]').get(0).checked(), doc.find('[name=dis]').get(0).disabled()]; },
    textNode: () => { const n = doc.find('h1').contents().get(0); return [n.nodeName(), n.nodeType(), n.nodeValue(), n.textContent()]; },
  };
  for (const [name, f] of Object.entries(cases)) attempt(name, f);
  const home = http.get('http://127.0.0.1:23780/');
  attempt('response', () => [home.html().url, home.html('h1').text(), home.html('h1').size(), home.html('nope').size()]);
  attempt('click', () => home.clickLink().url);
  attempt('click with', () => home.clickLink({ selector: 'a', params: { tags: { name: 'link' } } }).json('name'));
  attempt('no link', () => home.clickLink({ selector: '.nope' }));
  attempt('no href', () => home.clickLink({ selector: 'h1' }));
  attempt('submit', () => home.submitForm().json('body'));
  attempt('fields', () => home.submitForm({ fields: { user: 'bob', more: 'a b' }, params: { headers: { 'X-A': '1' } } }).json('body'));
  const search = http.get('http://127.0.0.1:23780/search?q=old&x=y');
  attempt('submit by GET', () => search.submitForm().url);
  attempt('fields by GET', () => search.submitForm({ fields: { q: 'new', z: ['1', '2'] } }).url);
  attempt('values', () => [search.html('select').val(), search.html('form').serialize(), search.html('form').serializeArray()]);
  attempt('no form', () => home.submitForm({ formSelector: '#nope' }));
  attempt('no body', () => http.get('http://127.0.0.1:23780/', { responseType: 'none' }).html());
  attempt('json', () => http.get('http://127.0.0.1:23780/json').html().text());
}
