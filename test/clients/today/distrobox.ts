/** distrobox: a Debian that is created and entered, which shares nearly everything with its host. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from '../../harness/image.ts';
import { type Client, outcomeOf } from './client.ts';
import { debian13With, type Ended } from './root.ts';

/** All that its first start looks for: what is missing it would install, which takes a network. */
const IN_BOX =
  'bc,bzip2,curl,diffutils,findutils,gnupg,hostname,iputils-ping,less,lsof,man-db,mount,openssh-client,passwd,' +
  'pigz,pinentry-curses,procps,rsync,sudo,time,tree,unzip,util-linux,wget,xauth,zip';
const TIMEOUT_MS = 4 * 60 * 1000;

/** A tar of Debian with what a box needs, made once. */
function boxRootfs(): string {
  const file = join(CACHE, 'distrobox.tar');
  if (existsSync(file)) return file;
  mkdirSync(CACHE, { recursive: true });
  const making = join(CACHE, `.make-distrobox-${process.pid}.tar`);
  const { status } = spawnSync(
    'mmdebstrap',
    ['--variant=minbase', '--quiet', '--format=tar', `--include=${IN_BOX}`, 'bookworm', making],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (status !== 0) throw new Error('no Debian for a box can be made here');
  renameSync(making, file);
  return file;
}

/** It mounts its own scripts, `/` and the home directory into the box, so that it runs here and not in a root of its own. */
function typed(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve) =>
    execFile('distrobox', argv, { env, timeout: TIMEOUT_MS }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr }),
    ),
  );
}

export const distrobox: Client = {
  name: 'distrobox 1.8',
  async play({ gantry, work }) {
    const root = debian13With(['distrobox', 'docker-cli']);
    const scripts = join(work, 'bin');
    execFileSync('sh', [
      '-c',
      'mkdir "$1" && cp "$0"/usr/bin/distrobox* "$0"/usr/bin/docker "$1"',
      root,
      scripts,
    ]);
    const made = await gantry
      .api()
      .post('/images/create?fromSrc=-&repo=box&tag=1', createReadStream(boxRootfs()));
    const env = {
      PATH: `${scripts}:${process.env.PATH}`,
      ...{ HOME: work, USER: 'root', SHELL: '/bin/bash', TERM: 'xterm', DOCKER_HOST: gantry.host },
      ...{ DBX_CONTAINER_MANAGER: 'docker', DBX_NON_INTERACTIVE: '1' },
    };
    const seen = 'id -un; grep ^ID= /etc/os-release; ls -d /run/host/etc; pwd';
    return [
      outcomeOf('its image', { code: made.status === 200 ? 0 : made.status, output: made.text }),
      outcomeOf(
        'create',
        await typed(['create', '--root', '--image', 'box:1', '--name', 'box', '--yes'], env),
      ),
      outcomeOf(
        'enter',
        await typed(['enter', '--root', 'box', '--', 'sh', '-c', seen], env),
        /root\nID=debian\n\/run\/host\/etc\n/,
      ),
      outcomeOf('list', await typed(['list', '--root'], env), /box +\| Up .*box:1/),
      outcomeOf('stop', await typed(['stop', '--root', '--yes', 'box'], env), /box/),
      outcomeOf('rm', await typed(['rm', '--root', '--force', 'box'], env), /box/),
    ];
  },
};
