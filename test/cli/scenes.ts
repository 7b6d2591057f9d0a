/**
 * Scenes: what a user does with a docker command line, played on Gantry and on Debian's dockerd. What was seen must
 * be equal, but for differences that the scene lists with their reasons. Both speak the peer's newest version of the
 * API; test/versions has the others.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  type DockerOptions,
  debian13Docker,
  debianDocker,
  dockerEnv,
  machineDocker,
  type Ran,
} from '../harness/docker.ts';
import {
  type Dockerd,
  type DockerdOptions,
  type Engine,
  removeContainers,
  removeNetworks,
  removeVolumes,
  startDockerd,
} from '../harness/dockerd.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { Terminal } from '../harness/terminal.ts';
import { lineDiff } from './line-diff.ts';
import { plain } from './plain.ts';
import { type Line, RECORDING, record } from './record.ts';
import { Started } from './started.ts';

/** Whether each scene is played with every command line there is (`npm run scenes`), or with one of them in turn. */
export const ALL_COMMAND_LINES = process.env.GANTRY_SCENES === 'all';
/** Whether scenes are played that are else on demand alone. */
const DEMANDED = ALL_COMMAND_LINES || RECORDING !== undefined;
/** Far longer than any scene takes, on any machine. */
const SCENE_TIMEOUT_MS = 120_000;
/** Plays of one scene that a peer may need; of one that builds, which takes longer and has fewer races. */
const PEER_PLAYS_MAX = 5;
const PEER_BUILDS_MAX = 2;

/** Where both engines differ on purpose. Each must still occur, or it is no longer a difference. */
export interface Difference {
  readonly why: string;
  /** The commands and flags that it is about, as `run --init`, when it is more than words: they are told as different. */
  readonly about?: readonly string[];
  /** Replaced in what the one, or the other, showed. */
  readonly gantry?: readonly [from: RegExp, to: string];
  readonly dockerd?: readonly [from: RegExp, to: string];
}

/** A story played with a command line on our engine and on dockerd. */
export interface Scene {
  readonly title: string;
  readonly play: (stage: Stage) => Promise<void>;
  readonly differences?: readonly Difference[];
  /** Why it is not played on dockerd. */
  readonly alone?: string;
  /** What Gantry does not do as it should yet: it may fail. */
  readonly todo?: string;
  /** It needs no command line: it is played once. */
  readonly once?: boolean;
  /** Played in each run of the tests, also where the others are only on demand. */
  readonly often?: boolean;
}

/** A docker command line on this machine. */
export interface CommandLine {
  readonly name: string;
  readonly path: string;
}

/**
 * The one that GANTRY_CLI names, the machine's and Debian's, where they are there and not the same; of Debian 13 where
 * plugins are wanted.
 */
export function commandLines(plugins = false): readonly CommandLine[] {
  const found = new Map<string, CommandLine>();
  const keep = (line: CommandLine): void => void (found.has(line.name) || found.set(line.name, line));
  if (process.env.GANTRY_CLI !== undefined) keep(commandLineAt(process.env.GANTRY_CLI));
  for (const find of [machineDocker, plugins ? debian13Docker : debianDocker]) {
    try {
      keep(commandLineAt(find()));
    } catch {
      // this machine has it not
    }
  }
  return [...found.values()];
}

/** 28 of `docker 28.2`. */
export const majorOf = ({ name }: CommandLine): number => Number(/\d+/.exec(name));

function commandLineAt(path: string): CommandLine {
  const said = execFileSync(path, ['--version'], { encoding: 'utf8' });
  return { name: `docker ${/version (\d+\.\d+)/.exec(said)?.[1]}`, path };
}

/** One engine, one command line, and the transcript of what a user saw. */
export class Stage {
  readonly engine: Engine;
  readonly cli: CommandLine;
  readonly #options: Pick<DockerOptions, 'version' | 'plugins'>;
  readonly #seen: string[] = [];
  readonly #lines: Line[];
  #directory: string | undefined;
  readonly #terminals: Terminal[] = [];
  readonly #started: Started[] = [];

  /** `lines`: gets every line that is run. */
  constructor(
    engine: Engine,
    cli: CommandLine,
    lines: Line[],
    options: Pick<DockerOptions, 'version' | 'plugins'>,
  ) {
    this.#lines = lines;
    this.engine = engine;
    this.cli = cli;
    this.#options = options;
  }

  /** Runs the command line and writes down all that a user sees of it. */
  run = async (argv: readonly string[], options: DockerOptions = {}): Promise<Ran> => {
    const ran = await this.quietly(argv, options);
    this.see(
      `$ docker ${argv.join(' ')}\n${ran.stdout}${ran.stderr.replace(/^(?=.|\n)/gm, '! ')}[${ran.code}]`,
    );
    return ran;
  };

