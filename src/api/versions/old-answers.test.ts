/** Images and execs as the daemons of their time wrote them, told by moby's source at its tags. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Doc, isDoc } from './doc-path.ts';
import { dialectOf } from './index.ts';

const inspected = {
  Id: 'sha256:a',
  Parent: 'sha256:p',
  Container: 'c'.repeat(64),
  Config: { Cmd: ['x'], Labels: { a: 'b' }, OnBuild: ['RUN y'], StopSignal: 'SIGINT', ArgsEscaped: true },
  ContainerConfig: { Cmd: ['y'], Labels: { a: 'b' }, OnBuild: ['RUN z'], MacAddress: '02:42:ac:11:00:02' },
};

function told(version: string, all: Doc = inspected): Doc {
  const doc: Doc = { status: 200, body: structuredClone({ Id: all.Id, Config: all.Config }), all };
  dialectOf(version).response('GET /images/{name}/json', doc);
  return isDoc(doc.body) ? doc.body : {};
}

// moby's image.Image and runconfig.Config, v0.3.4 … v0.11.1.
for (const version of ['1.0', '1.7', '1.10', '1.11'])
  test(`an image at ${version} names its parent and the container it was made of`, () => {
    const { parent, container } = told(version);
    assert.deepEqual([parent, container], ['p', 'c'.repeat(64)]);
    const bare = told(version, { ...inspected, Parent: '', Container: '' });
    assert.ok(!('parent' in bare) && !('container' in bare), 'Go leaves out what is empty');
  });

for (const version of ['1.8', '1.9', '1.10', '1.11'])
  for (const name of ['config', 'container_config'])
    test(`${name} of an image at ${version} has the members of its time`, () => {
      const config = told(version)[name] as Doc;
      for (const later of ['Labels', 'VolumeDriver', 'MacAddress', 'Cpuset', 'StopSignal', 'ArgsEscaped'])
        assert.ok(!(later in config), `${later} came later`);
      const hosts = ['1.8', '1.9', '1.10'].includes(version);
      assert.deepEqual(['Dns' in config, 'VolumesFrom' in config], [hosts, hosts]);
      assert.equal('OnBuild' in config, version !== '1.8');
      assert.deepEqual(
        [config.Memory, config.NetworkDisabled, config.WorkingDir, config.Volumes],
        [0, false, '', null],
      );
    });

// moby's daemon/exec.go, before and after v28.0.0.
test('an exec whose command was not there had the code 126 below 1.48', () => {
  const code = (version: string, body: Doc): unknown => {
    const doc: Doc = { status: 200, body: { ...body } };
    dialectOf(version).response('GET /exec/{id}/json', doc);
    return (doc.body as Doc).ExitCode;
  };
  const refused = { Running: false, ExitCode: 127, Pid: 0 };
  for (const [version, was] of [
    ['1.48', 127],
    ['1.47', 126],
    ['1.41', 126],
    ['1.24', 126],
  ] as const) {
    assert.equal(code(version, refused), was, version);
    assert.equal(code(version, { ...refused, Pid: 7 }), 127, 'a process may end by that code');
  }
});

// moby's execdriver.ProcessConfig and execConfig, v1.4.1 … v1.9.1; in v1.10 both may be left out.
test('an exec up to 1.21 told a user though nobody had said one, and 0 before it had ended', () => {
  const at = (version: string, body: Doc): Doc => {
    const doc: Doc = { status: 200, body: structuredClone(body) };
    dialectOf(version).response('GET /exec/{id}/json', doc);
    return doc.body as Doc;
  };
  const running = { Running: true, ExitCode: null, ProcessConfig: { tty: false } };
  for (const version of ['1.16', '1.20', '1.21']) {
    const { ExitCode, ProcessConfig } = at(version, running);
    assert.deepEqual([ExitCode, ProcessConfig], [0, { tty: false, user: '' }]);
    const ended = at(version, { ExitCode: 3, ProcessConfig: { user: 'root' } });
    assert.deepEqual([ended.ExitCode, ended.ProcessConfig], [3, { user: 'root' }]);
  }
  assert.deepEqual(at('1.22', running), running);
});
