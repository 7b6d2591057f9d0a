/** Files in and out of containers: cp, diff, export, commit; the same as under dockerd. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Difference, playScenes, type Scene, type Stage } from './scenes.ts';

const NONE = ['--network', 'none'] as const;

/** A container that ran a script and has ended. */
const made = (stage: Stage, name: string, script: string, ...options: readonly string[]) =>
  stage.quietly(['run', '--name', name, ...NONE, ...options, 'busybox', 'sh', '-c', script]);
/** One that goes on when its script is done. */
async function running(
  stage: Stage,
  name: string,
  script: string,
  ...options: readonly string[]
): Promise<void> {
  await made(stage, name, `${script}; touch /tmp/ready; exec sleep 1000`, '-d', ...options);
  for (let code = 1; code !== 0; )
    code = (await stage.quietly(['exec', name, 'test', '-e', '/tmp/ready'])).code ?? 1;
}

/** Owner, mode, size and content below a directory, in the order of names. */
function tree(directory: string): string {
  const format = '%P %y %m %U:%G %s %l\n';
  const listed = execFileSync('find', [directory, '-mindepth', '1', '-printf', format], { encoding: 'utf8' });
  return listed
    .split('\n')
    .map((line) => line.replace(/^(\S+ d \S+ \S+) \d+/, '$1')) // a directory's size is its file system's
    .sort()
    .join('\n');
}

/** Members of an archive as tar(1) reads them; times and what dockerd looks up on its host left out. */
const listed = (archive: Buffer): string =>
  execFileSync('tar', ['-tv', '--numeric-owner', '--full-time', '-f', '-'], {
    input: archive,
    encoding: 'utf8',
  })
    .replace(/ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?/g, '')
    .replace(/ +/g, ' ');

/** Debian's dockerd unpacks in a process of its own, and says how that ended; later ones do not. */
const OTHER_PROCESS: Difference = {
  why: 'dockerd unpacks in a process of its own',
  dockerd: [/Error processing tar file\(exit status 1\): /, ''],
};

const MAKE_TREE =
  'mkdir -p /a/b /a/empty; echo one > /a/one; echo two > /a/b/two; ln -s one /a/link; ln -s /a /to-a; ln -s /no /dangling; ln /a/one /a/hard; chmod 4711 /a/b/two; chown 12:34 /a/b/two';

