/** Images for tests, made without any engine: busybox as a root file system and as a docker archive. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fillBusyboxRoot } from '../../src/cli/rootfs.ts';

export const CACHE = join(import.meta.dirname, '../../node_modules/.cache/gantry-test');
/** One time for everything, so that each machine makes the same bytes from the same busybox. */
const CREATED = '2026-01-01T00:00:00Z';
const TAR_FORM = [
  '--format=gnu',
  '--sort=name',
  '--numeric-owner',
  '--owner=0',
  '--group=0',
  `--mtime=${CREATED}`,
];

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** Makes `name` in the cache by `make`, unless it is there; concurrent makers do not disturb each other. */
function cached(name: string, make: (dir: string, file: string) => void): string {
  const file = join(CACHE, name);
  if (existsSync(file)) return file;
  mkdirSync(CACHE, { recursive: true });
  const dir = mkdtempSync(join(CACHE, '.make-'));
  try {
    make(dir, join(dir, 'result'));
    renameSync(join(dir, 'result'), file);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return file;
}

const packDirectory = (dir: string, file: string): void =>
  void execFileSync('tar', ['-C', dir, ...TAR_FORM, '-cf', file, '.']);

/** Path of a tar of a busybox root file system (2 MB): /bin/busybox, links to it, /etc/passwd, /etc/group. */
export function busyboxRootfs(): string {
  return cached('busybox-rootfs.tar', (dir, file) => {
    const program = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
    const listed = execFileSync(program, ['--list-full'], { encoding: 'utf8' }).split('\n');
    const root = join(dir, 'root');
    mkdirSync(root);
    fillBusyboxRoot(
      root,
      program,
      listed.filter((path) => path !== '' && path !== 'bin/busybox'),
    );
    packDirectory(root, file);
  });
}

/** An image in a file, and what is known of it. */
export interface Archive {
  readonly file: string;
  /** `sha256:…` of the configuration: the id that every engine gives this image. */
  readonly imageId: string;
  readonly config: string;
}

/** A docker archive (as `docker save` writes it) of {@link busyboxRootfs}, tagged `busybox:latest`. */
export const busyboxArchive = (): Archive =>
  dockerArchive('busybox', busyboxRootfs(), 'busybox-static from Debian');

/** A docker archive of one layer, tagged `NAME:latest`. */
export function dockerArchive(name: string, layer: string, madeBy: string): Archive {
  const config = imageConfig(`sha256:${sha256(readFileSync(layer))}`, madeBy);
  const file = cached(`${name}-${sha256(config).slice(0, 12)}.tar`, (dir, result) => {
    const root = join(dir, 'root');
    mkdirSync(root);
    execFileSync('cp', [layer, join(root, 'layer.tar')]);
    writeFileSync(join(root, `${sha256(config)}.json`), config);
    const manifest = [
      { Config: `${sha256(config)}.json`, RepoTags: [`${name}:latest`], Layers: ['layer.tar'] },
    ];
    writeFileSync(join(root, 'manifest.json'), JSON.stringify(manifest));
    packDirectory(root, result);
  });
  return { file, imageId: `sha256:${sha256(config)}`, config };
}

function imageConfig(diffId: string, madeBy: string): string {
  return JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Cmd: ['sh'],
    },
    created: CREATED,
    history: [{ created: CREATED, created_by: madeBy }],
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [diffId] },
  });
}
