/** Older versions tell of a failure in words of their own, whatever today's words are. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Phrase } from '../../base/errors.ts';
import {
  type ContextCode,
  type ContextFieldsOf,
  contextTables,
  type FailureCode,
  type FieldsOf,
  failureTables,
} from '../../model/failures/catalogue.ts';
import { contract } from '../contract/index.ts';
import { dialectOf, type Failure, failureFrom } from './index.ts';
import { steps } from './steps.ts';

const ID = '0123456789ab'.padEnd(64, 'c');

/** One failure of each code that some version words in its own way, or gives its own status. */
const samples = {
  'build.commandFailed': { words: ['/bin/sh', '-c', 'false'], status: 1 },
  'container.notFound': { name: 'nope' },
  'container.nameTaken': { name: 'web', holder: ID },
  'container.namesEmpty': {},
  'container.noConfig': {},
  'container.noCommand': {},
  'step.targetMissing': { target: 'nope' },
  'container.noStream': {},
  'container.copiesNothing': {},
  'container.notRunning': { id: ID },
  'container.linkTargetUnknown': { name: 'db' },
  'container.linkNotFound': { name: 'web/db' },
  'container.linkNotRemoved': {},
  'container.alreadyPaused': { id: ID },
  'container.notPaused': { id: ID },
  'container.alive': { state: 'running' },
  'container.fileNotFound': { path: '/a/b', name: 'web' },
  'container.psFailed': { why: 'error: bad option' },
  'exec.notFound': { id: ID },
  'filter.unknown': { name: 'colour' },
  'filter.valuesInvalid': { name: 'dangling', values: ['maybe'] },
  'filter.valuesTooMany': { name: 'all', values: ['1', '0'] },
  'filter.statusUnknown': { value: 'lost', known: ['created', 'running'] },
  'filter.healthUnknown': { value: 'ill', known: ['none', 'starting'] },
  'filter.exitedNoNumber': { value: 'one' },
  'filter.isTaskInvalid': { values: ['maybe'] },
  'image.notFound': { name: 'busybox:latest' },
  'log.pluginUnknown': { driver: 'nope' },
  'image.tagTaken': { repository: 'app', tag: 'one', id: ID },
  'image.notMadeBefore': {},
  'image.nameInUse': { name: 'app:one', container: 'a1b2c3d4e5f6', id: '0123456789ab', running: true },
  'image.inUse': {
    id: '0123456789ab',
    hard: false,
    forced: false,
    obstacle: 'stopped',
    container: 'a1b2c3d4e5f6',
  },
  'container.startPaused': {},
  'container.attachPaused': { id: ID },
  'reference.tagInvalid': { tag: 'a b' },
  'step.dockerfileMissing': { name: 'other' },
  'request.startHasBody': {},
  'reference.invalid': {},
  'swarm.notManager': {},
  'swarm.notMember': {},
  'request.noPage': {},
  'request.badParameter': {},
  'request.pathEmpty': {},
  'request.notInteger': { said: 'ten', why: 'invalid syntax' },
  'request.dimensionInvalid': { noun: 'height', said: 'tall', why: 'invalid syntax' },
  'request.typeUnsupported': { type: 'text/plain' },
  'request.typeMalformed': { type: 'text plain' },
  'request.credentialsMissing': {},
  'request.loginsNotKept': {},
  'setting.cpusOutOfRange': { cpus: 4 },
  'setting.workingDirRelative': { directory: 'srv' },
  'setting.restartPolicyUnknown': { policy: 'often' },
  'setting.linkInvalid': { text: 'a:b:c' },
  'setting.linksOnHost': {},
  'setting.linksOfGuest': {},
  'setting.portInvalid': { port: '80/xyz' },
  'setting.securityOptInvalid': { how: 2, option: 'label:' },
  'setting.volumeSpecInvalid': { spec: 'a:b:c:d', why: 'invalid mode: d' },
  'setting.mountPointTwice': { destination: '/data' },
  'setting.signalInvalid': { signal: 'SIGNOT' },
  'setting.signalUnsupported': { signal: 99 },
  'volume.notFound': { name: 'data' },
  'network.endpointInvalid': {
    network: 'net',
    problems: ['no configured subnet contains IP address 9.9.9.9', 'invalid alias "a b"'],
  },
  'network.ipamInvalid': {
    problems: [
      { is: 'subnetUnreadable', said: 'x', subnet: 'x', line: 'invalid subnet x: invalid CIDR address' },
    ],
  },
  'network.optionInvalid': { label: 'com.docker.network.driver.mtu', value: 'x', why: 'no number' },
  'network.nameEmpty': {},
  'network.predefined': { name: 'host' },
  'network.driverUnknown': { driver: 'nope' },
  'network.subnetTaken': { subnet: '10.5.0.0/24', other: 'network web' },
  'network.inUse': { name: 'net', id: ID, holders: ['name:"web" id:"a1b2c3d4e5f6"'] },
  'network.nameTaken': { name: 'web' },
  'network.notRemovable': { name: 'host' },
  'network.connected': { container: 'web', network: 'net' },
  'network.addressTaken': {},
  'network.noneIsAlone': {},
  'network.sandboxShared': {},
  'network.hostIsJoined': {},
  'network.hostIsLeft': {},
  'volume.inUse': { name: 'data', users: ['abc', 'def'] },
  'volume.nameInvalid': { name: 'a b' },
} as const satisfies { readonly [C in FailureCode]?: FieldsOf<C> };

