/** A private engine for a test: started in roots of its own, talked to, killed, and searched for leaks at the end. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  createReadStream,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DockerOptions, type Ran, runDocker, spawnDocker } from './docker.ts';
import { Api } from './http.ts';
import { busyboxArchive } from './image.ts';
import { type Leak, leaksAfter, type Marks, mountsBelow, networkMarks } from './leaks.ts';
import { unmountLazily } from './unmount.ts';
import { until } from './until.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/gantry');
/** Started from source on a busy machine; a bundle takes a tenth of a second. */
const START_LOOK_MS = 20;
const START_LOOKS_MAX = 30_000 / START_LOOK_MS;
const STOP_TIMEOUT_MS = 30_000;
/** The kernel takes network namespaces and cgroups down in the background. */
const LEAK_GRACE_MS = 5_000;

/** How an engine is started. */
export interface GantryOptions {
  /** Further arguments of `gantry daemon`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Written to a daemon.json that the engine is started with. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** The launcher that is run. Default: this checkout's. */
  readonly program?: string;
  /** Load busybox:latest. Default: true. */
  readonly busybox?: boolean;
}

/** A test's context, or the `after` of node:test for a whole file. */
export interface Scope {
  after(work: () => Promise<void>): void;
}

/** An engine of the test's own, and everything that tests do with one. */
export class Gantry {
  /** Holds everything below; removed at the end. */
  readonly root: string;
  readonly socket: string;
  /** `unix://…`, for DOCKER_HOST. */
  readonly host: string;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly pidFile: string;
  readonly #options: GantryOptions;
  readonly #logFile: string;
  readonly #ids = new Set<string>();
  readonly #marks = {
    bridges: new Set<string>(),
    vethPrefixes: new Set<string>(),
    tables: new Set<string>(),
  };
  /** Where this life of the daemon begins in its log. */
  #lifeAt = 0;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(options: GantryOptions) {
    this.root = mkdtempSync(join(tmpdir(), 'gantry-test-'));
    this.socket = join(this.root, 'gantry.sock');
    this.host = `unix://${this.socket}`;
    this.dataRoot = join(this.root, 'data');
    this.execRoot = join(this.root, 'exec');
    this.pidFile = join(this.root, 'gantry.pid');
    this.#logFile = join(this.root, 'gantry.log');
    this.#options = options;
    mkdirSync(join(this.root, 'home'));
  }

  /** The daemon's process id. */
  get pid(): number {
    assert(this.#child?.pid !== undefined, 'the engine is not running');
    return this.#child.pid;
  }
  get running(): boolean {
    return this.#child !== undefined;
  }

  /** Everything the daemon wrote to its log, over all of its lives. */
  log = (): string => readFileSync(this.#logFile, 'utf8');

  /** Requests of one API version; without a version: unversioned paths. */
  api = (version?: string): Api => new Api(this.socket, version);

  docker = (argv: readonly string[], options?: DockerOptions): Promise<Ran> =>
    runDocker(this.host, join(this.root, 'home'), argv, options);

  /** Runs the docker command line, expects exit code 0, and gives what it printed without the last line's end. */
  async dockerOk(...argv: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.docker(argv);
    assert.equal(code, 0, `docker ${argv.join(' ')}: exit code ${code}\n${stdout}${stderr}`);
    return stdout.replace(/\n$/, '');
  }

  /** Starts the docker command line, to be talked with. */
  dockerProcess = (argv: readonly string[], options?: Parameters<typeof spawnDocker>[3]): ChildProcess =>
    spawnDocker(this.host, join(this.root, 'home'), argv, options);

  /** Starts the daemon and waits until it answers. @throws with the daemon's log when it does not */
  async start(): Promise<void> {
    const log = openSync(this.#logFile, 'a');
    this.#lifeAt = fstatSync(log).size;
    const roots = ['--data-root', this.dataRoot, '--exec-root', this.execRoot, '--pidfile', this.pidFile];
    const argv = ['daemon', '-H', this.host, ...roots, ...this.#configured(), ...(this.#options.args ?? [])];
    const child = spawn(this.#options.program ?? PROGRAM, argv, {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...this.#options.env },
    });
    this.#child = child;
    this.#ended = new Promise((resolve) =>
      child.once('exit', () => {
        this.#child = undefined;
        resolve();
      }),
    );
    // Counted in looks: this thread may unpack a peer meanwhile, and then no time has passed for the engine's answer.
    for (let looks = 0; !(await this.#answers()); looks++) {
      assert(this.#child !== undefined, `the engine ended at its start:\n${this.log()}`);
      assert(looks < START_LOOKS_MAX, `the engine does not answer:\n${this.log()}`);
      await new Promise((resolve) => setTimeout(resolve, START_LOOK_MS));
    }
  }

  /** Resolves when the daemon, which answers, has adopted what it found and cleared away what was nobody's. */
  async recovered(): Promise<void> {
    await until(() => readFileSync(this.#logFile).indexOf('"daemon.recovered"', this.#lifeAt) >= 0);
  }

  #configured(): string[] {
    const { config } = this.#options;
    if (config === undefined) return [];
    const file = join(this.root, 'daemon.json');
    writeFileSync(file, JSON.stringify(config));
    return ['--config-file', file];
  }

  async #answers(): Promise<boolean> {
    try {
      return (await this.api().get('/_ping')).status === 200;
    } catch {
      return false;
    }
  }

  /** Loads the busybox image of {@link busyboxArchive}; returns its id. */
  async loadBusybox(): Promise<string> {
    const { file, imageId } = busyboxArchive();
    const answer = await this.api().post('/images/load', createReadStream(file));
    assert.equal(answer.status, 200, answer.text);
    assert(!answer.text.includes('errorDetail'), answer.text);
    return imageId;
  }

  /** Kills the daemon as no program can prepare for; containers run on. */
  async kill9(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  /** Stops the daemon in good order. @throws when it does not end, or not with exit code 0 */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(late);
    assert.equal(child.exitCode, 0, `the engine did not stop well (${child.signalCode}):\n${this.log()}`);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Tells what must be gone at the end too: after kills the daemon does not tell all that it ever made. */
  expectGone({ ids, bridges, vethPrefixes, tables }: Omit<Marks, 'root'>): void {
    for (const id of ids) this.#ids.add(id);
    for (const each of bridges) this.#marks.bridges.add(each);
    for (const each of vethPrefixes) this.#marks.vethPrefixes.add(each);
    for (const each of tables) this.#marks.tables.add(each);
  }

  /** Removes every container, stops the daemon, and fails when anything of it is still on this machine. */
  async end(): Promise<void> {
    let leaks: Leak[] = [];
    try {
      if (!this.running) await this.start();
      await this.#removeContainers();
      this.expectGone({ ids: new Set(), ...networkMarks(this.root) });
      await this.stop();
    } finally {
      await this.kill9();
      leaks = await leaksAfter({ root: this.root, ids: this.#ids, ...this.#marks }, LEAK_GRACE_MS);
      this.#sweep(leaks);
    }
    const listed = leaks.map(({ what, which }) => `  ${what} ${which}`).join('\n');
    assert.equal(leaks.length, 0, `the engine left behind:\n${listed}`);
  }

  async #removeContainers(): Promise<void> {
    const api = this.api();
    // A time that is over, so that nobody waits for it; the fraction tells of events of this very second.
    const until = (Date.now() / 1000).toFixed(3);
    const filters = encodeURIComponent(JSON.stringify({ type: ['container'], event: ['create'] }));
    const events = await api.get(`/events?since=0&until=${until}&filters=${filters}`);
    for (const [, id] of events.text.matchAll(/"id":"([0-9a-f]{64})"/g)) this.#ids.add(id ?? '');
    const all = (await api.get('/containers/json?all=1')).json<{ Id: string }[]>();
    for (const { Id } of all) this.#ids.add(Id);
    const answers = await Promise.all(all.map(({ Id }) => api.delete(`/containers/${Id}?force=1&v=1`)));
    for (const answer of answers) assert([204, 404, 409].includes(answer.status), answer.text);
  }

  /** Makes the machine clean whatever the test did, so that one failure stays one. */
  #sweep(leaks: readonly Leak[]): void {
    for (const { pid } of leaks) {
      try {
        if (pid !== undefined) process.kill(pid, 'SIGKILL');
      } catch {
        // it ended by itself
      }
    }
    for (const point of mountsBelow(this.root).reverse()) unmountLazily(point);
    // Never across a mount that is still there: it may show the host's own files.
    if (mountsBelow(this.root).length === 0) rmSync(this.root, { recursive: true, force: true });
  }
}

/** Starts an engine that ends with the test; the end fails the test when something leaked. */
export async function startGantry(scope: Scope, options: GantryOptions = {}): Promise<Gantry> {
  const gantry = new Gantry(options);
  scope.after(() => gantry.end());
  await gantry.start();
  if (options.busybox !== false) await gantry.loadBusybox();
  return gantry;
}
