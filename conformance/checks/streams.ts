/** Streams: attach, WebSocket, logs, stats, events and execs, as each version frames and types them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { FrameReader } from '../../src/formats/frames.ts';
import { converse } from '../../test/raw/hijack.ts';
import { type Check, check, type Probe } from '../probe.ts';
import { noContainer } from '../texts.ts';

type Doc = Record<string, unknown>;

/** No stream of a check takes longer. */
const TIMEOUT_MS = 30_000;
const SPOKEN = 'cat; echo out; echo err >&2';
const WITH_STREAMS = {
  OpenStdin: true,
  StdinOnce: true,
  AttachStdin: true,
  AttachStdout: true,
  AttachStderr: true,
};
const ALL = 'stream=1&stdin=1&stdout=1&stderr=1';

/** What a framed output says on both streams. */
function unframed(output: Buffer): { out: string; err: string } {
  const said = { out: '', err: '' };
  for (const { stream, payload } of new FrameReader().push(output))
    said[stream === 'stderr' ? 'err' : 'out'] += payload.toString();
  return said;
}

/** Output of a process without a terminal: framed from 1.6 on, both streams in one before. */
function holds(probe: Probe, output: Buffer, out: string, err: string): void {
  if (probe.minor >= 6) {
    assert.deepEqual(unframed(output), { out, err });
    return;
  }
  const text = output.toString();
  for (const part of [out, err]) assert.ok(text.includes(part), `${JSON.stringify(text)} lacks ${part}`);
  assert.equal(text.length, out.length + err.length, 'nothing but the streams is sent below 1.6');
}

/** The events of what was done since a moment. */
async function eventsSince(probe: Probe, since: number, more = ''): Promise<string> {
  const until = Math.floor(Date.now() / 1000) + 1;
  // Below 1.11 no client can say when to end.
  if (probe.minor >= 11) {
    const answer = await probe.api.get(`/events?since=${since}&until=${until}${more}`);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['content-type'], 'application/json');
    return answer.text;
  }
  const socket = probe.api.connect();
  try {
    socket.write(`GET ${probe.api.path(`/events?since=${since}`)} HTTP/1.0\r\n\r\n`);
    let text = '';
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    const end = Date.now() + TIMEOUT_MS;
    while (!text.includes('"die"') && Date.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 20));
    assert.match(text, /^HTTP\/1\.[01] 200 OK\r\n(?:.+\r\n)*Content-Type: application\/json\r\n/i);
    return text.slice(text.indexOf('\r\n\r\n') + 4);
  } finally {
    socket.destroy();
  }
}

const attaches: readonly Check[] = [
  check('ContainerAttach', 'streams go both ways behind the documented head', async (probe) => {
    const id = await probe.running({ Cmd: ['sh', '-c', SPOKEN], ...WITH_STREAMS });
    const { head, output } = await converse(probe.api, `/containers/${id}/attach?${ALL}`, [], 'typed\n');
    assert.match(head, /^HTTP\/1\.1 200 OK\r\nContent-Type: application\/vnd\.docker\.raw-stream(?:\r\n|$)/);
    assert.doesNotMatch(head, /Transfer-Encoding|Content-Length/i);
    holds(probe, output, 'typed\nout\n', 'err\n');
  }),
  check('ContainerAttach', 'who asks to upgrade gets 101 from 1.17', async (probe) => {
    const id = await probe.running({ Cmd: ['sh', '-c', SPOKEN], ...WITH_STREAMS });
    const upgrade = ['Connection: Upgrade', 'Upgrade: tcp'];
    const { head, output } = await converse(probe.api, `/containers/${id}/attach?${ALL}`, upgrade, 'typed\n');
    if (probe.minor >= 17)
      assert.match(
        head,
        /^HTTP\/1\.1 101 UPGRADED\r\nContent-Type: application\/vnd\.docker\.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp$/,
      );
    else assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
    holds(probe, output, 'typed\nout\n', 'err\n');
  }),
  check('ContainerAttach', 'logs=1 shows what was said before, from the start', async (probe) => {
    const id = await probe.ended('echo out; echo err >&2');
    const query = 'logs=1&stdout=1&stderr=1';
    const { output } = await converse(probe.api, `/containers/${id}/attach?${query}`, [], '');
    holds(probe, output, 'out\n', 'err\n');
  }),
  check('ContainerAttach', 'a terminal is never framed', async (probe) => {
    const id = await probe.running({ Cmd: ['sh', '-c', 'sleep 0.3; echo said'], Tty: true });
    const query = 'logs=1&stream=1&stdout=1';
    const { output } = await converse(probe.api, `/containers/${id}/attach?${query}`, [], '');
    assert.equal(output.toString(), 'said\r\n');
  }),
  check(
    'ContainerAttach',
    'a paused one is refused',
    async (probe) => {
      const id = await probe.running();
      assert.equal((await probe.api.post(`/containers/${id}/pause`)).status, 204);
      const answer = await probe.api.post(`/containers/${id}/attach?stream=1&stdout=1`);
      probe.failed('ContainerAttach', answer, 409, /is paused.* [Uu]npause the container before attach/);
    },
    { from: 22 },
  ),
  check('ContainerAttachWebsocket', 'sends what is typed, and never frames', async (probe) => {
    const id = await probe.running({ Cmd: ['sh', '-c', 'read line; echo got $line'], ...WITH_STREAMS });
    const { socketPath, path } = webSocketAt(probe, `/containers/${id}/attach/ws?${ALL}`);
    const socket = new WebSocket(`ws+unix://${socketPath}:${path}`);
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      let said = '';
      let binary = false;
      socket.on('message', (bytes: Buffer, isBinary) => {
        said += bytes.toString();
        binary ||= isBinary;
      });
      await once(socket, 'open', { signal });
      socket.send('typed\n');
      await once(socket, 'close', { signal });
      assert.equal(said, 'got typed\n');
      assert.equal(binary, false, 'messages are texts');
    } finally {
      socket.terminate();
    }
  }),
  check('ContainerAttachWebsocket', 'of an unknown container', async (probe) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    };
    const answer = await probe.api.get('/containers/nobody/attach/ws?stream=1', { headers });
    probe.failed('ContainerAttachWebsocket', answer, 404, noContainer('nobody'));
  }),
];

