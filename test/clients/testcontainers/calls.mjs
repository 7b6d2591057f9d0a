/**
 * What programs ask of Testcontainers: `node calls.mjs SOCKET`, with the release on NODE_PATH. Prints a list of outcomes as
 * JSON. `node calls.mjs SOCKET leave`: starts a container and is gone, so that the reaper has something to do.
 */
import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [socketPath, leave] = process.argv.slice(2);
process.env.DOCKER_HOST = `unix://${socketPath}`;
process.env.TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE = socketPath;
if (leave === undefined) process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
// NODE_PATH is for `require` alone.
const { GenericContainer, Network, Wait } = createRequire(import.meta.url)('testcontainers');

/** No call here takes longer. */
const TIMEOUT_MS = 60_000;
const SERVE = ['httpd', '-f', '-p', '8080', '-h', '/www'];
const container = (...command) => new GenericContainer('busybox').withCommand(command);
const script = (text) => container('sh', '-c', text);
const server = () =>
  container(...SERVE)
    .withExposedPorts(8080)
    .withCopyContentToContainer([{ content: 'served\n', target: '/www/index.html' }]);

const ask = (method, path) =>
  new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path }, async (answer) => {
      const all = Buffer.concat(await answer.toArray()).toString();
      resolve(all === '' ? undefined : JSON.parse(all));
    });
    sent.once('error', reject);
    sent.end();
  });
const alive = async (label) =>
  (await ask('GET', '/containers/json?all=1')).filter(({ Labels }) => label in Labels);
const reapers = async () =>
  (await ask('GET', '/containers/json?all=1')).filter(({ Image }) => Image.startsWith('testcontainers/ryuk'));

async function readAll(stream) {
  let text = '';
  for await (const bytes of stream) text += bytes;
  return text;
}

