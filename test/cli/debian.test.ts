/** A real distribution: Debian made from its packages, under both command lines, beside dockerd. */
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { debianRootfs } from '../harness/debian.ts';
import type { Engine } from '../harness/dockerd.ts';
import { playScenes, type Scene } from './scenes.ts';

const IMAGE = 'debian:test';
const NONE = ['--network', 'none'] as const;
const PROMPT = /READY> /;

let made: Promise<string> | undefined;

async function importDebian({ api }: Engine): Promise<void> {
  made ??= debianRootfs();
  const [repo, tag] = IMAGE.split(':');
  const answer = await api().post(
    `/images/create?fromSrc=-&repo=${repo}&tag=${tag}&changes=${encodeURIComponent('CMD ["bash"]')}`,
    createReadStream(await made),
  );
  assert.equal(answer.status, 200, answer.text);
  assert.ok(!answer.text.includes('errorDetail'), answer.text);
}

const scenes: readonly Scene[] = [
  {
    title: 'the packages are whole, and its programs run',
    async play(stage) {
      const run = (script: string) => stage.run(['run', '--rm', ...NONE, IMAGE, 'bash', '-c', script]);
      const { stdout } = await run('. /etc/os-release; echo $ID; dpkg --audit && echo whole');
      assert.equal(stdout, 'debian\nwhole\n');
      await run('dpkg -l | grep -c ^ii; apt-get --version | head -1; perl -e "print 6*7, qq{\\n}"');
      await run(
        'find / -xdev -not -path "/proc/*" -not -path "/sys/*" -not -path "/dev/*" -printf "%P %M %U:%G %s %l\\n" | grep -v -e "^etc/host" -e "^etc/resolv" -e "^etc/mtab" -e "^.dockerenv" -e "^ " -e "^etc " | sort | sha256sum',
      );
      await run('getcap -r / 2>/dev/null; find / -xdev -perm -4000 | sort');
      await run(
        'useradd -m someone && su someone -c "id -un; pwd" && ls -ld /home/someone | cut -d" " -f1,3,4',
      );
      await run(
        'echo data > /file; mv /etc/debian_version /etc/moved; rm -r /usr/share/doc; ls /usr/share/doc 2>&1 | head -1; cat /file; mkdir /usr/share/doc; ls -A /usr/share/doc | wc -l',
      );
      await run('ulimit -n 1024; locale 2>/dev/null | head -1; date +%Z; nproc > /dev/null && echo nproc');
    },
  },
  {
    title: 'bash at a terminal: job control, and a job that gets the terminal back',
    async play(stage) {
      const terminal = stage.terminal([
        'run',
        '-it',
        '--rm',
        '-e',
        'PS1=READY> ',
        ...NONE,
        IMAGE,
        'bash',
        '--norc',
      ]);
      await terminal.shows(PROMPT);
      for (const line of [
        'tty',
        'echo $-',
        'sleep 100 & jobs',
        'kill %1; wait; echo over',
        'set -o | grep monitor',
      ])
        stage.see(`${line}: ${(await terminal.command(line)).replace(/\[1\] \d+\n/, '')}`);
      // It tells when it runs: the keys before that would go to the shell.
      terminal.type("sh -c 'echo begun; exec cat'\r");
      await terminal.shows(/[\r\n]begun/);
      terminal.type('\x1a');
      await terminal.shows(/Stopped/);
      await terminal.shows(PROMPT);
      terminal.type('fg\r');
      await terminal.shows(/[\r\n]sh -c 'echo begun; exec cat'\r\n/);
      terminal.type('word\r');
      // The terminal's echo, then what the job read: it has the terminal again, so the next key is for it.
      await terminal.shows(/word\r\nword\r\n/);
      terminal.type('\x03');
      await terminal.shows(PROMPT);
      stage.see(`after the job: ${await terminal.command('jobs; echo $?')}`);
      terminal.type('exit 12\r');
      stage.see(`ended with ${await terminal.ended}`);
    },
  },
];

playScenes(scenes, importDebian);
