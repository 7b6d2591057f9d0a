/** What pages in a real browser can do to the engine: nothing, unless their origin was allowed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { type Served, serve, until } from '../api/serve.ts';
import { type Site, startChromium, startSite } from './chromium.ts';

let browser: Browser;
let site: Site;
before(async () => {
  [browser, site] = await Promise.all([startChromium(), startSite()]);
});
after(async () => {
  await browser.close();
  await site[Symbol.asyncDispose]();
});

const originOf = (name: string): string => `http://${name}:${site.port}`;
const allowing = (origins: '*' | readonly string[]) => serve({ tcp: true, browsers: { origins, names: [] } });
const engineAt = ({ port }: Served, name = '127.0.0.1'): string => `http://${name}:${port}`;

/** A page of the site, under the name that its origin is to have. */
async function pageOf(name: string, { port } = site): Promise<Page & AsyncDisposable> {
  const page = await browser.newPage();
  await page.goto(`http://${name}:${port}`);
  return Object.assign(page, { [Symbol.asyncDispose]: () => page.close() });
}

/** The part of a request's options that is used here. */
interface Init {
  readonly method?: string;
  readonly mode?: 'no-cors';
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly referrerPolicy?: 'no-referrer';
  readonly credentials?: 'include';
}

/** What a page learns of a request: the answer, or that the browser kept it away. */
const fetched = (page: Page, url: string, init: Init = {}): Promise<string> =>
  page.evaluate(
    ([address, options]) =>
      fetch(address, options).then(
        async (answer) => `${answer.status} ${answer.type} ${(await answer.text()).slice(0, 20)}`,
        (error) => error.name,
      ),
    [url, init] as const,
  );

/** What a page learns of a WebSocket on which it says `hello`. */
const talked = (page: Page, url: string): Promise<string> =>
  page.evaluate(
    (address) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(address);
        socket.binaryType = 'arraybuffer';
        socket.onopen = () => socket.send('hello');
        socket.onmessage = ({ data }) => {
          socket.close();
          resolve(`heard ${new TextDecoder().decode(data)}`);
        };
        socket.onerror = () => resolve('refused');
      }),
    url.replace('http:', 'ws:'),
  );

const attach = (served: Served): string =>
  `${engineAt(served)}/containers/web/attach/ws?stream=1&stdin=1&stdout=1`;

for (const name of ['evil.example', 'localhost', '127.0.0.1'])
  test(`without CORS a page of ${name} reads nothing and changes nothing`, async () => {
    await using served = await serve({ tcp: true });
    await using page = await pageOf(name);
    const engine = engineAt(served);
    for (const url of ['/containers/json', '/_ping', '/v1.10/version'])
      assert.equal(await fetched(page, `${engine}${url}`), 'TypeError', url);
    const simple: Init = { method: 'POST', mode: 'no-cors' };
    for (const url of [
      '/containers/web/kill',
      '/v1.12/containers/web/stop',
      '/images/create?fromImage=busybox',
    ])
      assert.equal(await fetched(page, `${engine}${url}`, simple), '0 opaque ', url);
    const typed = { ...simple, headers: { 'Content-Type': 'text/plain' }, body: '{"Image":"busybox"}' };
    assert.equal(await fetched(page, `${engine}/v1.10/containers/create`, typed), '0 opaque ');
    const strict = { ...simple, referrerPolicy: 'no-referrer' } as const;
    assert.equal(await fetched(page, `${engine}/containers/web/kill`, strict), '0 opaque ');
    assert.equal(await fetched(page, `${engine}/containers/web`, { method: 'DELETE' }), 'TypeError');
    assert.equal(await talked(page, attach(served)), 'refused');
    assert.deepEqual(served.calls, []);
  });

test('forms, images and frames of a foreign page change nothing', async () => {
  await using served = await serve({ tcp: true });
  await using page = await pageOf('evil.example');
  const engine = engineAt(served);
  const answers: number[] = [];
  page.on('response', (response) => {
    if (response.url().startsWith(engine)) answers.push(response.status());
  });
  // The image's: of what is none a page hears nothing.
  page.on('requestfailed', () => answers.push(0));
  await page.setContent(
    `<img src="${engine}/images/get?names=busybox"><iframe src="${engine}/info"></iframe><iframe name=f></iframe>
     <form method=post target=f enctype=text/plain action="${engine}/containers/web/kill"><input name=a value=b></form>
     <script>document.forms[0].submit()</script>`,
  );
  await until(() => answers.length === 3);
  assert.deepEqual(answers.sort(), [0, 403, 403]);
  assert.deepEqual(served.calls, []);
});

