/** go-dockerclient's own integration test, unchanged, from Debian's source package. */
import type { Outcome } from '../suite.ts';
import { type Client, outcomeOf } from './client.ts';
import { debian13With, runIn } from './root.ts';

const SOURCES = '/usr/share/gocode/src';
const PACKAGE = 'github.com/fsouza/go-dockerclient';
/** The sources are copied: Go tests only what lies in a GOPATH that it may write to. */
const TEST = `cp -r ${SOURCES} . && cd src/${PACKAGE} &&
exec go test -count=1 -v -vet=off -tags docker_integration -run Integration .`;

export const goDockerclient: Client = {
  name: 'go-dockerclient',
  async play({ gantry, work }): Promise<Outcome[]> {
    const root = debian13With(['golang-go', 'golang-github-fsouza-go-dockerclient-dev']);
    const env = { GOPATH: '/work', GO111MODULE: 'off', GOCACHE: '/work/cache', GOFLAGS: '' };
    const ended = await runIn(root, ['sh', '-c', TEST], { socket: gantry.socket, work, env });
    const tests = [...ended.output.matchAll(/^--- (PASS|FAIL|SKIP): (\S+)/gm)];
    if (tests.length === 0) return [outcomeOf('its integration test', { ...ended, code: null })];
    return tests.map(([, is, name = '']) =>
      is === 'PASS' ? { name, is: 'passed' } : { name, is: 'failed', why: ended.output.slice(-600) },
    );
  },
};
