/** Volumes, as a user of the command line sees them. */
import assert from 'node:assert/strict';
import { type Difference, playScenes, type Scene, type Stage } from './scenes.ts';

/** The peer has no bridge. */
const NONE = ['--network', 'none'] as const;
/** Members in an order of its own, and mounts as a list without one. */
const MOUNTS =
  '{{range .Mounts}}{{.Type}} {{.Name}} {{.Destination}} {{.Driver}} {{.Mode}} {{.RW}} {{.Propagation}}\n{{end}}';

const sh = (stage: Stage, options: readonly string[], script: string) =>
  stage.run(['run', ...NONE, ...options, 'busybox', 'sh', '-c', script]);
/** Lines of an output whose order means nothing. */
async function sorted(stage: Stage, argv: readonly string[]): Promise<string[]> {
  const { stdout, stderr } = await stage.quietly(argv);
  const lines = stdout
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .sort();
  stage.see(`$ docker ${argv.join(' ')} (sorted)\n${lines.join('\n')}${stderr}`);
  return lines;
}

const root: Difference = {
  why: 'each engine has a data root of its own',
  gantry: [/\/\S+(?=\/volumes\/)/g, '<root>'],
  dockerd: [/\/\S+(?=\/volumes\/)/g, '<root>'],
};

const scenes: readonly Scene[] = [
  {
    title: 'volumes are made, found again, shown, listed and removed',
    async play(stage) {
      await stage.all(
        'volume create one',
        'volume create one',
        'volume create --label a=b --label c labelled',
        'volume create --driver local --opt type=tmpfs --opt device=tmpfs --opt o=size=1m,uid=1000 small',
        'volume ls',
        'volume inspect one labelled small nobody',
        'volume ls --filter name=o -q',
        'volume ls --filter name=^one$ -q',
        'volume ls --filter label=c -q',
        'volume ls --filter label=a=b --filter label=c --format {{.Name}}:{{.Driver}}:{{.Scope}}',
        'volume ls --filter label=a=x -q',
        'volume ls --filter driver=local -q',
        'volume ls --filter driver=other -q',
        'volume ls --filter dangling=true -q',
        'volume ls --filter dangling=0 -q',
        'volume rm one labelled',
        'volume rm one',
        'volume rm -f one',
        'volume ls -q',
      );
      const { stdout } = await stage.run(['volume', 'create']);
      assert.match(stdout, /^[0-9a-f]{64}\n$/);
      await stage.run(['volume', 'rm', stdout.trim()]);
    },
    differences: [root],
  },
  {
    title: 'what volumes cannot be is refused',
    async play(stage) {
      await stage.all(
        'volume create a',
        'volume create a/b',
        'volume create ..',
        'volume create --opt foo=bar taken',
        'volume create --opt type=tmpfs taken',
        'volume create --opt device=tmpfs taken',
        'volume create --opt size=foo taken',
        'volume create --opt size=10m taken',
        'volume ls --filter foo=bar',
        'volume ls --filter dangling=foo',
        'volume prune -f --filter foo=bar',
        'volume inspect nobody',
        'volume rm nobody',
        'volume ls -q',
      );
    },
  },
  {
    title: 'a driver that is not there is told of',
    alone: 'dockerd looks for one for fifteen seconds',
    async play(stage) {
      const { stderr } = await stage.run(['volume', 'create', '--driver', 'other', 'taken']);
      assert.match(stderr, /error looking up volume plugin other: plugin "other" not found/);
    },
  },
  {
    title:
      'a named volume keeps what containers write, cannot be removed while one has it, and outlives them',
    async play(stage) {
      await sh(stage, ['--name', 'first', '-v', 'data:/x'], 'echo hello > /x/file; stat -c %a:%u:%g /x');
      await sh(stage, ['--rm', '-v', 'data:/y:ro'], 'cat /y/file; touch /y/other');
      await stage.run(['inspect', '--format', MOUNTS, 'first']);
      await stage.run(['inspect', '--format', '{{json .HostConfig.Binds}}', 'first']);
      await stage.all(
        'volume rm data',
        'volume rm -f data',
        'volume ls --filter dangling=false -q',
        'ps -a --filter volume=data --format {{.Names}}',
        'ps -a --filter volume=/x --format {{.Names}}:{{.Mounts}}:{{.LocalVolumes}}',
        'ps -a --filter volume=/y --format {{.Names}}',
        'rm -v first',
        'volume ls -q',
        'volume rm data',
        'volume ls -q',
      );
    },
  },
  {
    title: 'an image’s volume takes what the image has there, with owners, modes and links',
    async play(stage) {
      await sh(
        stage,
        ['--name', 'seed'],
        'mkdir -p /data/sub; echo content > /data/file; ln /data/file /data/sub/same; ln -s file /data/link;' +
          ' ln -s /etc/passwd /data/far; chown -R 12:34 /data/sub; chmod 4755 /data/file; chmod 1770 /data',
      );
      await stage.quietly([
        'commit',
        '--change',
        'VOLUME /data',
        '--change',
        'VOLUME /new',
        'seed',
        'filled',
      ]);
      const look =
        'stat -c "%n %a %u %g %F" /data /data/* /data/sub/same /new; cat /data/file; readlink /data/far;' +
        ' [ $(stat -c %i /data/file) = $(stat -c %i /data/sub/same) ] && echo same; echo mine >> /data/file';
      const run = ['run', ...NONE];
      await stage.run([...run, '--name', 'one', 'filled', 'sh', '-c', look]);
      const { stdout } = await stage.quietly(['volume', 'ls', '-q', '--filter', 'dangling=false']);
      assert.equal(stdout.trim().split('\n').length, 2, stdout);
      // An empty named volume too, in any place, unless told not to; a filled one keeps its own.
      await stage.run([...run, '--rm', '-v', 'named:/data', 'filled', 'sh', '-c', look]);
      await stage.run([...run, '--rm', '-v', 'named:/data', 'filled', 'cat', '/data/file']);
      await stage.run([...run, '--rm', '-v', 'empty:/data:nocopy', 'filled', 'ls', '/data']);
      await stage.run([
        ...[...run, '--rm', '--mount', 'type=volume,src=other,dst=/data,volume-nocopy'],
        ...['filled', 'ls', '/data'],
      ]);
      await stage.run([...run, '--rm', '--tmpfs', '/data', 'filled', 'ls', '/data']);
      await sorted(stage, ['volume', 'ls', '-q', '--filter', 'name=^(named|empty|other)$']);
      await stage.quietly(['rm', '-v', 'one']);
      await stage.quietly(['rmi', 'filled']);
    },
  },
  {
    title: 'volumes without a name go with rm -v and with --rm, unless another container has them',
    async play(stage) {
      const dangling = async () => {
        const { stdout } = await stage.quietly(['volume', 'ls', '-q', '--filter', 'dangling=true']);
        stage.see(`${stdout.split('\n').filter(Boolean).length} dangling`);
      };
      await sh(stage, ['--rm', '-v', '/x', '-v', 'relative'], 'echo gone > /x/file; ls -d /relative');
      await dangling();
      await stage.run(['create', '--name', 'one', ...NONE, '-v', '/x', 'busybox', 'true']);
      await stage.run(['inspect', '--format', '{{json .Config.Volumes}} {{len .Mounts}}', 'one']);
      await sh(stage, ['--name', 'two', '--volumes-from', 'one'], 'echo shared > /x/file');
      await stage.all('rm -v one');
      await dangling();
      await stage.all('start -a two', 'rm two');
      await dangling();
      await stage.run(['volume', 'prune', '-f'], {});
      await dangling();
    },
    differences: [
      {
        why: 'bytes are counted as the file system tells them, or as files say',
        gantry: [/reclaimed space: \S+/, 'reclaimed space: <bytes>'],
        dockerd: [/reclaimed space: \S+/, 'reclaimed space: <bytes>'],
      },
    ],
  },
  {
    title: 'volumes of another container come along, never with more rights, and give way to one’s own',
    async play(stage) {
      await sh(stage, ['--name', 'first', '-v', 'data:/x', '-v', 'second:/y'], 'echo hi > /x/file');
      await sh(stage, ['--name', 'reader', '--volumes-from', 'first:ro'], 'cat /x/file; touch /x/no');
      await sorted(stage, ['inspect', '--format', MOUNTS, 'reader']);
      await sh(stage, ['--rm', '--volumes-from', 'reader:rw'], 'touch /x/no');
      await sh(stage, ['--rm', '--volumes-from', 'first', '-v', 'mine:/x'], 'ls /x; touch /y/yes');
      for (const from of ['nobody', 'first:foo', 'first:ro,nocopy', 'first:rslave', 'first:ro,rw', ''])
        await stage.run(['create', ...NONE, '--volumes-from', from, 'busybox', 'true']);
    },
  },
  {
    title: 'a volume’s device is mounted while a container runs with it',
    async play(stage) {
      const opts = 'volume-opt=type=tmpfs,volume-opt=device=tmpfs,volume-opt=o=size=1m';
      await sh(
        stage,
        ['--rm', '--mount', `type=volume,src=small,dst=/x,volume-label=q=r,${opts}`],
        'df -m /x | tail -1; touch /x/file; ls /x',
      );
      await sh(stage, ['--rm', '-v', 'small:/x'], 'ls /x');
      await stage.run(['volume', 'inspect', 'small', '--format', '{{json .Labels}} {{json .Options}}']);
      const directory = stage.directory();
      await stage.run([
        ...['volume', 'create', '--opt', 'type=none', '--opt', `device=${directory}`],
        ...['--opt', 'o=bind', 'bound'],
      ]);
      await sh(stage, ['--rm', '-v', 'bound:/x'], 'echo written > /x/file');
      await sh(stage, ['--rm', '-v', `${directory}:/y`], 'cat /y/file');
      await sh(
        stage,
        ['--rm', '--mount', 'type=volume,src=bad,dst=/x,volume-opt=type=nosuch,volume-opt=device=x'],
        'true',
      );
      await stage.all('volume rm bound', 'volume rm bad', 'volume rm small');
    },
    differences: [root],
  },
  {
    title: 'what cannot be mounted is refused, and leaves no container and no volume',
    async play(stage) {
      const create = (...options: string[]) => stage.run(['create', ...NONE, ...options, 'busybox', 'true']);
      await create('-v', '/foo:ro');
      await create('-v', 'data:/');
      await create('-v', 'data:x');
      await create('-v', 'data:/x:rslave');
      await create('-v', '/etc/passwd');
      await create('--mount', 'type=volume,dst=/x,readonly');
      await create('--mount', 'type=volume,src=data,dst=/x', '-v', '/tmp:/x');
      await create('--mount', 'type=bind,src=/nonexistent/directory,dst=/x');
      await stage.all('ps -a', 'volume ls -q');
    },
    differences: [
      {
        why: 'where the file lies on the host is nobody’s business',
        dockerd: [/file exists \S+\/merged\//, 'file exists /'],
      },
    ],
  },
  {
    title: 'volumes that nobody has are pruned',
    async play(stage) {
      await stage.all('volume create loose', 'volume create --label keep loose2', 'volume create kept');
      await sh(stage, ['--name', 'user', '-v', 'kept:/x'], 'head -c 5000 /dev/zero > /x/file');
      await stage.all(
        'volume prune -f --filter label!=keep',
        'volume ls -q',
        'volume prune -f',
        'volume ls -q',
      );
      await stage.all('rm user', 'volume prune -f', 'volume ls -q');
    },
  },
  {
    title: 'events tell of volumes',
    async play(stage) {
      const since = String(Date.now() / 1000);
      await stage.quietly(['volume', 'create', 'data']);
      await sh(stage, ['--rm', '-v', 'data:/x:ro', '-v', '/y'], 'true');
      await stage.quietly(['volume', 'rm', 'data']);
      await stage.quietly(['volume', 'prune', '-f']);
      await stage.until(['volume', 'ls', '-q'], /^$/);
      const format =
        '{{.Action}} {{index .Actor.Attributes "destination"}} {{index .Actor.Attributes "driver"}} {{index .Actor.Attributes "read/write"}} {{index .Actor.Attributes "reclaimed"}}';
      const until = String(Date.now() / 1000 + 0.001);
      const { stdout } = await stage.quietly([
        ...['events', '--since', since, '--until', until, '--filter', 'type=volume', '--format', format],
      ]);
      stage.see(stdout.trim().split('\n').sort().join('\n'));
    },
    differences: [
      {
        why: 'newer engines tell of a creation only when there was one',
        dockerd: [/create {2}local {2}\n/, ''],
      },
    ],
  },
];

playScenes(scenes);
