/** How containers of a project live: waiting for each other, several of a kind, changing, ending. */
import { until } from '../../harness/until.ts';
import type { Play } from '../play.ts';
import type { Stage } from '../stage.ts';

export const conditions: Play = {
  name: 'conditions',
  async play(stage) {
    await stage.compose('up -d');
    await stage.until(stage.is === 'v1' ? 'ps server' : 'ps server --format {{.Health}}', /healthy/);
    await stage.compose('logs --no-color schema');
    await stage.facts('containers');
    if (stage.is === 'v2') await stage.compose('up -d --wait database server unchecked');
    await stage.compose('up -d', { briefly: true });
    await stage.compose('down');
    await stage.compose('-f broken.yaml up -d nurse');
    await stage.compose('-f broken.yaml up -d heir');
    if (stage.is === 'v2') {
      await stage.compose('-f broken.yaml up -d --wait ill');
      await stage.all('-f broken.yaml ps -a --format {{.Name}}:{{.State}}:{{.Health}}:{{.ExitCode}}');
    }
    await stage.compose('-f broken.yaml down');
  },
};

export const profiles: Play = {
  name: 'profiles',
  async play(stage) {
    for (const which of ['config --services', '--profile mail config --services'])
      await stage.compose(which, { sorted: true });
    await stage.all('up -d', 'ps --services');
    await stage.compose('--profile debug up -d');
    await stage.compose('--profile debug ps --services', { sorted: true });
    await stage.compose('run --rm seed');
    await stage.compose('stop', { env: { COMPOSE_PROFILES: 'mail' } });
    await stage.compose('--profile debug down');
    await stage.facts('containers');
  },
};

export const scale: Play = {
  name: 'scale',
  async play(stage) {
    await stage.compose('up -d --scale web=3');
    await stage.compose('ps --services', { sorted: true });
    await stage.compose('logs --no-color --tail 1 web worker', { sorted: true });
    await stage.compose('exec -T --index 3 web hostname', { briefly: true });
    const count = 'nslookup -type=a web 127.0.0.11 | grep -c "^Address: "';
    await stage.compose(['exec', '-T', 'single', 'sh', '-c', count]);
    await stage.facts('containers');
    await stage.compose('up -d --scale web=1 --scale worker=4');
    await stage.compose('pause worker');
    await stage.docker('ps --filter status=paused --format {{.Names}}:{{.State}}', true);
    await stage.compose('unpause worker');
    await stage.compose('kill -s KILL worker');
    await stage.until(['ps', '-q', 'web'], /./);
    await stage.docker('ps -a --filter status=exited --format {{.Names}}', true);
    await stage.all('start worker', 'stop web', 'rm -f web');
    const { stdout: processes } = await stage.quietly(['top', 'single']);
    stage.see(processes.replace(/\b\d{2,}\b/g, '<number>'));
    if (stage.is === 'v2')
      await stage.all(
        'scale web=2',
        'ps --all --orphans=false --format {{.Name}}:{{.State}}',
        'images --format json single',
        'ls --format json',
        'ls -a -q',
        'stats --no-stream --format {{.Name}} single',
      );
    else await stage.all('images single', 'ps single');
    await stage.all('config --volumes', 'down -t 1');
  },
};

/** An event whose attributes are in order; how long something ran is left out. */
const inOrder = (line: string): string =>
  line.replace(/\((.*)\)$/, (_, attributes: string) => {
    const listed = attributes.split(', ').filter((each) => !each.startsWith('execDuration='));
    return `(${listed.toSorted().join(', ')})`;
  });

/** Commands whose events are told by `events`, once that is known to listen. */
async function withEvents(stage: Stage, service: string, ...lines: readonly string[]): Promise<void> {
  const events = stage.start('events');
  await until(async () => {
    await stage.quietly(['pause', service]);
    await stage.quietly(['unpause', service]);
    return / container unpause /.test(events.stdout);
  });
  await stage.all(...lines);
  await events.prints(/ container destroy /); // the last of them removes it
  events.kill();
  const told = events.stdout.split('\n').filter((line) => line !== '' && !/ (un)?pause /.test(line));
  // An end is told by who waits for it and by who asked for it, in any order on dockerd.
  const timeless = told.map((line) => inOrder(line).replace(/^\S+ \S+(?= container )/, '<time>'));
  stage.see(timeless.toSorted().join('\n'));
}