test('SC-WEB-02: a page whose name was pointed to the engine is refused, though its origin is that name', async () => {
  await using served = await serve({ tcp: true });
  await using own = await startSite();
  await using page = await pageOf('evil.example', own);
  own.pointTo(served.port);
  for (const [url, method] of [
    ['/containers/json', 'GET'],
    ['/containers/web/kill', 'POST'],
    ['/containers/web', 'DELETE'],
  ] as const)
    assert.match(await fetched(page, url, { method }), /^403 basic/, url);
  assert.deepEqual(served.calls, []);
});

test('a page of an allowed origin reads, and writes, puts and deletes after a preflight', async () => {
  await using served = await allowing([originOf('console.example')]);
  await using page = await pageOf('console.example');
  const engine = engineAt(served);
  assert.match(await fetched(page, `${engine}/containers/json`), /^200 cors \[\{"Id"/);
  assert.match(await fetched(page, `${engine}/v1.2/containers/json`), /^200 cors \[\{"Id"/);
  assert.match(await fetched(page, `${engine}/nowhere`), /^404 cors /);
  const json = { 'Content-Type': 'application/json' };
  const made = { method: 'POST', headers: json, body: '{"Image":"busybox"}' };
  assert.match(await fetched(page, `${engine}/containers/create`, made), /^201 cors /);
  const put = { method: 'PUT', headers: { 'Content-Type': 'application/x-tar' }, body: 'archive' };
  assert.match(await fetched(page, `${engine}/containers/web/archive?path=/`, put), /^200 cors /);
  assert.match(await fetched(page, `${engine}/containers/web?force=1`, { method: 'DELETE' }), /^204 cors /);
  assert.deepEqual(
    served.calls.map(([verb]) => verb),
    ['list', 'list', 'create', 'putArchive', 'remove'],
  );
});

test('an allowed page reads what a container writes as an answer that goes on', async () => {
  await using served = await allowing([originOf('console.example')]);
  await using page = await pageOf('console.example');
  const url = `${engineAt(served)}/v1.4/containers/web/attach?stream=1&stdout=1`;
  assert.equal(await fetched(page, url, { method: 'POST' }), '200 cors nobody types[12 byte');
});

test('an allowed page attaches to a container: it hears the output of what it types', async () => {
  await using served = await allowing([originOf('console.example'), 'https://other.example']);
  await using page = await pageOf('console.example');
  assert.equal(await talked(page, attach(served)), 'heard hello');
});

test('a page of another origin than the allowed one is refused as ever', async () => {
  await using served = await allowing([originOf('console.example')]);
  await using page = await pageOf('evil.example');
  const engine = engineAt(served);
  assert.equal(await fetched(page, `${engine}/containers/json`), 'TypeError');
  assert.equal(
    await fetched(page, `${engine}/containers/web/kill`, { method: 'POST', mode: 'no-cors' }),
    '0 opaque ',
  );
  assert.equal(await fetched(page, `${engine}/containers/web`, { method: 'DELETE' }), 'TypeError');
  assert.equal(await talked(page, attach(served)), 'refused');
  assert.deepEqual(served.calls, []);
});

test('with * every page may, but none with credentials', async () => {
  await using served = await allowing('*');
  await using page = await pageOf('any.example');
  const engine = engineAt(served);
  assert.match(await fetched(page, `${engine}/containers/json`), /^200 cors /);
  assert.equal(await talked(page, attach(served)), 'heard hello');
  assert.equal(await fetched(page, `${engine}/containers/json`, { credentials: 'include' }), 'TypeError');
});

test('an address that somebody types is shown', async () => {
  await using served = await serve({ tcp: true });
  await using page = await browser
    .newPage()
    .then((made) => Object.assign(made, { [Symbol.asyncDispose]: () => made.close() }));
  assert.equal((await page.goto(`${engineAt(served, 'localhost')}/version`))?.status(), 200);
});
