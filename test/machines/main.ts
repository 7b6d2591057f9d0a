/**
 * `npm run machines`: Gantry on whole Debians in virtual machines. `--release bookworm|trixie`: that one; `--only WORD`:
 * scenes whose name has it. The first run makes the machines' disks, which takes minutes. With names of test files, or
 * patterns of them, these run there instead: `npm run machines -- --release bookworm test/engine/told.test.ts`.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machineDocker, peersDirectory } from '../harness/docker.ts';
import { busyboxArchive } from '../harness/image.ts';
import { Machine, type Release } from './machine.ts';

const ROOT = join(import.meta.dirname, '../..');
const RELEASES: readonly Release[] = ['bookworm', 'trixie'];
const scene = (name: string): string => join(import.meta.dirname, 'scenes', `${name}.sh`);

/** Scripts that are played one after the other on one machine, which is switched off between them. */
const STORIES: Readonly<Record<string, readonly string[]>> = {
  package: ['service', 'after-boot'],
  builds: ['builds'],
  quota: ['quota'],
  keeper: ['keeper'],
};

const { values, positionals: patterns } = parseArgs({
  options: { release: { type: 'string' }, only: { type: 'string' } },
  allowPositionals: true,
});

/** What tests find beside them: this checkout as it is, with its packages, and which of them are meant. */
function checkoutIn(work: string): string[] {
  const [tree, wanted] = [join(work, 'tree.tar'), join(work, 'patterns')];
  execFileSync('tar', ['-C', ROOT, '--exclude=./node_modules/.cache', '--exclude=./.git', '-cf', tree, '.']);
  writeFileSync(wanted, patterns.join(' '));
  return [tree, wanted, scene('checks'), dockerIn(work)];
}

const dockerIn = (work: string): string => {
  copyFileSync(machineDocker(), join(work, 'docker'));
  return join(work, 'docker');
};

/** Debian 13's, which older ones run as well. */
const buildxIn = (work: string): string => {
  const found = join(peersDirectory(13), 'usr/libexec/docker/cli-plugins/docker-buildx');
  copyFileSync(found, join(work, 'docker-buildx'));
  return join(work, 'docker-buildx');
};

/** What the scenes find beside them: both versions of the package, an image, Docker's command line and its plugin for builds. */
function filesIn(work: string): string[] {
  const made = (name: string, version: string): string => {
    const argv = [join(ROOT, 'tools/node'), join(ROOT, 'tools/deb/main.ts'), '--plain'];
    const options = ['--version', version, '--out', work];
    const file = execFileSync('sh', [...argv, ...options], { encoding: 'utf8' }).trim();
    renameSync(file, join(work, name));
    return join(work, name);
  };
  copyFileSync(busyboxArchive().file, join(work, 'busybox.tar'));
  return [
    ...[made('first.deb', '0.1.0-1'), made('second.deb', '0.1.0-2')],
    ...[join(work, 'busybox.tar'), dockerIn(work), buildxIn(work), scene('checks')],
  ];
}

async function told(
  release: Release,
  scripts: readonly string[],
  files: readonly string[],
): Promise<boolean> {
  const machine = await Machine.of(release);
  try {
    for (const script of scripts) {
      const { output, passed } = await machine.play(scene(script), files);
      process.stdout.write(output);
      if (!passed) return false;
    }
    return true;
  } finally {
    machine.end();
  }
}

const releases = RELEASES.filter((release) => release === (values.release ?? release));
const stories =
  patterns.length > 0
    ? ([['tests', ['tests']]] as const)
    : Object.entries(STORIES).filter(([name]) => name.includes(values.only ?? ''));
assert(releases.length > 0 && stories.length > 0, 'nothing is of that name');
const work = mkdtempSync(join(tmpdir(), 'gantry-machines-'));
try {
  const files = patterns.length > 0 ? checkoutIn(work) : filesIn(work);
  for (const release of releases) {
    for (const [name, scripts] of stories) {
      console.log(`== ${name} on ${release}`);
      const passed = await told(release, scripts, files);
      console.log(`== ${name} on ${release}: ${passed ? 'passed' : 'FAILED'}`);
      if (!passed) process.exitCode = 1;
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
