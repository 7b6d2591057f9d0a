/**
 * The crash campaign: containers of every kind run while the daemon, one of the keeper's two processes or both are killed
 * −9 at random moments, and a client goes on creating, starting and removing. At the end each container must have written
 * every byte once and ended as it said; only where the daemon and both of the keeper's processes were killed at once,
 * which is a kind of kill of its own, what the design allows may be missing.
 */
import { readFileSync } from 'node:fs';
import type { Gantry } from '../harness/gantry.ts';
import { END_OF_INPUT, type Kind, randomFrom, type Workload, workload } from './workload.ts';

/** Who is killed: `keeper` is one of its processes, `both` that one and the daemon, `all` every process of ours. */
export type Victim = 'daemon' | 'keeper' | 'both' | 'all';

/** Of which nothing may be lost. */
export const SPARING: readonly Victim[] = ['daemon', 'daemon', 'keeper', 'both'];

/** How long a campaign is, and what it draws its chances from. */
export interface CampaignOptions {
  /** They are drawn from these. */
  readonly victims: readonly Victim[];
  readonly containers: number;
  readonly kills: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}
/** What a campaign has seen when nothing was wrong. */
export interface Verdict {
  readonly kills: Record<Victim, number>;
  readonly containers: number;
  readonly streams: number;
  readonly megabytes: number;
  readonly wrongCodes: readonly string[];
  readonly wrongStreams: readonly string[];
  /** Allowed by the design with all killed at once: terminals hung up, unread output of ended containers. */
  readonly allowed: readonly string[];
  readonly churned: number;
}

interface Member {
  readonly work: Workload;
  id: string;
  /** What a reader was told so far. */
  told: string[];
  /** Running when all were killed. */
  sawAll: boolean;
  /** Ended while neither daemon nor keeper lived: what was not read of its pipes by then is gone. */
  endedAway: boolean;
}

const MIX: readonly Kind[] = [
  'writer',
  'writer',
  'terminal',
  'reader',
  'short',
  'writer',
  'heavy',
  'short',
  'terminal',
  'reader',
];

/**
 * Runs the containers, kills the engine again and again, and judges. @throws when a byte or an exit code is
 * wrong
 */
