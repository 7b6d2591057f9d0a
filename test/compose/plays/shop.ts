/** A web server, an application, a database and a cache: the stack that most compose files are about. */
import assert from 'node:assert/strict';
import { until } from '../../harness/until.ts';
import type { Play } from '../play.ts';
import type { Stage } from '../stage.ts';

/** A request from inside, so that both engines are asked in the same way. */
const ask = (stage: Stage, path: string, method = 'GET') => {
  const script = `from urllib.request import *; print(urlopen(Request("http://web${path}", method="${method}")).read().decode(), end="")`;
  return stage.compose(['exec', '-T', 'app', 'python3', '-c', script]);
};

/** The published port, which only an engine in this network namespace has. */
async function askFromOutside(stage: Stage): Promise<void> {
  if (stage.engine.constructor.name !== 'Gantry') return;
  const { stdout } = await stage.quietly(['port', 'web', '80']);
  const read = async () => {
    const answer = await fetch(`http://${stdout.trim()}/ready`).catch(() => undefined); // not listening yet
    return answer?.text();
  };
  assert.equal(await until(read), 'ready\n');
}

/** What both engines answer, their order given, after the database and the cache are healthy again. */
export const shop: Play = {
  name: 'shop',
  stack: true,
  differences: [
    {
      why: 'dockerd leaves out what is exposed to an internal network alone, where nothing could be published',
      gantry: [/"Ports": \[\n\s+"(6379|5432)\/tcp"\n\s+\]/g, '"Ports": []'],
    },
  ],
  async play(stage) {
    await stage.compose('build --quiet', { briefly: true });
    await stage.compose('up -d');
    await askFromOutside(stage);
    await ask(stage, '/');
    await ask(stage, '/butter/4', 'POST');
    await ask(stage, '/');
    const sql = 'SELECT name, price FROM item ORDER BY price';
    await stage.compose(['exec', '-T', 'db', 'psql', '-At', '-h', '127.0.0.1', '-U', 'shop', '-c', sql], {
      env: { PGPASSWORD: 'secret' },
    });
    await stage.compose([
      'exec',
      '-T',
      '-e',
      'PGPASSWORD=secret',
      'db',
      'psql',
      '-At',
      '-h',
      'db',
      '-U',
      'shop',
      '-c',
      sql,
    ]);
    await stage.compose('exec -T cache redis-cli get visits');
    await stage.compose('exec -T -u redis cache id -un');
    await stage.compose('exec -T app touch /srv/forbidden');
    await stage.all('logs --no-color migrate', 'ps -q nosuch', 'port web 81');
    if (stage.is === 'v2')
      await stage.all('ps --all --format {{.Service}}:{{.State}}:{{.Health}}:{{.ExitCode}}', 'up -d --wait');
    await stage.compose('up -d');
    await stage.facts('containers', 'networks', 'volumes');

    await stage.compose('restart cache app', { briefly: true });
    await stage.until(
      [
        'exec',
        '-T',
        'app',
        'python3',
        '-c',
        'from urllib.request import urlopen; urlopen("http://web/"); print("up")',
      ],
      /up/,
    );
    await stage.all('stop db web');
    await stage.compose('start db web', { briefly: true });
    await stage.compose('down', { sorted: true });
    await stage.compose('up -d', { briefly: true });
    await ask(stage, '/');
    await stage.all('logs --no-color migrate', 'down -v --rmi local --remove-orphans');
    await stage.facts('containers', 'networks', 'volumes');
  },
};
