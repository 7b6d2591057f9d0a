/** The machine that the service is installed on: what is there, and steps done on it. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf, Failed, messageOf } from '../../base/errors.ts';
import { type Found, GROUP, type InstallRecord, RECORD, type Step, tell, UNITS } from './plan.ts';

/** A machine, whose files lie below `root`: `/`, but for tests. */
export class Machine {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** @throws Failed with what is wanted instead */
  refuseUnlessFit(uid: number | undefined): void {
    if (uid !== 0) throw new Failed('only root may do this: run it as root, with sudo for example');
    if (!existsSync(this.#at('/run/systemd/system')))
      throw new Failed('systemd does not run here: start `gantry daemon` by your own means');
    for (const units of ['/lib/systemd/system', '/usr/lib/systemd/system'])
      if (existsSync(this.#at(`${units}/gantry.service`)))
        throw new Failed(`the Debian package has installed the service already (${units}/gantry.service)`);
  }

  /** @throws Failed while Docker's units hold the socket */
  refuseBesideDocker(socket: string): void {
    if (!/^(\/var)?\/run\/docker\.sock$/.test(socket)) return;
    const active = ['docker.socket', 'docker.service'].filter((unit) => this.#succeeds('is-active', unit));
    if (active.length > 0)
      throw new Failed(
        `${active.join(' and ')} run and own ${socket}: stop and disable them, or install with --socket /run/gantry.sock`,
      );
  }

  find(): Found {
    const group = /^docker:[^:]*:\d+:(.*)$/m.exec(this.#read('/etc/group') ?? '');
    const record = this.#read(RECORD);
    const paths = ['gantry.service', 'gantry.socket'].map((name) => `${UNITS}/${name}`);
    return {
      record: record === undefined ? undefined : (JSON.parse(record) as InstallRecord), // our own file
      texts: new Map(
        paths.flatMap((path) => {
          const text = this.#read(path);
          return text === undefined ? [] : [[path, text] as const];
        }),
      ),
      groupExists: group !== null,
      groupUsed: (group?.[1] ?? '') !== '' || this.#succeeds('cat', `${GROUP}.socket`),
    };
  }

  /** @throws Failed when a step that must not fail did */
  perform(steps: readonly Step[], told: (line: string) => void): void {
    for (const step of steps) {
      told(tell(step));
      if (step.is === 'run') this.#run(step.argv, step.mayFail, told);
      else if (step.is === 'write') this.#write(step.path, step.text);
      else if (step.is === 'remove') rmSync(this.#at(step.path), { force: true });
      else this.#removeDirectory(step.path);
    }
  }

  #at = (path: string): string => join(this.#root, path);

  #read(path: string): string | undefined {
    try {
      return readFileSync(this.#at(path), 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #write(path: string, text: string): void {
    const file = this.#at(path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, text, { mode: 0o644, flush: true });
    renameSync(`${file}.new`, file);
  }

  #removeDirectory(path: string): void {
    try {
      if (statSync(this.#at(path)).isDirectory()) rmdirSync(this.#at(path));
    } catch (error) {
      // Settings of the user's own lie in it, or it has gone.
      if (!['ENOTEMPTY', 'ENOENT'].includes(codeOf(error) ?? '')) throw error;
    }
  }

  #run([program = '', ...argv]: readonly string[], mayFail: boolean, told: (line: string) => void): void {
    const { status, error, stderr } = spawnSync(program, argv, { encoding: 'utf8' });
    if (status === 0) return;
    const why = `${program} ${argv.join(' ')}: ${error === undefined ? stderr.trim() : messageOf(error)}`;
    if (!mayFail) throw new Failed(why);
    told(`went on, though it failed: ${why}`);
  }

  #succeeds = (...argv: string[]): boolean => spawnSync('systemctl', argv, { stdio: 'ignore' }).status === 0;
}