export async function runCampaign(gantry: Gantry, options: CampaignOptions): Promise<Verdict> {
  const random = randomFrom(options.seed);
  const seconds = options.kills * 2.5 + 8;
  const members = Array.from(
    { length: options.containers },
    (_, i): Member => ({
      work: workload(MIX[i % MIX.length] ?? 'writer', i, seconds),
      id: '',
      told: [],
      sawAll: false,
      endedAway: false,
    }),
  );
  for (const member of members) await begin(gantry, member);
  options.say(`${members.length} containers run, seed ${options.seed}`);
  const churn = startChurn(gantry, randomFrom(options.seed + 1)); // its own: the kills stay those of the seed
  const kills = { daemon: 0, keeper: 0, both: 0, all: 0 };
  try {
    for (let round = 0; round < options.kills; round++) {
      const victim = await killOnce(gantry, options.victims, { members, churn, random });
      kills[victim] += 1;
      await tellReaders(gantry, members, `round ${round}`);
      options.say(`kill ${round + 1} of ${options.kills}: ${victim}`);
    }
  } finally {
    churn.stop();
  }
  const churned = await churn.end();
  await tellReaders(gantry, members, 'end');
  return { kills, churned, containers: members.length, ...(await judge(gantry, members)) };
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

async function begin(gantry: Gantry, member: Member): Promise<void> {
  const { name, command, terminal, stdin } = member.work;
  const body = {
    Image: 'busybox',
    Cmd: command,
    Tty: terminal,
    OpenStdin: stdin,
    HostConfig: { NetworkMode: 'none' },
  };
  const made = await gantry.api().post(`/containers/create?name=${name}`, body);
  if (made.status !== 201) throw new Error(`create ${name}: ${made.status} ${made.text}`);
  member.id = made.json<{ Id: string }>().Id;
  const started = await gantry.api().post(`/containers/${member.id}/start`);
  if (started.status !== 204) throw new Error(`start ${name}: ${started.status} ${started.text}`);
}

/** After a start, ends that happened meanwhile are on record within this. */
const ADOPTED_MS = 700;

async function running(gantry: Gantry): Promise<Set<string>> {
  const listed = (await gantry.api().get('/containers/json')).json<{ Id: string }[]>();
  return new Set(listed.map(({ Id }) => Id));
}

async function killOnce(
  gantry: Gantry,
  victims: readonly Victim[],
  field: {
    readonly members: readonly Member[];
    readonly churn: ReturnType<typeof startChurn>;
    readonly random: () => number;
  },
): Promise<Victim> {
  const { members, churn, random } = field;
  await pause(300 + random() * 2000);
  const victim = victims[Math.floor(random() * victims.length)] ?? 'daemon';
  const before = victim === 'all' ? await running(gantry) : new Set<string>();
  if (victim === 'all') for (const member of members) member.sawAll = true;
  churn.hold();
  await kill(gantry, victim, random);
  if (victim === 'all') {
    await pause(ADOPTED_MS);
    const after = await running(gantry);
    for (const member of members) if (before.has(member.id) && !after.has(member.id)) member.endedAway = true;
  }
  churn.resume();
  return victim;
}

/** The daemon is away for up to a second and a half; a process of the keeper that is killed alone is replaced by the daemon. */
async function kill(gantry: Gantry, victim: Victim, random: () => number): Promise<void> {
  const awayMs = random() * 1500;
  const holders = ['keeper', 'keeper-2'].map((name) =>
    Number(readFileSync(`${gantry.execRoot}/${name}`, 'utf8').split(' ')[0]),
  );
  const one = holders[Math.floor(random() * holders.length)] ?? 0;
  if (victim === 'keeper') {
    process.kill(one, 'SIGKILL');
    return;
  }
  // Stopped first, so that the daemon cannot put a new one in its place in between.
  if (victim !== 'daemon') process.kill(gantry.pid, 'SIGSTOP');
  for (const pid of { daemon: [], both: [one], all: holders }[victim]) process.kill(pid, 'SIGKILL');
  await gantry.kill9();
  await pause(awayMs);
  await gantry.start();
}

/** Each reader that runs must take a line over an attached stdin: streams can be had again after any kill. */
async function tellReaders(gantry: Gantry, members: readonly Member[], line: string): Promise<void> {
  for (const member of members) {
    // With all killed nobody holds the writing end of its stdin: it has read its end of input.
    if (member.work.kind !== 'reader' || member.sawAll) continue;
    const state = (await gantry.api().get(`/containers/${member.id}/json`)).json<{
      State: { Running: boolean };
    }>().State;
    if (!state.Running) continue;
    await say(gantry, member.id, `${line}\n`);
    member.told.push(line);
  }
}

async function say(gantry: Gantry, id: string, text: string): Promise<void> {
  const api = gantry.api();
  const socket = api.connect();
  try {
    socket.write(
      `POST ${api.path(`/containers/${id}/attach?stream=1&stdin=1&stdout=1`)} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
    );
    let seen = '';
    const answered = (async () => {
      for await (const bytes of socket) {
        seen += bytes;
        if (seen.includes(`got ${text}`)) return;
      }
      throw new Error(`the reader ended before it answered ${JSON.stringify(text)}: ${JSON.stringify(seen)}`);
    })();
    while (!seen.includes('101')) await Promise.race([pause(2), answered]);
    socket.write(text);
    await answered;
  } finally {
    socket.destroy();
  }
}

/** Goes on creating, starting and removing; requests that a kill cuts off may have happened or not. */
function startChurn(gantry: Gantry, random: () => number) {
  let running = true;
  let count = 0;
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  const work = (async () => {
    for (let n = 0; running; n++) {
      await gate.promise;
      const api = gantry.api();
      const body = {
        Image: 'busybox',
        Cmd: ['sh', '-c', `echo churn; exit ${n % 3}`],
        HostConfig: { NetworkMode: 'none' },
      };
      try {
        await api.post(`/containers/create?name=churn-${n}`, body);
        await api.post(`/containers/churn-${n}/start`);
        if (random() < 0.7) await api.post(`/containers/churn-${n}/wait`);
        await api.delete(`/containers/churn-${n}?force=1`);
        count += 1;
      } catch {
        await pause(20);
      }
    }
  })();
  return {
    /** Kills come at any moment of the work: nothing is held back but the next turn's beginning while the daemon is away. */
    hold() {
      gate = Promise.withResolvers<void>();
    },
    resume: () => gate.resolve(),
    stop() {
      running = false;
      gate.resolve();
    },
    async end() {
      await work;
      return count;
    },
  };
}

async function judge(gantry: Gantry, members: readonly Member[]) {
  const wrongCodes: string[] = [];
  const wrongStreams: string[] = [];
  const allowed: string[] = [];
  let bytes = 0;
  for (const member of members) {
    const { work, id } = member;
    const waited = await gantry.api().post(`/containers/${id}/wait`);
    const code = waited.json<{ StatusCode: number }>().StatusCode;
    const hungUp = (work.kind === 'terminal' || work.kind === 'reader') && member.sawAll;
    const asHungUp = code === (work.kind === 'terminal' ? 129 : END_OF_INPUT);
    if (code !== work.exitCode)
      (hungUp && asHungUp ? allowed : wrongCodes).push(`${work.name}: ${code} instead of ${work.exitCode}`);
    const got = await logsOf(gantry, member);
    bytes += got.stdout.length + got.stderr.length;
    const expected =
      work.kind === 'reader' ? member.told.map((line) => `got ${line}\n`).join('') : work.stdout;
    for (const [stream, want, have] of [
      ['stdout', expected, got.stdout],
      ['stderr', work.stderr, got.stderr],
    ] as const) {
      if (want === have) continue;
      const prefix = want.startsWith(have) && (hungUp || member.endedAway);
      (prefix ? allowed : wrongStreams).push(
        `${work.name} ${stream}: ${have.length} bytes instead of ${want.length}${difference(want, have)}`,
      );
    }
  }
  return { wrongCodes, wrongStreams, allowed, streams: members.length * 2, megabytes: bytes / 1e6 };
}

function difference(want: string, have: string): string {
  let at = 0;
  while (at < want.length && want[at] === have[at]) at++;
  return `, from ${at}: ${JSON.stringify(have.slice(at, at + 40))} instead of ${JSON.stringify(want.slice(at, at + 40))}`;
}

async function logsOf(gantry: Gantry, { id, work }: Member): Promise<{ stdout: string; stderr: string }> {
  const { bytes } = await gantry.api().get(`/containers/${id}/logs?stdout=1&stderr=1`);
  if (work.terminal) return { stdout: bytes.toString(), stderr: '' };
  const parts = { 1: [] as Buffer[], 2: [] as Buffer[] };
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    parts[bytes[at] as 1 | 2].push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return { stdout: Buffer.concat(parts[1]).toString(), stderr: Buffer.concat(parts[2]).toString() };
}