const contexts = {
  'container.kill': { name: 'web' },
  'container.remove': { name: 'web' },
  'container.rename': {},
  'volume.create': { name: 'a b' },
} as const satisfies { readonly [C in ContextCode]?: ContextFieldsOf<C> };

type Row = { readonly code: string } & ((...fields: unknown[]) => unknown);
const rows = (tables: object): readonly Row[] =>
  Object.values(tables).flatMap((table) => Object.values(table));
const statuses = {
  invalid: 400,
  forbidden: 403,
  notFound: 404,
  conflict: 409,
  unchanged: 304,
  internal: 500,
} as const;

/** Every sample alone and in each context, as found by the front door and by the engine. */
function everyFailure(): readonly Failure[] {
  const phrases = rows(contextTables)
    .filter(({ code }) => code in contexts)
    .map((make) => make(contexts[make.code as keyof typeof contexts]) as Phrase);
  return rows(failureTables)
    .filter(({ code }) => code in samples)
    .flatMap((make) => {
      const fields = samples[make.code as keyof typeof samples];
      const error = make(...(Object.keys(fields).length > 0 ? [fields] : [])) as Parameters<
        typeof failureFrom
      >[0];
      const status = statuses[error.kind as keyof typeof statuses];
      const bare = failureFrom(error, status, 'engine');
      return [
        { ...bare, origin: 'request' as const },
        bare,
        ...phrases.map((phrase) => ({ ...bare, context: [phrase] })),
      ];
    });
}

/** Changes each of today's words. */
const marked = (words: string): string => (words === '' ? '' : `«${words}»`);
const reworded = (failure: Failure): Failure => ({
  ...failure,
  words: marked(failure.words),
  context: (failure.context ?? []).map((phrase) => ({ ...phrase, words: marked(phrase.words) })),
});
const unmarked = (text: string): string => text.replace(/[«»]/g, '');

/** Versions that differ from their newer neighbour in what they tell of failures; and the newest. */
const minors = steps.flatMap(({ failures }, minor) => (failures ? [minor - 1] : [])).concat(55);
const routes = [...new Set(Object.values(contract).map(({ route }) => route))];

test('each code that a lens speaks of has a sample', () => {
  const spoken = steps.flatMap(({ failures = [] }) => failures.flatMap(({ codes = [] }) => codes));
  assert.deepEqual(
    [...new Set(spoken)].filter(
      (code) => !(code in samples) && !(code in contexts) && code !== 'container.start',
    ),
    [],
  );
});

test('rewording a failure changes what no older version says in its own words', () => {
  let ownWords = 0;
  for (const failure of everyFailure())
    for (const route of routes)
      for (const minor of minors) {
        const dialect = dialectOf(`1.${minor}`);
        const call = { route, name: 'web' };
        const before = dialect.failure(failure, call);
        const after = dialect.failure(reworded(failure), call);
        const at = `${failure.code} of ${route} at 1.${minor}`;
        assert.equal(after.status, before.status, at);
        // Whatever is left of today's words stands in its marks; all else is the version's own.
        assert.equal(unmarked(after.message), before.message, at);
        if (before.message !== '' && !after.message.includes('«')) ownWords++;
      }
  assert.ok(ownWords > 10_000, `only ${ownWords} answers were in words of their own`);
});

test('no source of a version looks at the words of a failure', () => {
  const here = new URL('./', import.meta.url);
  const sources = readdirSync(here, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  );
  assert.ok(sources.length > 60);
  for (const name of sources.filter((each) => each !== 'failure.ts')) {
    const text = readFileSync(new URL(name, here), 'utf8');
    assert.doesNotMatch(text, /\b(?:failure|error)\.(?:words|message)\b/, name);
    const failures = /\n {2}failures: \[.*?\n {2}\]|FailureLens\[\] = \[.*?\n\]/s.exec(text)?.[0] ?? '';
    assert.doesNotMatch(failures, /\.(?:test|exec|match|matchAll)\(|RegExp|[(,[] ?\/(?![/*])/, name);
  }
});