const scenes: readonly Scene[] = [
  {
    title: 'copying out of a container that has ended, by every form of a path',
    async play(stage) {
      const dir = stage.directory();
      await made(stage, 'box', MAKE_TREE);
      mkdirSync(join(dir, 'there'));
      for (const [from, to] of [
        ['/a/one', 'file'],
        ['/a/one', 'there'],
        ['/a/one', 'there/'],
        ['a/b/two', 'two'],
        ['/a', 'new'],
        ['/a', 'there'],
        ['/a/.', 'content'],
        ['/a/.', 'there'],
        ['/to-a', 'link'],
        ['/to-a/', 'through'],
        ['/a/link', 'link-to-file'],
        ['/dangling', 'nowhere'],
        ['/a/one/', 'not'],
        ['/no', 'not'],
        ['/a/one', 'no/such/place'],
        ['/a', 'file'],
        ['/a/../a/b/./two', 'dots'],
      ])
        await stage.run(['cp', `box:${from}`, join(dir, to ?? '')]);
      await stage.run(['cp', '-L', 'box:/to-a', join(dir, 'followed')]);
      await stage.run(['cp', '-L', 'box:/a/link', join(dir, 'followed-file')]);
      await stage.run(['cp', '-a', 'box:/a/b/two', join(dir, 'archived')]);
      await stage.run(['cp', 'nobox:/a', dir]);
      stage.see(tree(dir));
    },
    differences: [
      {
        why: 'dockerd tells where it keeps its layers',
        dockerd: [/lstat \S+\/merged\/a\/one\/:/, 'lstat /a/one/:'],
      },
    ],
  },
  {
    title: 'copying into containers, running, paused and ended',
    async play(stage) {
      const dir = stage.directory();
      mkdirSync(join(dir, 'd/e'), { recursive: true });
      writeFileSync(join(dir, 'd/e/deep'), 'deep', { mode: 0o640 });
      writeFileSync(join(dir, 'file'), 'file', { mode: 0o755 });
      symlinkSync('file', join(dir, 'link'));
      await made(stage, 'ended', MAKE_TREE);
      await running(stage, 'runs', MAKE_TREE);
      await running(stage, 'frozen', MAKE_TREE);
      await stage.quietly(['pause', 'frozen']);
      for (const box of ['ended', 'runs', 'frozen'])
        for (const [from, to] of [
          ['file', '/new'],
          ['file', '/a'],
          ['file', '/a/'],
          ['file', '/to-a/through'],
          ['file', '/a/b/two'],
          ['d', '/fresh'],
          ['d', '/a'],
          ['d/.', '/a/empty'],
          ['d', '/a/one'],
          ['link', '/a/copied-link'],
          ['link', '/a/'],
          ['file', '/no/such/file'],
          ['no', '/a'],
        ])
          await stage.run(['cp', join(dir, from ?? ''), `${box}:${to}`]);
      await stage.quietly(['unpause', 'frozen']);
      const look =
        'cd /; find new a fresh | sort | xargs ls -ldn | tr -s " " | cut -d" " -f1,3,4,9-; cat /a/b/two /a/through';
      for (const box of ['runs', 'frozen']) await stage.run(['exec', box, 'sh', '-c', look]);
      await stage.run(['cp', 'ended:/a', join(dir, 'back')]);
      stage.see(tree(join(dir, 'back')));
    },
  },
  {
    title: 'copying through pipes, and a user of the container',
    async play(stage) {
      const dir = stage.directory();
      await running(stage, 'box', MAKE_TREE, '-u', '1234:56');
      await running(stage, 'root', MAKE_TREE);
      const archive = execFileSync(
        'tar',
        ['-c', '--owner=5', '--group=6', '-C', '/usr/share', 'base-files'],
        {
          maxBuffer: 64 << 20,
        },
      );
      await stage.run(['cp', '-', 'root:/a'], { input: archive });
      await stage.run(['cp', '-a', '-', 'root:/a/empty'], { input: archive });
      await stage.run([
        'exec',
        'root',
        'sh',
        '-c',
        'find /a/base-files /a/empty | sort | xargs ls -ldn | tr -s " " | cut -d" " -f1,3,4,5,9-',
      ]);
      await stage.run(['cp', '-', 'root:/a/one'], { input: archive });
      await stage.run(['cp', '-', 'root:/no'], { input: archive });
      await stage.run(['cp', '-', 'root:/a'], { input: 'no archive at all'.repeat(100) });
      const out = await stage.quietly(['cp', 'root:/a', '-']);
      writeFileSync(join(dir, 'out.tar'), out.stdout, 'latin1');
      const archiveOf = async (path: string) =>
        listed((await stage.engine.api().get(`/containers/root/archive?path=${path}`)).bytes);
      for (const path of ['/a/b', '/to-a', '/a/b/.']) stage.see(await archiveOf(path));
    },
    differences: [OTHER_PROCESS],
  },
  {
    title: 'mounts are reached, and what is read-only is not written',
    async play(stage) {
      const dir = stage.directory();
      for (const name of ['rw', 'ro', 'in']) mkdirSync(join(dir, name));
      writeFileSync(join(dir, 'in/file'), 'file');
      const binds = ['-v', `${dir}/rw:/rw`, '-v', `${dir}/ro:/ro:ro`];
      await running(
        stage,
        'box',
        'mkdir /l; ln -s /ro /l/to-ro; ln -s /rw /l/to-rw; echo x > /rw/inside',
        ...binds,
      );
      await running(stage, 'locked', 'true', '--read-only', '--tmpfs', '/tmp', '-v', `${dir}/rw:/rw`);
      await stage.quietly(['create', '--name', 'never', ...binds, '-v', `${dir}/rw:/not/yet`, 'busybox']);
      const file = join(dir, 'in/file');
      for (const to of [
        'box:/rw/one',
        'box:/ro/one',
        'box:/l/to-rw/two',
        'box:/l/to-ro/two',
        'locked:/three',
      ])
        await stage.run(['cp', file, to]);
      for (const to of ['locked:/rw/three', 'never:/rw/four', 'never:/ro/four', 'never:/not/yet/five'])
        await stage.run(['cp', file, to]);
      await stage.run(['cp', 'box:/rw', join(dir, 'out')]);
      await stage.run(['cp', 'box:/l/to-rw/inside', join(dir, 'inside')]);
      stage.see(
        `${readdirSync(join(dir, 'rw')).sort()}; ${readdirSync(join(dir, 'ro'))}; ${readdirSync(join(dir, 'out')).sort()}`,
      );
      await stage.run(['cp', file, 'box:/etc/hostname']);
      await stage.run(['exec', 'box', 'sh', '-c', 'test -s /etc/hostname && echo kept']);
    },
    differences: [OTHER_PROCESS],
  },
  {
    title: 'changes of a container, and of one that is made of them',
    async play(stage) {
      const diff = async (name: string) => {
        const { stdout } = await stage.quietly(['diff', name]);
        stage.see(stdout.split('\n').sort().join('\n'));
      };
      await stage.quietly(['create', '--name', 'never', 'busybox']);
      await diff('never');
      await made(stage, 'box', `${MAKE_TREE}; rm /etc/group; chmod 700 /usr; echo x >> /etc/passwd`);
      await diff('box');
      const marks =
        'ls -l /.dockerenv /etc/mtab | tr -s " " | cut -d" " -f1-5,9-; grep -c "^overlay / " /etc/mtab';
      await stage.run(['run', '--rm', '--read-only', ...NONE, 'busybox', 'sh', '-c', marks]);
      await made(stage, 'still', 'true');
      await stage.run(['ps', '-as', '--filter', 'name=still', '--format', '{{.Size}}']);
      await stage.run(['diff', 'nobox']);
      await stage.quietly(['commit', 'box', 'second']);
      const again = async (name: string, script: string) => {
        await stage.quietly(['run', '--name', name, ...NONE, 'second', 'sh', '-c', script]);
        await diff(name);
      };
      await again('same', 'true');
      await again('more', 'echo > /a/b/two; rm -r /a/empty; touch /a/new; mv /to-a /moved');
      await again(
        'opaque',
        'rm -r /a/b; mkdir /a/b; touch /a/b/other; echo x > /a/one; chmod 600 /dangling 2>/dev/null; rm -r /home',
      );
      await stage.run([
        'run',
        '--rm',
        ...NONE,
        'second',
        'sh',
        '-c',
        'ls -lnR /a | tr -s " " | cut -d" " -f1,3-5,9-; cat /etc/passwd; ls /etc/group',
      ]);
    },
  },
  {
    title: 'a container that never started has the files that every one has',
    async play(stage) {
      const dir = stage.directory();
      await stage.quietly(['create', '--name', 'never', 'busybox']);
      for (const path of [
        '/etc/resolv.conf',
        '/etc/hosts',
        '/etc/hostname',
        '/etc/mtab',
        '/.dockerenv',
        '/dev/console',
      ])
        await stage.run(['cp', '-a', `never:${path}`, dir]);
      stage.see(tree(dir));
      await stage.quietly(['export', '-o', join(dir, 'never.tar'), 'never']);
      const names = listed(readFileSync(join(dir, 'never.tar'))).split('\n');
      stage.see(
        names.filter((line) => / (\.dockerenv|dev\/console|etc\/(host|resolv|mtab))/.test(line)).join('\n'),
      );
      await stage.run(['diff', 'never']);
      await stage.run(['start', '-a', 'never']);
      await stage.run(['diff', 'never']);
    },
  },
  {
    title: 'an exported container, imported',
    async play(stage) {
      const dir = stage.directory();
      await running(stage, 'box', MAKE_TREE, '-v', `${dir}:/mounted`);
      writeFileSync(join(dir, 'host'), 'of the host');
      await stage.run(['export', '-o', join(dir, 'box.tar'), 'box']);
      await stage.run(['export', 'nobox']);
      const names = listed(readFileSync(join(dir, 'box.tar')));
      stage.see(
        names
          .split('\n')
          .filter((line) =>
            / (\.dockerenv|a|to-a|dangling|mounted|etc\/mtab|etc\/passwd|bin\/busybox)/.test(line),
          )
          .join('\n'),
      );
      await stage.quietly(['import', join(dir, 'box.tar'), 'imported']);
      await stage.run([
        'run',
        '--rm',
        ...NONE,
        'imported',
        'sh',
        '-c',
        'cat /a/b/two; ls -ln /a/b /mounted | tr -s " " | cut -d" " -f1,3-5,9-',
      ]);
    },
  },
  {
    title: 'images of containers, with what is said at the commit',
    async play(stage) {
      const config =
        '{{.Author}}|{{.Comment}}|{{json .Config.Cmd}}|{{json .Config.Entrypoint}}|{{json .Config.Env}}|{{.Config.User}}|{{json .Config.Labels}}|{{.Config.WorkingDir}}|{{json .Config.ExposedPorts}}|{{len .RootFS.Layers}}|{{.Size}}';
      const look = async (image: string) => {
        await stage.run(['inspect', '-f', config, image]);
        await stage.run([
          'history',
          '--no-trunc',
          '--format',
          '{{.CreatedBy}}|{{.Size}}|{{.Comment}}',
          image,
        ]);
      };
      await made(
        stage,
        'box',
        'echo hello > /made',
        '-e',
        'A=1',
        '-l',
        'x=y',
        '-w',
        '/tmp',
        '--expose',
        '80',
      );
      await stage.quietly(['commit', '-a', 'An Author', '-m', 'why', 'box', 'one:first']);
      await look('one:first');
      const changes = [
        'CMD ["cat","/made"]',
        'ENV A=2 B="b c"',
        'LABEL z=z',
        'USER 5',
        'EXPOSE 81/udp',
        'WORKDIR sub',
      ];
      await stage.quietly(['commit', ...changes.flatMap((change) => ['-c', change]), 'box', 'one:second']);
      await look('one:second');
      await stage.run(['run', '--rm', ...NONE, 'one:second']);
      await stage.quietly(['create', '--name', 'untouched', 'busybox']);
      await stage.quietly(['commit', 'untouched', 'empty']);
      await look('empty');
      await running(stage, 'runs', 'echo running > /made');
      await stage.quietly(['commit', 'runs', 'one:first']);
      await stage.quietly(['commit', '--pause=false', 'runs', 'one:unpaused']);
      await stage.run(['inspect', '-f', '{{.State.Status}}', 'runs']);
      await stage.run(['run', '--rm', ...NONE, 'one:first', 'cat', '/made']);
      await stage.run(['commit', 'nobox', 'x']);
      await stage.run(['commit', '-c', 'FROM x', 'box']);
      await stage.run(['commit', 'box', 'UPPER']);
      // Those of one second come in any order.
      const named = await stage.quietly(['images', '--format', '{{.Repository}}:{{.Tag}}', 'one']);
      stage.see(named.stdout.split('\n').sort().join('\n'));
    },
    differences: [
      {
        why: 'later parsers of Dockerfiles keep a word as it was written',
        gantry: [/FROM is not a valid change/, 'from is not a valid change'],
      },
    ],
  },
  {
    title: 'copies, exports and commits are told as events',
    async play(stage) {
      const dir = stage.directory();
      writeFileSync(join(dir, 'file'), 'file');
      await running(stage, 'box', 'true');
      // Within the second: the scene before has made events in this one.
      const since = (Date.now() / 1000).toFixed(3);
      await stage.quietly(['cp', join(dir, 'file'), 'box:/file']);
      await stage.quietly(['cp', 'box:/file', join(dir, 'back')]);
      await stage.quietly(['export', '-o', join(dir, 'tar'), 'box']);
      await stage.quietly(['diff', 'box']);
      await stage.quietly(['commit', '-m', 'words', 'box', 'told']);
      const format =
        '{{.Type}} {{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.comment}} {{.Actor.Attributes.imageRef}}';
      const until = String(Math.floor(Date.now() / 1000) + 1);
      const { stdout } = await stage.quietly([
        'events',
        '--since',
        since,
        '--until',
        until,
        '--format',
        format,
      ]);
      stage.see(
        stdout
          .split('\n')
          .filter((line) => /archive-path|extract|export|commit|pause|image tag/.test(line))
          .join('\n'),
      );
    },
  },
];

playScenes(scenes);
