import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyFor, readProxy } from './proxies.ts';

const http = 'http://plain.proxy:3128';
const https = 'secure.proxy:3129';

const direct: readonly [none: string, url: string][] = [
  ['*', 'https://a.example/'],
  ['a.example', 'https://a.example/v2/'],
  ['a.example', 'https://b.a.example/'],
  ['.a.example', 'https://b.a.example/'],
  ['*.a.example', 'https://b.a.example/'],
  ['A.Example', 'https://a.example/'],
  [' x , a.example ', 'https://a.example/'],
  ['a.example:443', 'https://a.example/'],
  ['a.example:80', 'http://a.example/'],
  ['a.example:5000', 'https://a.example:5000/'],
  ['10.0.0.0/8', 'https://10.9.8.7/'],
  ['10.9.8.7', 'https://10.9.8.7:5000/'],
  ['10.9.8.7:5000', 'https://10.9.8.7:5000/'],
  ['fd00::/8', 'https://[fd12::1]/'],
  ['fd12:0::1', 'https://[fd12::1]/'],
  ['[fd12::1]:5000', 'https://[fd12::1]:5000/'],
  ['', 'http://localhost:5000/'],
  ['', 'https://127.9.9.9/'],
  ['', 'https://[::1]:5000/'],
];
for (const [none, url] of direct)
  test(`${url} is reached without a proxy, by ${JSON.stringify(none)}`, () =>
    assert.equal(proxyFor(new URL(url), { http, https, none }), undefined));

const proxied: readonly [none: string, url: string][] = [
  ['', 'https://a.example/'],
  ['.a.example', 'https://a.example/'],
  ['*.a.example', 'https://a.example/'],
  ['a.example', 'https://ba.example/'],
  ['a.example', 'https://a.example.org/'],
  ['a.example:5000', 'https://a.example/'],
  ['10.0.0.0/8', 'https://11.0.0.1/'],
  ['10.0.0.0/99', 'https://10.0.0.1/'],
  ['0.0.0.0/0', 'https://a.example/'],
  ['10.9.8.7', 'https://10.9.8.77/'],
  ['fd12::1', 'https://[fd12::2]/'],
  [',,', 'https://127.0.0.1.example/'],
];
for (const [none, url] of proxied)
  test(`${url} is reached by a proxy, for all of ${JSON.stringify(none)}`, () =>
    assert.equal(proxyFor(new URL(url), { http, https, none })?.host, 'secure.proxy:3129'));

test('each of the two schemes has its own proxy, or none', () => {
  assert.equal(proxyFor(new URL('http://a.example'), { http, https, none: '' })?.host, 'plain.proxy:3128');
  assert.equal(proxyFor(new URL('https://a.example'), { http, https: '', none: '' }), undefined);
});

test('a proxy is an address of HTTP or SOCKS; what is none is told', () => {
  for (const good of ['p:1', 'http://p', 'https://u:p@p:3', 'socks5://p:1080', '[::1]:3'])
    assert.ok(readProxy(good), good);
  for (const bad of ['', 'ftp://p', 'http://', 'a b', 'p:99999'])
    assert.equal(readProxy(bad), undefined, bad);
});
