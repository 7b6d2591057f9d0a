/** What a client of the soak does, one deed at a time: each begins with nothing, checks what it sees, and leaves nothing. */
import { file, tarOf } from '../harness/layered.ts';
import { until } from '../harness/until.ts';
import { type Client, Unexpected } from './client.ts';

/** Where deeds are done, and what they draw their chances from. */
export interface Grounds {
  readonly random: () => number;
  /** `127.0.0.1:PORT` of a registry that has each client's name with the tags 0 to 9, the tag in /number. */
  readonly registry: string;
}

/** One deed of a client. */
type Deed = (client: Client, grounds: Grounds) => Promise<void>;

const shell = (script: string): readonly string[] => ['sh', '-c', script];
const below = (random: () => number, bound: number): number => Math.floor(random() * bound);
/** Goes on until it is told to end, which it confirms by this code. */
const UNTIL_TOLD = shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done");
const TOLD = 7;

/** A container for as long as `work` takes. */
async function withContainer(
  client: Client,
  body: object,
  work: (id: string) => Promise<void>,
): Promise<void> {
  const id = await client.create(client.newName(), body);
  try {
    await client.start(id);
    await work(id);
  } finally {
    await client.remove(id);
  }
}

const networkMode = ({ random }: Grounds): string => (random() < 0.4 ? 'bridge' : 'none');

async function expectStreams(client: Client, id: string, stdout: string, stderr = ''): Promise<void> {
  const have = await client.logs(id);
  client.ledger.compare(`${id} stdout`, stdout, have.stdout);
  client.ledger.compare(`${id} stderr`, stderr, have.stderr);
}

const isReady = (client: Client, id: string) =>
  until(async () => (await client.logs(id)).stdout === 'ready\n');

/** Writes and ends by itself. */
const ends: Deed = async (client, grounds) => {
  const [count, code] = [below(grounds.random, 200), below(grounds.random, 100)];
  const script = `i=0; while [ $i -lt ${count} ]; do i=$((i+1)); echo "out $i"; echo "err $i" >&2; done; exit ${code}`;
  const lines = (stream: string) => Array.from({ length: count }, (_, i) => `${stream} ${i + 1}\n`).join('');
  const HostConfig = { NetworkMode: networkMode(grounds) };
  await withContainer(client, { Image: 'busybox', Cmd: shell(script), HostConfig }, async (id) => {
    await client.endsWith(id, code);
    await expectStreams(client, id, lines('out'), lines('err'));
  });
};

/** Is ended, by a signal that it takes, one that it cannot take, or by stop. */
const isEnded: Deed = async (client, grounds) => {
  const published = { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] };
  const HostConfig = grounds.random() < 0.3 ? { PortBindings: published } : { NetworkMode: 'none' };
  await withContainer(client, { Image: 'busybox', Cmd: UNTIL_TOLD, HostConfig }, async (id) => {
    await isReady(client, id);
    const way = below(grounds.random, 3);
    if (way === 0) await client.kill(id, 'KILL');
    else if (way === 1) await client.kill(id, 'TERM');
    else await client.stop(id);
    await client.endsWith(id, way === 0 ? 137 : TOLD);
    await expectStreams(client, id, 'ready\n');
  });
};

/** Programs are run in it. */
const execs: Deed = async (client, grounds) => {
  const HostConfig = { NetworkMode: networkMode(grounds) };
  await withContainer(client, { Image: 'busybox', Cmd: UNTIL_TOLD, HostConfig }, async (id) => {
    for (let i = 0; i < 3; i++) {
      const code = below(grounds.random, 100);
      const ran = await client.exec(id, shell(`echo said ${i}; exit ${code}`));
      if (ran.code !== code) throw new Unexpected(`an exec ended with ${ran.code} instead of ${code}`);
      client.ledger.compare(`exec in ${id}`, `said ${i}\n`, ran.said);
    }
  });
};

