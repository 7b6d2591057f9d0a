/** A compose project on one engine, and the transcript of what a user saw of it. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { plain } from '../cli/plain.ts';
import { Started } from '../cli/started.ts';
import type { DockerOptions, Ran } from '../harness/docker.ts';
import { type Engine, removeContainers, removeNetworks, removeVolumes } from '../harness/dockerd.ts';
import { type Facts, factsOf } from './facts.ts';

const FILES = join(import.meta.dirname, 'files');
const WAIT_TIMEOUT_MS = 60_000;

/** A Compose on this machine. */
export interface Composer {
  readonly is: 'v1' | 'v2';
  readonly path: string;
}

/** How one command is run and written down. */
export interface Seen extends DockerOptions {
  /** Its output comes from several containers at once: the order of lines is nobody's promise. */
  readonly sorted?: boolean;
  /** Only the exit code is written down. */
  readonly briefly?: boolean;
}

/** Builds without BuildKit, and for Compose 1 a version whose events have the members that it reads. */
const ITS_TIME = { DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0', COMPOSE_API_VERSION: '1.41' };

const PROGRESS = /^ (Container|Network|Volume) .*\n/gm;

/** Compose 1 names the containers whose logs it shows in any order. */
const ATTACHING = /^(Attaching to )(.+)$/gm;
const inOrder = (names: string): string => names.split(', ').toSorted().join(', ');

/** Lines without their order, each once: Compose works on several containers side by side, and which of them ends a colour is chance. */
const anyOrder = (text: string): string =>
  text === ''
    ? ''
    : `${[
        ...new Set(
          text
            .trimEnd()
            .split('\n')
            .map((line) => stripVTControlCharacters(line).trimEnd()),
        ),
      ]
        .toSorted()
        .join('\n')}\n`;

/** One project, one Compose, one engine. */
export class Stage {
  readonly engine: Engine;
  readonly is: Composer['is'];
  readonly #composer: Composer;
  readonly #name: string;
  readonly #work: string;
  readonly #lines: string[] = [];
  readonly #started: Started[] = [];

  constructor(engine: Engine, composer: Composer, name: string) {
    this.engine = engine;
    this.is = composer.is;
    this.#composer = composer;
    this.#name = name;
    this.#work = mkdtempSync(join(tmpdir(), 'gantry-compose-'));
    cpSync(join(FILES, name), this.directory, { recursive: true });
  }

  /** Compose takes the project's name from it. */
  get directory(): string {
    return join(this.#work, this.#name);
  }

  /** The name of a service's container, as this Compose makes it. */
  container = (service: string, index = 1): string =>
    [this.#name, service, index].join(this.is === 'v1' ? '_' : '-');

  /** Words separated by single blanks, or a list of them; written down with all that a user sees. */
  compose = async (
    words: string | readonly string[],
    { sorted, briefly, ...options }: Seen = {},
  ): Promise<Ran> => {
    const argv = typeof words === 'string' ? words.split(' ') : words;
    const ran = await this.quietly(argv, options);
    // Lines of logs are aligned to the longest name that Compose knows at that moment.
    const out = (sorted ? anyOrder(ran.stdout) : ran.stdout)
      .replace(/^(\S+) +\|/gm, '$1 |')
      .replace(ATTACHING, (_, start: string, names: string) => start + inOrder(names));
    // What else was under way when it failed, is chance.
    const errors = (ran.code === 0 ? ran.stderr : ran.stderr.replace(PROGRESS, '')).replace(
      / +\.\.\. ?/g,
      ' ... ',
    );
    const told = `${out}${anyOrder(errors).replace(/^(?=.)/gm, '! ')}`;
    this.see(`$ compose ${argv.join(' ')}\n${briefly && ran.code === 0 ? '' : told}[${ran.code}]`);
    return ran;
  };

  /** Each in turn. */
  all = async (...lines: readonly string[]): Promise<void> => {
    for (const line of lines) await this.compose(line);
  };

  /** Without writing it down. */
  quietly = (argv: readonly string[], options: DockerOptions = {}): Promise<Ran> =>
    this.engine.docker(argv, this.#settings(options));

  /** Starts a Compose that does not end by itself. */
  start(words: string): Started {
    const started = new Started(this.engine.dockerProcess(words.split(' '), this.#settings({})));
    this.#started.push(started);
    return started;
  }

  #settings = (options: DockerOptions): DockerOptions => ({
    cli: this.#composer.path,
    cwd: this.directory,
    ...options,
    env: { ...ITS_TIME, ...options.env },
  });

  /** The docker command line, written down. */
  docker = async (words: string | readonly string[], sorted = false): Promise<Ran> => {
    const argv = typeof words === 'string' ? words.split(' ') : words;
    const ran = await this.engine.docker(argv);
    const out = sorted ? anyOrder(ran.stdout) : ran.stdout;
    this.see(`$ docker ${argv.join(' ')}\n${out}${ran.stderr.replace(/^(?=.)/gm, '! ')}[${ran.code}]`);
    return ran;
  };

  /** Runs it again until it prints what is wanted; the last output is not written down. */
  async until(words: string | readonly string[], wanted: RegExp): Promise<void> {
    const argv = typeof words === 'string' ? words.split(' ') : words;
    const deadline = Date.now() + WAIT_TIMEOUT_MS;
    for (;;) {
      const { stdout, stderr } = await this.quietly(argv);
      if (wanted.test(stdout)) return;
      assert(
        Date.now() < deadline,
        `compose ${argv.join(' ')}: not ${wanted}:\n${stdout}${stderr}\n${this.seen}`,
      );
    }
  }

  /** Changes a file of the project. */
  edit(file: string, from: string | RegExp, to: string): void {
    const path = join(this.directory, file);
    const text = readFileSync(path, 'utf8');
    const changed = text.replace(from, to);
    assert.notEqual(changed, text, `${file} has no ${from}`);
    writeFileSync(path, changed);
  }

  /** What the engine knows of the project, written down. */
  async facts(...of: readonly Facts[]): Promise<void> {
    for (const line of await factsOf(this.engine, of)) this.see(line);
  }

  see(text: string): void {
    this.#lines.push(text);
  }

  /** With ids, times and places made equal. */
  get seen(): string {
    return plain(this.#lines.join('\n').replaceAll(this.directory, '<directory>'));
  }

  /** Removes everything that the play made, its images too. */
  async clear(imagesBefore: ReadonlySet<string>): Promise<void> {
    for (const started of this.#started) started.kill();
    await removeContainers(this.engine);
    await removeVolumes(this.engine);
    await removeNetworks(this.engine);
    for (const id of await imageIds(this.engine))
      if (!imagesBefore.has(id)) await this.engine.api().delete(`/images/${id}?force=1`);
    rmSync(this.#work, { recursive: true, force: true });
  }
}

/** The images of an engine, those between a build's steps too. */
export async function imageIds({ api }: Engine): Promise<ReadonlySet<string>> {
  const all = (await api().get('/images/json?all=1')).json<{ Id: string }[]>();
  return new Set(all.map(({ Id }) => Id));
}