function webSocketAt(probe: Probe, path: string): { socketPath: string; path: string } {
  return { socketPath: probe.api.socketPath, path: probe.api.path(path) };
}

const logs: readonly Check[] = [
  check('ContainerLogs', 'are framed, in an ordinary body', async (probe) => {
    const id = await probe.ended('echo out; echo err >&2');
    const answer = await probe.api.get(`/containers/${id}/logs?stdout=1&stderr=1`);
    probe.succeeded('ContainerLogs', answer);
    assert.deepEqual(unframed(answer.bytes), { out: 'out\n', err: 'err\n' });
    const one = await probe.api.get(`/containers/${id}/logs?stderr=1`);
    assert.deepEqual(unframed(one.bytes), { out: '', err: 'err\n' });
  }),
  check('ContainerLogs', 'times before lines have the form of the version', async (probe) => {
    const id = await probe.ended('echo out');
    const answer = await probe.api.get(`/containers/${id}/logs?stdout=1&timestamps=1`);
    const [stamp, rest] = probe.since(
      [11, [/^\[?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\.\d{3}\]? /, 'out\n'] as const],
      [14, [/^\[?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z\]? /, 'out\n'] as const],
    );
    const { out } = unframed(answer.bytes);
    assert.match(out, stamp);
    assert.equal(out.replace(stamp, ''), rest);
  }),
  check('ContainerLogs', 'of no stream', async (probe) => {
    const id = await probe.ended('echo out');
    const answer = await probe.api.get(`/containers/${id}/logs`);
    if (probe.minor >= 13)
      return probe.failed(
        'ContainerLogs',
        answer,
        400,
        'Bad parameters: you must choose at least one stream',
      );
    assert.equal(answer.status, 200);
    assert.match(answer.text, /Error: You must choose at least one stream\n?$/);
  }),
  check(
    'ContainerLogs',
    'tail counts lines',
    async (probe) => {
      const id = await probe.ended('echo 1; echo 2; echo 3');
      const answer = await probe.api.get(`/containers/${id}/logs?stdout=1&tail=2`);
      assert.equal(unframed(answer.bytes).out, '2\n3\n');
    },
    { from: 13 },
  ),
  check(
    'ContainerLogs',
    'since leaves out what is older',
    async (probe) => {
      const id = await probe.ended('echo 1');
      const later = Math.floor(Date.now() / 1000) + 100;
      const answer = await probe.api.get(`/containers/${id}/logs?stdout=1&since=${later}`);
      assert.equal(answer.bytes.length, 0);
    },
    { from: 19 },
  ),
  check('ContainerLogs', 'follow goes on to the end', async (probe) => {
    const id = await probe.running({ Cmd: ['sh', '-c', 'echo 1; sleep 0.3; echo 2'] });
    const answer = await probe.api.get(`/containers/${id}/logs?stdout=1&follow=1`);
    assert.equal(unframed(answer.bytes).out, '1\n2\n');
  }),
];