async function within(look) {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    if (await look()) return;
    assert(Date.now() < deadline, `never: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function used(made, use) {
  const started = await made.start();
  try {
    await use(started);
  } finally {
    await started.stop({ timeout: 0 }).catch(() => undefined);
  }
}

const waits = {
  'listening ports': () => server().withWaitStrategy(Wait.forListeningPorts()),
  'an HTTP answer': () => server().withWaitStrategy(Wait.forHttp('/', 8080).forStatusCode(200)),
  'a log message': () =>
    script('sleep 0.3; echo ready 1; echo ready 2; exec sleep 100').withWaitStrategy(
      Wait.forLogMessage(/ready \d/, 2),
    ),
  'its health check': () =>
    script('sleep 0.5; touch /tmp/ok; exec sleep 100')
      .withHealthCheck({
        test: ['CMD-SHELL', 'test -f /tmp/ok'],
        interval: 200,
        timeout: 1000,
        retries: 50,
        startPeriod: 0,
      })
      .withWaitStrategy(Wait.forHealthCheck()),
  'a shell command': () =>
    script('sleep 0.3; touch /tmp/ok; exec sleep 100').withWaitStrategy(
      Wait.forSuccessfulCommand('test -f /tmp/ok'),
    ),
  'its end': () => script('exit 0').withWaitStrategy(Wait.forOneShotStartup()),
  'several of them': () =>
    script(`echo up; exec ${SERVE.join(' ')}`)
      .withExposedPorts(8080)
      .withCopyContentToContainer([{ content: 'x', target: '/www/index.html' }])
      .withWaitStrategy(
        Wait.forAll([Wait.forListeningPorts(), Wait.forLogMessage('up'), Wait.forHttp('/', 8080)]),
      ),
};

const calls = {
  ...Object.fromEntries(
    Object.entries(waits).map(([what, made]) => [
      `a start waits for ${what}`,
      () => used(made(), async () => undefined),
    ]),
  ),

  'a start that ends badly, or is not healthy in time, fails and leaves nothing': async () => {
    const label = { 'tc-bad': '1' };
    await assert.rejects(
      script('exit 3').withLabels(label).withWaitStrategy(Wait.forOneShotStartup()).start(),
    );
    const sick = script('exec sleep 100')
      .withLabels(label)
      .withHealthCheck({
        test: ['CMD-SHELL', 'exit 1'],
        interval: 200,
        timeout: 1000,
        retries: 1,
        startPeriod: 0,
      })
      .withWaitStrategy(Wait.forHealthCheck());
    await assert.rejects(sick.start());
    const never = script('exec sleep 100')
      .withLabels(label)
      .withStartupTimeout(1000)
      .withWaitStrategy(Wait.forLogMessage('never'));
    await assert.rejects(never.start());
    assert.deepEqual(await alive('tc-bad'), []);
  },

  'a published port is reached, and addresses are told': () =>
    used(server(), async (started) => {
      const answer = await fetch(`http://${started.getHost()}:${started.getMappedPort(8080)}/`);
      assert.equal(await answer.text(), 'served\n');
      assert.match(started.getIpAddress('bridge'), /^\d+\.\d+\.\d+\.\d+$/);
    }),

  'containers of a network find each other by alias': async () => {
    const network = await new Network().start();
    try {
      await used(server().withNetwork(network).withNetworkAliases('www'), () =>
        used(script('exec sleep 100').withNetwork(network), async (other) => {
          const { output, exitCode } = await other.exec(['wget', '-q', '-O', '-', 'http://www:8080/']);
          assert.deepEqual([output.trim(), exitCode], ['served', 0]);
        }),
      );
    } finally {
      await network.stop();
    }
  },

  'files, contents and archives go in and come out': async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tc-'));
    writeFileSync(join(directory, 'file'), 'of the host');
    const made = script('exec sleep 100')
      .withCopyFilesToContainer([{ source: join(directory, 'file'), target: '/in/file', mode: 0o600 }])
      .withCopyDirectoriesToContainer([{ source: directory, target: '/tree' }])
      .withCopyContentToContainer([{ content: 'made up', target: '/in/content' }]);
    await used(made, async (started) => {
      const { output } = await started.exec([
        'sh',
        '-c',
        'cat /in/file /in/content /tree/file; stat -c %a /in/file',
      ]);
      assert.equal(output.trim(), 'of the hostmade upof the host600');
      const archive = await started.copyArchiveFromContainer('/in');
      // Releases up to 10 take no archives in.
      if (started.copyArchiveToContainer === undefined) {
        assert.match(await readAll(archive), /made up/);
        return;
      }
      await used(script('exec sleep 100'), async (other) => {
        await other.copyArchiveToContainer(archive, '/');
        assert.equal((await other.exec(['cat', '/in/content'])).output, 'made up');
      });
    });
  },

  'exec tells output and exit code, and knows user, directory and environment': () =>
    used(script('exec sleep 100'), async (started) => {
      const asked = ['sh', '-c', 'echo $A $PWD; id -u; echo bad >&2; exit 7'];
      const { output, exitCode } = await started.exec(asked, {
        user: '65534',
        workingDir: '/tmp',
        env: { A: 'b' },
      });
      assert.equal(exitCode, 7);
      for (const line of ['b /tmp', '65534', 'bad']) assert(output.includes(line), output);
    }),

  'logs are told to the end, and from a time on': async () => {
    await used(script('for i in 1 2 3; do echo line $i; done'), async (started) => {
      assert.equal(await readAll(await started.logs()), 'line 1\nline 2\nline 3\n');
      const later = await started.logs({ since: Math.floor(Date.now() / 1000) + 1000 });
      assert.equal(await readAll(later), '');
    });
    const heard = [];
    const made = script('echo early; sleep 0.3; echo late; exec sleep 100').withLogConsumer((stream) =>
      stream.on('data', (line) => heard.push(String(line).trim())),
    );
    await used(made, () => within(() => heard.includes('early') && heard.includes('late')));
  },

  'a container is used again by who asks for the same': async () => {
    const made = () => script('exec sleep 100').withReuse();
    const first = await made().start();
    const second = await made().start();
    assert.equal(second.getId(), first.getId());
    await first.stop({ timeout: 0 });
    const third = await made().start();
    assert.notEqual(third.getId(), first.getId());
    await third.stop({ timeout: 0 });
  },

  'a restart keeps the container, a stop may': () =>
    used(script('exec sleep 100').withLabels({ 'tc-stop': '1' }), async (started) => {
      await started.restart({ timeout: 0 });
      assert.equal((await started.exec(['true'])).exitCode, 0);
      const stopped = await started.stop({ timeout: 0, remove: false });
      assert.equal((await alive('tc-stop'))[0].State, 'exited');
      const archive = await stopped.copyArchiveFromContainer('/etc/passwd');
      assert.match(await readAll(archive), /root/);
      await ask('DELETE', `/containers/${stopped.getId()}?force=1`);
    }),

  'limits, mounts, user, privileges and commit': async () => {
    const made = script('exec sleep 100')
      .withResourcesQuota({ memory: 0.125, cpu: 0.5 })
      .withTmpFs({ '/scratch': 'rw,noexec,size=65536k' })
      .withUser('65534')
      .withWorkingDir('/tmp')
      .withExtraHosts([{ host: 'extra', ipAddress: '10.11.12.13' }])
      .withAddedCapabilities('IPC_LOCK')
      .withDroppedCapabilities('CHOWN')
      .withSharedMemorySize(1 << 20)
      .withBindMounts([{ source: '/etc/hostname', target: '/host', mode: 'ro' }])
      .withPrivilegedMode();
    made.withHostname?.('named'); // came after 10
    await used(made, async (started) => {
      const { output } = await started.exec([
        'sh',
        '-c',
        'id -u; pwd; hostname; grep extra /etc/hosts; grep scratch /proc/mounts',
      ]);
      const name = made.withHostname ? ['named'] : [];
      for (const part of ['65534', '/tmp', ...name, '10.11.12.13', 'tmpfs'])
        assert(output.includes(part), output);
      if (!started.commit) return; // older than that
      const image = await started.commit({ repo: 'tc-committed', tag: 'one', deleteOnExit: false });
      assert.match(image, /^sha256:/);
    });
  },

  'an image is built of a directory, with arguments and a target': async () => {
    const context = mkdtempSync(join(tmpdir(), 'tc-build-'));
    writeFileSync(
      join(context, 'Dockerfile'),
      'FROM busybox AS first\nARG WORD\nRUN echo $WORD >/word\nFROM first\nCMD ["cat", "/word"]\n',
    );
    const built = await GenericContainer.fromDockerfile(context)
      .withBuildArgs({ WORD: 'given' })
      .withCache(false)
      .build('tc-built:one', { deleteOnExit: false });
    await used(built.withWaitStrategy(Wait.forOneShotStartup()), async (started) =>
      assert.equal(await readAll(await started.logs()), 'given\n'),
    );
  },

  'the reaper removes what a program left that is gone': async () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [fileURLToPath(import.meta.url), socketPath, 'leave'],
      {
        env: { ...process.env, TESTCONTAINERS_RYUK_DISABLED: 'false' },
        encoding: 'utf8',
      },
    );
    assert.equal(status, 0, stderr.split('\n').find((line) => /Error/.test(line)) ?? stderr);
    await within(async () => (await alive('tc-left')).length === 0);
    await within(async () => (await reapers()).length === 0);
    const networks = await ask('GET', '/networks');
    assert(networks.every(({ Labels }) => !(Labels && 'org.testcontainers.session-id' in Labels)));
  },
};

async function left() {
  const network = await new Network().start();
  const started = await script('exec sleep 1000').withLabels({ 'tc-left': '1' }).withNetwork(network).start();
  const all = await alive('tc-left');
  assert.deepEqual(
    all.map(({ Id }) => Id),
    [started.getId()],
  );
  assert.equal((await reapers()).length, 1);
}

/** What a failed call said, within reason. */
const wordsOf = (error) =>
  String(error?.message ?? error)
    .split('\n')
    .slice(0, 3)
    .join(' ');

async function outcomeOf(name, call) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('does not come back')), TIMEOUT_MS);
  });
  try {
    await Promise.race([call(), late]);
    return { name, is: 'passed' };
  } catch (error) {
    return { name, is: 'failed', why: wordsOf(error) };
  } finally {
    clearTimeout(timer);
  }
}

if (leave !== undefined) {
  await left();
} else {
  const outcomes = [];
  for (const [name, call] of Object.entries(calls)) outcomes.push(await outcomeOf(name, call));
  process.stdout.write(`\n${JSON.stringify(outcomes)}\n`);
}
process.exit();
