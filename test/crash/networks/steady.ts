/** Conversations that outlive the daemon: one through a published port, one between containers; no byte of either is lost. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import type { Gantry } from '../../harness/gantry.ts';
import { subnetAt } from '../../harness/subnets.ts';
import { until } from '../../harness/until.ts';

/** A line every few milliseconds, for as long as the restarts take. */
const BETWEEN_MS = 5;
const END = 'end\n';

/** How much was said on each. @throws AssertionError when a byte is lost or doubled */
export async function runSteady(
  gantry: Gantry,
  restarts: number,
): Promise<{ published: number; between: number }> {
  const api = gantry.api();
  await api.post('/networks/create', { Name: 'steady', IPAM: { Config: [{ Subnet: subnetAt(3) }] } });
  const run = (name: string, script: string, ...more: readonly string[]) =>
    gantry.dockerOk('run', '-d', '--name', name, '--net', 'steady', ...more, 'busybox', 'sh', '-c', script);
  await run('echo', 'nc -ll -p 80 -e cat', '-p', '127.0.0.1::80');
  // Counts until it is told to stop; what comes back stands in a file.
  const count = 'i=0; while [ ! -e /stop ]; do i=$((i+1)); echo $i; usleep 5000; done; echo end';
  await run(
    'asks',
    `until nc -w 1 echo 80 < /dev/null; do usleep 50000; done; (${count}; sleep 2) | nc echo 80 > /said; touch /done; sleep 100000`,
  );
  const port = Number((await gantry.dockerOk('port', 'echo', '80')).split(':').at(-1));
  const conversation = await begin(port);
  const lines = 'wc -l </said 2>/dev/null || echo 0'; // the shell makes the file when the conversation begins
  await until(async () => Number(await gantry.dockerOk('exec', 'asks', 'sh', '-c', lines)) > 10);
  for (let i = 0; i < restarts; i++) {
    await gantry.kill9();
    await gantry.start();
  }
  const published = await conversation.end();
  await gantry.dockerOk('exec', 'asks', 'touch', '/stop');
  await until(async () => (await gantry.docker(['exec', 'asks', 'test', '-e', '/done'])).code === 0);
  const said = (await gantry.dockerOk('exec', 'asks', 'cat', '/said')).split('\n');
  assert.deepEqual(said.slice(-1), ['end']);
  assert.deepEqual(
    said.slice(0, -1),
    Array.from({ length: said.length - 1 }, (_, i) => String(i + 1)),
  );
  assert.ok(said.length > 10, 'they hardly spoke');
  return { published, between: said.length - 1 };
}

/** Talks with an echo until it is ended; then every byte must have come back once. */
async function begin(port: number): Promise<{ end(): Promise<number> }> {
  const socket = await until(() => connected(port));
  assert.ok(socket);
  let [sent, heard, count] = ['', '', 0];
  socket.setEncoding('utf8').on('data', (text: string) => {
    heard += text;
  });
  const say = (line: string): void => {
    sent += line;
    socket.write(line);
  };
  const timer = setInterval(() => say(`${++count}\n`), BETWEEN_MS);
  return {
    async end() {
      clearInterval(timer);
      say(END);
      await until(() => socket.destroyed || heard.endsWith(END));
      socket.destroy();
      assert.equal(heard, sent);
      return count;
    },
  };
}

/** Undefined: nobody listens yet. */
async function connected(port: number): Promise<net.Socket | undefined> {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return socket;
  } catch {
    return undefined;
  }
}