const others: readonly Check[] = [
  check('ContainerStats', 'samples of a running container', async (probe) => {
    const id = await probe.running();
    if (probe.minor >= 19) {
      const answer = await probe.api.get(`/containers/${id}/stats?stream=0`);
      assert.equal(answer.headers['content-type'], 'application/json');
      const [sample] = probe.messages('ContainerStats', answer.text);
      assert.ok(Number((sample?.memory_stats as Doc | undefined)?.usage) > 0);
      return;
    }
    const gone = new AbortController();
    const { promise, resolve } = Promise.withResolvers<string>();
    const socket = probe.api.connect();
    gone.signal.addEventListener('abort', () => socket.destroy());
    let text = '';
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      if (/\r\n\r\n[\s\S]*\}\n/.test(text)) resolve(text);
    });
    socket.once('close', () => resolve(text));
    socket.write(`GET ${probe.api.path(`/containers/${id}/stats`)} HTTP/1.0\r\n\r\n`);
    const told = await promise;
    gone.abort();
    assert.match(told, /^HTTP\/1\.[01] 200 OK\r\n/);
    const line = told.slice(told.indexOf('\r\n\r\n') + 4).split('\n')[0] ?? '';
    const [sample] = probe.messages('ContainerStats', line);
    assert.equal('precpu_stats' in (sample ?? {}), false);
    assert.equal('network' in (sample ?? {}), true);
  }),
  check('Events', 'tell what happened to a container', async (probe) => {
    const since = Math.floor(Date.now() / 1000);
    const id = await probe.ended('true');
    const text = await eventsSince(probe, since);
    const told = probe
      .messages('Events', text)
      .filter((event) => String(event.id).startsWith(id.slice(0, 12)));
    const statuses = told.map(({ status }) => status);
    for (const status of ['create', 'start', 'die'])
      assert.ok(statuses.includes(status), `${statuses.join()} lacks ${status}`);
    assert.equal('from' in (told[0] ?? {}), probe.minor >= 4);
    assert.equal('timeNano' in (told[0] ?? {}), probe.minor >= 21);
    if (probe.minor >= 22) assert.deepEqual([told[0]?.Type, told[0]?.Action], ['container', 'create']);
    assert.equal(/\}\{/.test(text), probe.minor < 19, 'what stands between two events');
  }),
  check(
    'Events',
    'filters choose',
    async (probe) => {
      const since = Math.floor(Date.now() / 1000);
      const id = await probe.ended('true');
      const filters = encodeURIComponent(JSON.stringify({ container: [id], event: ['die'] }));
      const told = probe.messages('Events', await eventsSince(probe, since, `&filters=${filters}`));
      assert.deepEqual(
        told.map(({ status, id: of }) => [status, of]),
        [['die', id]],
      );
    },
    { from: 16 },
  ),
];

const created = async (probe: Probe, id: string, config: Doc): Promise<string> => {
  const answer = await probe.api.post(`/containers/${id}/exec`, config);
  return probe.succeeded<{ Id: string }>('ExecCreate', answer).Id;
};

