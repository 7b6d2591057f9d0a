/**
 * What programs ask of dockerode, each call at each version of the API: `node calls.cjs SOCKET REGISTRY`, with the release
 * on NODE_PATH. Written with callbacks, which all releases since 2014 have. Prints a list of outcomes as JSON.
 */
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const { PassThrough } = require('node:stream');
const Docker = require('dockerode');

const [socketPath] = process.argv.slice(2);
const VERSIONS = ['v1.4', 'v1.12', 'v1.18', 'v1.24', undefined];
/** No call here takes longer. */
const TIMEOUT_MS = 30_000;

/** A method with a callback, as a promise. */
const ask = (object, method, ...args) =>
  new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${method} does not come back`)), TIMEOUT_MS);
    object[method](...args, (error, value) => {
      clearTimeout(late);
      if (error) reject(error);
      else resolve(value);
    });
  });

/** Everything that a stream says. */
const all = (stream) =>
  new Promise((resolve, reject) => {
    const chunks = [];
    const late = setTimeout(() => reject(new Error('the stream does not end')), TIMEOUT_MS);
    stream.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
    stream.on('error', reject);
    for (const event of ['end', 'close'])
      stream.on(event, () => {
        clearTimeout(late);
        resolve(Buffer.concat(chunks));
      });
  });

const isOld = (version, minor) => version !== undefined && Number(version.slice(3)) < minor;

/** What the streams of a container said, with or without frames around. */
function outputOf(version, bytes) {
  if (isOld(version, 6)) return bytes.toString();
  let text = '';
  for (let at = 0; at + 8 <= bytes.length; at += 8 + bytes.readUInt32BE(at + 4))
    text += bytes.toString('utf8', at + 8, at + 8 + bytes.readUInt32BE(at + 4));
  return text;
}

const streams = {
  AttachStdin: true,
  AttachStdout: true,
  AttachStderr: true,
  OpenStdin: true,
  StdinOnce: true,
};
const create = (docker, Cmd, more = {}) => ask(docker, 'createContainer', { Image: 'busybox', Cmd, ...more });

async function ended(docker, Cmd) {
  const container = await create(docker, Cmd);
  await ask(container, 'start', {});
  await ask(container, 'wait');
  return container;
}

/** A file in a tar archive. */
const tarOf = (name, text) =>
  execFileSync('sh', [
    '-c',
    'd=$(mktemp -d) && printf %s "$1" >"$d/$0" && tar -C "$d" -cf - "$0"; rm -r "$d"',
    name,
    text,
  ]);

const calls = {
  async list(docker) {
    const container = await create(docker, ['true']);
    const rows = await ask(docker, 'listContainers', { all: true });
    assert.ok(rows.some(({ Id }) => Id.slice(0, 12) === container.id.slice(0, 12)));
    assert.ok((await ask(docker, 'listImages', {})).length > 0);
  },
  async inspect(docker) {
    const container = await create(docker, ['sleep', '9']);
    const told = await ask(container, 'inspect');
    assert.equal((told.Id ?? told.ID).slice(0, 12), container.id.slice(0, 12));
  },
  async wait(docker) {
    const container = await create(docker, ['sh', '-c', 'exit 4']);
    await ask(container, 'start', {});
    assert.equal((await ask(container, 'wait')).StatusCode, 4);
  },
  async attach(docker, version) {
    const container = await create(docker, ['sh', '-c', 'read line; echo got $line'], streams);
    await ask(container, 'start', {});
    const options = { stream: true, stdin: true, stdout: true, stderr: true };
    const stream = await ask(container, 'attach', options);
    const said = all(stream);
    stream.write('typed\n');
    assert.equal(outputOf(version, await said), 'got typed\n');
  },
  async logs(docker, version) {
    if (isOld(version, 11)) return 'skipped';
    const container = await ended(docker, ['sh', '-c', 'echo out; echo err >&2']);
    const told = await ask(container, 'logs', { stdout: true, stderr: true });
    const bytes = typeof told === 'string' || Buffer.isBuffer(told) ? Buffer.from(told) : await all(told);
    for (const line of ['out\n', 'err\n']) assert.ok(bytes.includes(line));
  },
  async exec(docker, version) {
    if (isOld(version, 15)) return 'skipped';
    const container = await create(docker, ['sleep', '60']);
    await ask(container, 'start', {});
    const exec = await ask(container, 'exec', {
      Cmd: ['echo', 'out'],
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await ask(exec, 'start', {});
    assert.equal(outputOf(version, await all(stream)), 'out\n');
    if (!isOld(version, 16)) assert.equal((await ask(exec, 'inspect')).ExitCode, 0);
    await ask(container, 'kill', {});
  },
  async stats(docker, version) {
    if (isOld(version, 17) || typeof docker.getContainer('x').stats !== 'function') return 'skipped';
    const container = await create(docker, ['sleep', '60']);
    await ask(container, 'start', {});
    // The first release with it took no options.
    const stream = await ask(container, 'stats', ...(container.stats.length < 2 ? [] : [{}]));
    const [line] = await new Promise((resolve) => {
      let text = '';
      stream.on('data', (chunk) => {
        text += chunk;
        if (text.includes('\n')) resolve(text.split('\n'));
      });
    });
    stream.destroy();
    assert.ok(JSON.parse(line).memory_stats);
    await ask(container, 'kill', {});
  },
  async commit(docker, version) {
    const container = await ended(docker, ['sh', '-c', 'echo x >/new']);
    const repo = `calls-${version ?? 'newest'}`;
    assert.ok((await ask(container, 'commit', { repo, tag: 'one' })).Id);
    await ask(docker.getImage(`${repo}:one`), 'inspect');
    await ask(docker.getImage(`${repo}:one`), 'remove', {});
  },
  async build(docker, version) {
    const t = `built-${version ?? 'newest'}`;
    const context = new PassThrough();
    context.end(tarOf('Dockerfile', 'FROM busybox\nRUN echo built\n'));
    const stream = await ask(docker, 'buildImage', context, { t });
    assert.match((await all(stream)).toString(), /Successfully built/);
    await ask(docker.getImage(t), 'remove', {});
  },
  async pull(docker) {
    const stream = await ask(docker, 'pull', 'hello-world:latest', {});
    assert.match((await all(stream)).toString(), /"status"/);
    await ask(docker.getImage('hello-world'), 'remove', {});
  },
  async events(docker) {
    const since = Math.floor(Date.now() / 1000);
    const container = await ended(docker, ['true']);
    const stream = await ask(docker, 'getEvents', { since });
    let text = '';
    await new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error(`no die in ${text}`)), TIMEOUT_MS).unref();
      stream.on('data', (chunk) => {
        text += chunk;
        if (text.includes('"die"')) resolve();
      });
    });
    stream.destroy();
    assert.ok(text.includes(container.id.slice(0, 12)));
  },
  async remove(docker) {
    const container = await ended(docker, ['true']);
    await ask(container, 'remove', {});
    await assert.rejects(ask(container, 'inspect'), (error) => error.statusCode === 404);
  },
};

async function main() {
  const outcomes = [];
  for (const version of VERSIONS) {
    const docker = new Docker({ socketPath, ...(version && { version }) });
    for (const [what, call] of Object.entries(calls)) {
      const name = `${version ?? 'newest'}: ${what}`;
      try {
        const is = (await call(docker, version)) ?? 'passed';
        outcomes.push({ name, is });
      } catch (error) {
        outcomes.push({ name, is: 'failed', why: String(error.message).split('\n')[0] });
      }
    }
  }
  console.log(JSON.stringify(outcomes));
  process.exit(0);
}

main();