  /** Without writing it down. */
  quietly = async (argv: readonly string[], options: DockerOptions = {}): Promise<Ran> => {
    const ran = await this.engine.docker(argv, { cli: this.cli.path, ...this.#options, ...options });
    this.#lines.push({ argv, failed: ran.code !== 0 });
    return ran;
  };

  /** Starts the command line, to be talked with; it is killed with the scene. `collect` false: read it yourself. */
  start = (argv: readonly string[], collect = true): Started => {
    this.#lines.push({ argv, failed: false });
    const process = this.engine.dockerProcess(argv, { cli: this.cli.path, ...this.#options });
    const started = new Started(process, collect);
    this.#started.push(started);
    return started;
  };

  /** Runs each in turn, as words separated by single blanks. */
  all = async (...lines: readonly string[]): Promise<void> => {
    for (const line of lines) await this.run(line.split(' '));
  };

  get seen(): string {
    return this.#seen.join('\n');
  }

  see(text: string): void {
    this.#seen.push(text);
  }

  /** What the scene's terminals show that nobody has waited for: it says what a scene that hangs waits before. */
  get unread(): string {
    return this.#terminals.map((terminal) => terminal.unread).join('\n');
  }

  /** A command line at a terminal. */
  terminal(argv: readonly string[], size = { rows: 24, columns: 80 }): Terminal {
    this.#lines.push({ argv, failed: false });
    const env = dockerEnv(this.engine.host, '/nonexistent', { ...this.#options, env: { TERM: 'xterm' } });
    const terminal = new Terminal(this.cli.path, argv, env, size);
    this.#terminals.push(terminal);
    return terminal;
  }

  /** Asks again until the answer is `wanted`: engines tell of an end a moment after it. */
  async until(argv: readonly string[], wanted: RegExp): Promise<string> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const { stdout, stderr } = await this.quietly(argv);
      if (wanted.test(stdout)) return stdout;
      assert(Date.now() < deadline, `docker ${argv.join(' ')}: not ${wanted}:\n${stdout}${stderr}`);
    }
  }

  /** A directory of the host for this scene alone; transcripts call it `<directory>`. */
  directory(): string {
    this.#directory ??= mkdtempSync(join(tmpdir(), 'gantry-scene-'));
    return this.#directory;
  }

  async clear(): Promise<string> {
    for (const started of this.#started) started.kill();
    for (const terminal of this.#terminals) terminal.close();
    await removeContainers(this.engine);
    await removeVolumes(this.engine);
    await removeNetworks(this.engine);
    if (this.#directory === undefined) return this.seen;
    rmSync(this.#directory, { recursive: true });
    return this.seen.replaceAll(this.#directory, '<directory>');
  }
}

/** Plays a scene and returns what was seen, with ids and times made equal. */
export async function seenOn(
  engine: Engine,
  cli: CommandLine,
  { play }: Scene,
  options: Pick<DockerOptions, 'version' | 'plugins'> = {},
  lines: Line[] = [],
): Promise<string> {
  const stage = new Stage(engine, cli, lines, options);
  let transcript = '';
  try {
    await inTime(play(stage), stage);
  } finally {
    transcript = await stage.clear();
  }
  return plain(transcript);
}

/** A scene that waits for what never comes fails, and everything of it is still cleared away. */
async function inTime(playing: Promise<void>, stage: Stage): Promise<void> {
  const { promise, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(
    () =>
      reject(
        new Error(
          `${stage.engine.constructor.name}: no end; seen so far:\n${stage.seen}\non terminals: ${JSON.stringify(stage.unread)}`,
        ),
      ),
    SCENE_TIMEOUT_MS,
  );
  try {
    await Promise.race([playing, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function settle(seen: string, side: 'gantry' | 'dockerd', differences: readonly Difference[]): string {
  return differences.reduce((text, difference) => {
    const replaced = difference[side];
    if (!replaced) return text;
    assert.match(text, replaced[0], `no longer different on ${side}: ${difference.why}`);
    return text.replace(replaced[0], replaced[1]);
  }, seen);
}

/**
 * The peer leaves the machine's forwarding as it is and says so where it is off; Gantry turns it on while it has a
 * network (src/network/README.md), so that whether the peer says so depends on what else runs.
 */
const FORWARDING_IS_OFF =
  /^(! WARNING: |! +\S+ | ---> \[Warning\] )?IPv4 forwarding is disabled\. Networking will not work\.\n/gm;

/** Fails with the lines in which they differ. */
export function assertSame(ours: string, theirs: string, differences: readonly Difference[]): void {
  const said = theirs.replace(FORWARDING_IS_OFF, '');
  const diff = lineDiff(settle(ours, 'gantry', differences), settle(said, 'dockerd', differences));
  assert(diff === '', `not as dockerd (-: only Gantry, +: only dockerd):\n${diff}`);
}

/**
 * Plays a scene on Gantry, once, and on the peer. That has races of its own (an exec that is gone after it was left, a
 * client that is never told of the end): it may play again, until it shows what Gantry showed.
 */
async function compare(
  gantry: () => Promise<string>,
  dockerd: () => Promise<string>,
  differences: readonly Difference[],
  playsMax: number,
): Promise<void> {
  const first = dockerd();
  const [ours] = await Promise.allSettled([gantry(), first]);
  if (ours.status === 'rejected') throw ours.reason;
  for (let theirs = first, plays = 1; ; theirs = dockerd(), plays++) {
    try {
      assertSame(ours.value, await theirs, differences);
      return;
    } catch (error) {
      if (plays === playsMax || error instanceof NoPeer) throw error;
    }
  }
}

/** This machine has no dockerd to compare with. */
class NoPeer extends Error {}

/** How the scenes of a file are played. */
export interface PlayOptions extends Omit<DockerdOptions, 'args'> {
  /** More for the command line of each daemon. */
  readonly args?: Readonly<Record<'gantry' | 'dockerd', readonly string[]>>;
  /** The first command line that knows all of their flags. */
  readonly since?: number;
  /** The command lines have plugins: `docker build` is buildx. */
  readonly plugins?: boolean;
  /** When nobody asks for all, those scenes alone are played that say `often`. */
  readonly onDemand?: boolean;
}

/**
 * Declares the tests of a file's scenes, on both engines at once. The command lines take turns: on dockerd every scene
 * with every command line takes twenty minutes. `prepare` brings each engine what all the scenes need.
 */
export function playScenes(
  scenes: readonly Scene[],
  prepare: (engine: Engine) => Promise<void> = async () => undefined,
  {
    since = 0,
    plugins = false,
    onDemand = false,
    args = { gantry: [], dockerd: [] },
    ...peer
  }: PlayOptions = {},
): void {
  const lines = commandLines(plugins).filter((line) => majorOf(line) >= since);
  const wanted = scenes.filter(({ often }) => DEMANDED || !onDemand || often);
  if (lines.length === 0 || wanted.length === 0) {
    const skip = lines.length === 0 ? `there is no docker ${since} here` : 'npm run cli-walk plays them';
    test('scenes', { skip });
    return;
  }
  let gantry: Gantry;
  const ends: (() => Promise<void>)[] = [];
  const scope = { after: (end: () => Promise<void>) => void ends.push(end) };
  before(async () => {
    gantry = await startGantry(scope, { args: args.gantry });
    await prepare(gantry);
  });
  after(() => Promise.all(ends.map((end) => end())));
  let started: Promise<Dockerd | string> | undefined;
  const theirs = async (): Promise<Dockerd> => {
    started ??= startDockerd(scope, { ...peer, args: args.dockerd }).then(async (dockerd) => {
      if (typeof dockerd !== 'string') await prepare(dockerd);
      return dockerd;
    });
    const dockerd = await started;
    if (typeof dockerd === 'string') throw new NoPeer(dockerd);
    return dockerd;
  };
  for (const [index, cli] of lines.entries())
    for (const scene of wanted.filter((each, turn) => isPlayed(each, turn, index, lines.length)))
      test(
        `${scene.title} (${cli.name})`,
        scene.todo === undefined ? {} : { todo: scene.todo },
        async (t) => {
          const lines: Line[] = [];
          let alone = scene.alone;
          const on = (engine: Engine, version?: string) =>
            seenOn(engine, cli, scene, { plugins, ...(version === undefined ? {} : { version }) }, lines);
          try {
            if (alone !== undefined) await on(gantry);
            else
              await compare(
                () => on(gantry, versionOf(peer)),
                async () => on(await theirs(), versionOf(peer)),
                scene.differences ?? [],
                plugins ? PEER_BUILDS_MAX : PEER_PLAYS_MAX,
              );
          } catch (error) {
            if (!(error instanceof NoPeer)) throw error;
            alone = error.message;
          }
          if (alone !== undefined) t.diagnostic(`not compared: ${alone}`);
          if (RECORDING === undefined) return;
          const beside = alone === undefined ? `dockerd ${(await theirs()).version}` : { alone };
          const different = (scene.differences ?? []).flatMap(({ about = [], why }) => ({ about, why }));
          record({ title: scene.title, cli: cli.name, beside, lines, different });
        },
      );
}

/** The newest version of the API that the peer of Debian 13, or of 12, speaks; both engines are asked in it. */
const versionOf = ({ release }: DockerdOptions): string => (release === 13 ? '1.45' : '1.41');

function isPlayed({ once }: Scene, turn: number, line: number, lines: number): boolean {
  if (once || RECORDING !== undefined) return line === 0;
  return ALL_COMMAND_LINES || turn % lines === line;
}