const execs: readonly Check[] = [
  check('ExecCreate', 'tells an id', async (probe) => {
    const id = await probe.running();
    assert.match(await created(probe, id, { Cmd: ['true'] }), /^[0-9a-f]{64}$/);
  }),
  check('ExecCreate', 'in a container that does not run', async (probe) => {
    const id = await probe.create();
    const answer = await probe.api.post(`/containers/${id}/exec`, { Cmd: ['true'] });
    probe.failed('ExecCreate', answer, probe.since([15, 500], [21, 409]), [
      [15, `Container ${id} is not running`],
    ]);
  }),
  check('ExecCreate', 'in a paused container', async (probe) => {
    const id = await probe.running();
    assert.equal((await probe.api.post(`/containers/${id}/pause`)).status, 204);
    const answer = await probe.api.post(`/containers/${id}/exec`, { Cmd: ['true'] });
    const words = `Container ${id} is paused, unpause the container before exec`;
    probe.failed('ExecCreate', answer, probe.since([15, 500], [21, 409]), words);
  }),
  check(
    'ExecCreate',
    'without a command',
    async (probe) => {
      const id = await probe.running();
      const answer = await probe.api.post(`/containers/${id}/exec`, { Cmd: [] });
      assert.equal(answer.status, probe.since([20, 500], [24, answer.status]));
      probe.says(answer, /^No exec command specified$/i);
    },
    { from: 20 },
  ),
  check('ExecCreate', 'in an unknown container', async (probe) => {
    const answer = await probe.api.post('/containers/nobody/exec', { Cmd: ['true'] });
    probe.failed('ExecCreate', answer, 404, noContainer('nobody'));
  }),
  check('ExecStart', 'streams go both ways', async (probe) => {
    const id = await probe.running();
    const streams = { AttachStdin: true, AttachStdout: true, AttachStderr: true };
    const exec = await created(probe, id, { Cmd: ['sh', '-c', SPOKEN], ...streams });
    const body = '{"Detach":false,"Tty":false}';
    const headers = ['Content-Type: application/json', `Content-Length: ${body.length}`];
    const { head, output } = await converse(probe.api, `/exec/${exec}/start`, headers, 'typed\n', body);
    assert.match(head, /^HTTP\/1\.1 200 OK\r\nContent-Type: application\/vnd\.docker\.raw-stream(?:\r\n|$)/);
    assert.deepEqual(unframed(output), { out: 'typed\nout\n', err: 'err\n' });
  }),
  check(
    'ExecStart',
    'who asks to upgrade gets 101',
    async (probe) => {
      const id = await probe.running();
      const exec = await created(probe, id, { Cmd: ['echo', 'out'], AttachStdout: true });
      const body = '{}';
      const headers = [
        'Content-Type: application/json',
        'Content-Length: 2',
        'Connection: Upgrade',
        'Upgrade: tcp',
      ];
      const { head, output } = await converse(probe.api, `/exec/${exec}/start`, headers, '', body);
      assert.match(
        head,
        /^HTTP\/1\.1 101 UPGRADED\r\nContent-Type: application\/vnd\.docker\.raw-stream\r\n/,
      );
      assert.equal(unframed(output).out, 'out\n');
    },
    { from: 17 },
  ),
  check('ExecStart', 'detached', async (probe) => {
    const id = await probe.running();
    const exec = await created(probe, id, { Cmd: ['true'] });
    const answer = await probe.api.post(`/exec/${exec}/start`, { Detach: true });
    assert.equal(answer.status, probe.since([15, 204], [21, 200]), answer.text);
    assert.equal(answer.text, '');
  }),
  check('ExecStart', 'of an unknown exec', async (probe) => {
    const answer = await probe.api.post('/exec/nobody/start', { Detach: true });
    probe.failed('ExecStart', answer, 404, "No such exec instance 'nobody' found in daemon");
  }),
  check('ExecResize', 'a terminal takes a new size', async (probe) => {
    const id = await probe.running();
    const exec = await created(probe, id, { Cmd: ['sleep', '60'], Tty: true, AttachStdout: true });
    const started = await probe.api.post(`/exec/${exec}/start`, { Detach: true, Tty: true });
    assert.ok(started.status < 300, started.text);
    probe.succeeded('ExecResize', await probe.api.post(`/exec/${exec}/resize?h=20&w=30`));
  }),
  check('ExecResize', 'of an unknown exec', async (probe) => {
    const answer = await probe.api.post('/exec/nobody/resize?h=20&w=30');
    probe.failed('ExecResize', answer, 404, "No such exec instance 'nobody' found in daemon");
  }),
  check('ExecInspect', 'tells of an exec that has ended', async (probe) => {
    const id = await probe.running();
    const exec = await created(probe, id, { Cmd: ['sh', '-c', 'exit 6'], AttachStdout: true });
    await converse(
      probe.api,
      `/exec/${exec}/start`,
      ['Content-Type: application/json', 'Content-Length: 2'],
      '',
      '{}',
    );
    const told = probe.succeeded<Doc>('ExecInspect', await probe.api.get(`/exec/${exec}/json`));
    assert.deepEqual([told.ID, told.Running, told.ExitCode], [exec, false, 6]);
    if (probe.minor >= 22) assert.equal(told.ContainerID, id);
    else assert.equal((told.Container as Doc).ID ?? (told.Container as Doc).Id, id);
  }),
  check('ExecInspect', 'of an unknown exec', async (probe) => {
    const answer = await probe.api.get('/exec/nobody/json');
    probe.failed('ExecInspect', answer, 404, "No such exec instance 'nobody' found in daemon");
  }),
];

export const streams: readonly Check[] = [...attaches, ...logs, ...others, ...execs];
