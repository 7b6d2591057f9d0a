/** Volumes, and files that a project hands to its containers. */
import type { Play } from '../play.ts';

export const volumes: Play = {
  name: 'volumes',
  async play(stage) {
    await stage.compose('up -d'); // the volume of somebody else is missing yet
    await stage.docker('volume create precious');
    await stage.compose('up -d');
    const write =
      'echo 1 >/named/a; echo 2 >/memory/b; echo 3 >/theirs/c; echo 4 >/anonymous/d; echo 5 >/fast/e; echo 6 >/scratch/f';
    await stage.compose(['exec', '-T', 'writer', 'sh', '-c', write]);
    await stage.compose(['exec', '-T', 'writer', 'sh', '-c', 'echo no >/site/x; echo no >/named-again/x']);
    await stage.compose([
      'exec',
      '-T',
      'writer',
      'sh',
      '-c',
      'cat /site/index.html /named-again/a; df -k /memory /scratch /fast | awk "{print \\$2, \\$6}"; stat -c "%a %u" /fast /memory',
    ]);
    await stage.compose([
      'exec',
      '-T',
      'reader',
      'sh',
      '-c',
      'cat /named/a /memory/b /theirs/c /anonymous/d; echo no >/named/x',
    ]);
    await stage.facts('containers', 'volumes');
    await stage.compose('up -d --force-recreate'); // what has no name moves to the new container
    await stage.compose([
      'exec',
      '-T',
      'writer',
      'sh',
      '-c',
      'cat /named/a /theirs/c /anonymous/d; ls /scratch',
    ]);
    await stage.compose('up -d --force-recreate -V');
    await stage.compose(['exec', '-T', 'writer', 'ls', '/anonymous']);
    if (stage.is === 'v2') await stage.compose('cp writer:/named/a ./copied');
    await stage.compose('down');
    await stage.compose('up -d writer', { briefly: true });
    await stage.compose('exec -T writer cat /named/a');
    await stage.compose('rm -f -s -v writer');
    await stage.compose('down -v');
    await stage.docker('volume ls --format {{.Name}}');
  },
};

export const secrets: Play = {
  name: 'secrets',
  async play(stage) {
    await stage.compose('up', { sorted: true });
    await stage.facts('containers');
    await stage.compose('down');
    if (stage.is === 'v1') return;
    const env = { LEVEL: 'loud', KEY: 'from the environment' };
    await stage.compose('-f settings.yaml up --no-log-prefix', { env });
    await stage.compose('-f settings.yaml up --force-recreate', {
      env: { ...env, DEBUG: 'on' },
      sorted: true,
    });
    await stage.compose('-f settings.yaml down', { env });
  },
};

export const build: Play = {
  name: 'build',
  async play(stage) {
    await stage.compose('build', { briefly: true });
    await stage.compose('run --rm app');
    await stage.compose('run --rm tool');
    await stage.compose('up', { sorted: true });
    await stage.docker([
      'image',
      'inspect',
      '-f',
      '{{json .Config.Labels}}{{json .RepoTags}}',
      'example/app:dev',
    ]);
    await stage.compose('up -d --no-color', { sorted: true });
    stage.edit('app/message.txt', 'first', 'second');
    await stage.compose('up -d --build app', { briefly: true });
    await stage.compose('logs --no-color app');
    await stage.compose(['build', '--build-arg', 'COLOUR=green', '--no-cache', 'app'], { briefly: true });
    await stage.compose('run --rm --no-deps inherited');
    stage.edit('tool.Dockerfile', 'echo made', 'exit 9');
    const { code } = await stage.quietly(['build', 'tool']);
    stage.see(`a failing build: ${code}`);
    await stage.compose('down --rmi local');
    await stage.docker(['images', '--format', '{{.Repository}}:{{.Tag}}', 'example/app']);
    await stage.compose('down --rmi all');
    await stage.docker(['images', '--format', '{{.Repository}}:{{.Tag}}']);
  },
};

export const watch: Play = {
  name: 'watch',
  only: 'v2',
  async play(stage) {
    await stage.compose('up -d --build', { briefly: true });
    const watching = stage.start('watch --no-up');
    const page = ['exec', '-T', 'site', 'wget', '-q', '-O', '-', 'http://localhost/'];
    await stage.compose(page);
    await watching.says(/[Ww]atch/);
    stage.edit('src/index.html', 'first', 'second');
    await stage.until(page, /second/);
    stage.edit('settings.conf', 'a = 1', 'a = 2');
    await stage.until(['exec', '-T', 'site', 'cat', '/etc/settings.conf'], /a = 2/);
    await stage.until(page, /second/);
    watching.kill();
    await stage.compose('down');
  },
};