export const changes: Play = {
  name: 'changes',
  async play(stage) {
    await stage.all('create', 'ps -q nosuch', 'start', 'up -d');
    stage.edit('compose.yaml', 'COLOUR: red', 'COLOUR: blue');
    await stage.all('up -d --no-recreate', 'up -d', 'up -d --force-recreate --no-deps front');
    stage.edit(
      'compose.yaml',
      'image: busybox\n    stop_signal: SIGKILL\n    command: sleep 1000\n    volumes',
      'image: busybox\n    stop_signal: SIGKILL\n    command: sleep 2000\n    volumes',
    );
    await stage.compose('up -d front'); // what it needs is made anew first
    await stage.compose('up -d --no-start back');
    stage.edit('compose.yaml', /\n {2}old:.*$/s, '\n');
    await stage.all('up -d', 'up -d --remove-orphans');
    await stage.facts('containers');
    await stage.all('restart -t 0 back', 'kill front', 'up -d', 'ps --services', 'stop -t 0 front');
    // Without a grace it is chance whether the end comes before a second kill, and a second event.
    await withEvents(stage, 'back', 'restart back', 'kill back', 'rm -f back');
    await stage.all('rm -f', 'down');
    await stage.compose('down');
    await stage.compose('up -d nosuch');
    stage.edit('compose.yaml', 'image: busybox', 'image: nosuch.invalid/image');
    if (stage.is === 'v2') await stage.compose('up -d --pull never');
  },
};

/** The program's own words, without who passed them on. */
const NOT_THERE =
  /(?:failed to create task for container: )?(?:failed to create shim(?: task)?: )?(?:OCI runtime create failed: .*?)?(exec: "\/nosuch".*?)(?:: unknown)?$/gm;

export const jobs: Play = {
  name: 'jobs',
  differences: [
    {
      why: 'the words of another runtime',
      gantry: [NOT_THERE, '$1'],
      dockerd: [NOT_THERE, '$1'],
    },
  ],
  async play(stage) {
    await stage.compose('run --rm -T job');
    await stage.compose([
      'run',
      '--rm',
      '-T',
      '-e',
      'COLOUR=red',
      '-e',
      'MORE=1',
      'job',
      'echo $$ROLE $COLOUR $MORE; exit 3'.replace('$$', '$'),
    ]);
    await stage.compose('run --rm -T --no-deps --entrypoint id -u 1000:1000 -w /work job');
    await stage.compose(`run --rm -T -v ${stage.directory}:/here:ro --entrypoint ls job /here`);
    await stage.compose('run -d --name kept --service-ports -l org.example.kind=kept job');
    await stage.docker('wait kept');
    await stage.docker('logs kept');
    await stage.facts('containers');
    await stage.compose(['run', '-T', '--rm', '--entrypoint', 'cat', 'job'], { input: 'through the pipe\n' });
    await stage.compose(['run', '-T', '--rm', 'nosuch']);
    await stage.compose(['run', '-T', '--rm', '--entrypoint', '/nosuch', '--no-deps', 'job']);
    await stage.compose('up --exit-code-from test --no-color test', { sorted: true });
    await stage.compose('up --abort-on-container-exit --no-color server test', { sorted: true });
    const followed = stage.start('logs -f --no-color --tail 1 test');
    await followed.ended;
    stage.see(`${followed.stdout}[follows to the end]`);
    await stage.compose('exec -T server true');
    await stage.compose('up -d server', { briefly: true });
    await stage.compose(['exec', '-T', 'server', 'sh', '-c', 'exit 6']);
    await stage.compose(
      ['exec', '-T', '-e', 'MORE=1', '-w', '/tmp', 'server', 'sh', '-c', 'pwd; echo $MORE $ROLE; cat'],
      { input: 'in\n' },
    );
    await stage.compose('exec -T -d server touch /made');
    await stage.until('exec -T server ls /made', /made/);
    if (stage.is === 'v2') {
      await stage.compose('cp compose.yaml server:/tmp/file.yaml');
      await stage.compose('exec -T server head -1 /tmp/file.yaml');
      await stage.compose('cp server:/index.html fetched.html');
      await stage.compose('kill server');
      await stage.compose('wait server');
    }
    await stage.compose('down -v');
  },
};