/** An image of the registry, run once. */
const pulls: Deed = async (client, grounds) => {
  const number = below(grounds.random, 10);
  const name = `${client.name}-pulled`;
  await client.messages('pull', `/images/create?fromImage=${grounds.registry}/${client.name}&tag=${number}`);
  const pulled = `${grounds.registry}/${client.name}:${number}`;
  await client.settled('tag', [201, []], ['POST', `/images/${pulled}/tag?repo=${name}&tag=latest`]);
  const HostConfig = { NetworkMode: 'none' };
  await withContainer(client, { Image: name, Cmd: ['cat', '/number'], HostConfig }, async (id) => {
    await client.endsWith(id, 0);
    await expectStreams(client, id, String(number));
  });
  for (const image of [name, pulled])
    await client.settled('rmi', [200, [404]], ['DELETE', `/images/${image}`]);
};

/** A classic build, run once. */
const builds: Deed = async (client, grounds) => {
  const name = `${client.name}-built`;
  const salt = String(below(grounds.random, 1000));
  const dockerfile = `FROM busybox\nCOPY salt /salt\nRUN cat /salt /salt >/twice && mkdir /made\nLABEL made=yes\n`;
  const body = () => tarOf([file('Dockerfile', dockerfile), file('salt', salt)]);
  const networkmode = networkMode(grounds);
  const query = new URLSearchParams({ t: name, rm: '1', forcerm: '1', networkmode });
  const headers = { 'content-type': 'application/x-tar' };
  await client.messages('build', `/build?${query}`, () => ({ body: body(), headers }));
  const HostConfig = { NetworkMode: 'none' };
  await withContainer(client, { Image: name, Cmd: ['cat', '/twice'], HostConfig }, async (id) => {
    await client.endsWith(id, 0);
    await expectStreams(client, id, salt + salt);
  });
  await client.settled('rmi', [200, [404]], ['DELETE', `/images/${name}`]);
  if (grounds.random() < 0.2) await client.settled('prune', [200, []], ['POST', '/build/prune?all=1']);
};

/** A network that a running container joins and leaves. */
const connects: Deed = async (client) => {
  const network = client.newName();
  const asBody = (body: object) => () => ({ body });
  await client.settled(
    'network create',
    [201, [409]],
    ['POST', '/networks/create'],
    asBody({ Name: network }),
  );
  await withContainer(client, { Image: 'busybox', Cmd: UNTIL_TOLD }, async (id) => {
    const member = asBody({ Container: id });
    await client.settled('connect', [200, [403]], ['POST', `/networks/${network}/connect`], member);
    const { said } = await client.exec(id, shell('ls /sys/class/net | grep -c eth'));
    if (said !== '2\n') throw new Unexpected(`connected, it has ${said.trim()} interfaces instead of 2`);
    // A second time it is on no such network any more.
    const left = [200, [403, 404, 409, 500]] as const;
    await client.settled('disconnect', left, ['POST', `/networks/${network}/disconnect`], member);
  });
  await client.settled('network rm', [204, [404]], ['DELETE', `/networks/${network}`]);
};

/** A volume that two containers use, one after the other. */
const keeps: Deed = async (client) => {
  const Name = client.newName();
  await client.settled('volume create', [201, []], ['POST', '/volumes/create'], () => ({ body: { Name } }));
  const HostConfig = { NetworkMode: 'none', Binds: [`${Name}:/kept`] };
  for (const [script, said] of [
    ['echo kept >/kept/file', ''],
    ['cat /kept/file', 'kept\n'],
  ] as const)
    await withContainer(client, { Image: 'busybox', Cmd: shell(script), HostConfig }, async (id) => {
      await client.endsWith(id, 0);
      await expectStreams(client, id, said);
    });
  await client.settled('volume rm', [204, [404]], ['DELETE', `/volumes/${Name}`]);
};

/** All of them, so that a while has some of each. */
export const DEEDS: readonly Deed[] = [ends, isEnded, execs, pulls, builds, connects, keeps];

/** Does deeds by chance until `isOver`; what goes wrong is noted, and the next deed follows. */
export async function work(client: Client, grounds: Grounds, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const deed = DEEDS[below(grounds.random, DEEDS.length)];
    try {
      await deed?.(client, grounds);
    } catch (error) {
      client.ledger.wrongCodes.push(`${client.name} ${deed?.name}: ${error}`);
    }
  }
}
