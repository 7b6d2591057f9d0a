/** Laws that hold for every request in every version, whatever a client says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvalidArgument } from '../../base/errors.ts';
import { contract, type OperationName, operationOf } from '../contract/index.ts';
import type { Dialect } from './dialect.ts';
import type { Doc } from './doc-path.ts';
import { dialectOf, minorOf, newestDialect } from './index.ts';
import { documented } from './openapi.ts';
import { asRead, documentedPart, leavesOf, requestShape, requestsOf } from './test-documents.ts';

const minors = Array.from({ length: minorOf(newestDialect().version) + 1 }, (_, minor) => minor);
const dialects = minors.map((minor) => dialectOf(`1.${minor}`));
const newest = newestDialect();

/** What is asked, in today's words; or the refusal. */
function heard(dialect: Dialect, operation: OperationName, said: Doc): Doc {
  const doc = structuredClone(said);
  try {
    dialect.request(operationOf(operation).route, doc);
  } catch (error) {
    assert(error instanceof InvalidArgument, error as Error);
    return { refusal: error.message };
  }
  return asRead(doc) as Doc;
}

/** Only what the version documents. A header is read where it stands, by the trait `buildLogins`. */
const sayable = (shape: Doc, { query, body, ...rest }: Doc): Doc => ({
  query: documentedPart(shape.query, query),
  body: documentedPart(shape.body, body),
  ...rest,
});

/** Values that older versions hear as others, up to a version. */
const HEARD_OTHERWISE: Readonly<Record<string, readonly (readonly [upTo: number, path: RegExp])[]>> = {
  // All three streams were there, whatever was asked for.
  containerAttachWebSocket: [[41, /^query\.(stdin|stdout|stderr)$/]],
  containerCreate: [
    // An endpoint that names none had the container's.
    [51, /^body\.NetworkingConfig\.EndpointsConfig\.[^.]+\.MacAddress$/],
    // Beyond the limits it was set to the nearest of them.
    [18, /^body(\.HostConfig)?\.CpuShares$/],
  ],
  // `before` and `since` became filters; with them all containers were meant, and filters unknown then said nothing.
  containerList: [[24, /^query\.(all|filters)$/]],
  // What was no number of seconds was ten of them.
  containerRestart: [[7, /^query\.t$/]],
  containerStop: [[7, /^query\.t$/]],
  // A registry was a parameter of its own.
  imageCreate: [[3, /^query\.fromImage$/]],
  imagePush: [[3, /^params\.name$/]],
  // `filter` became one of the filters.
  imageList: [[40, /^query\.filters$/]],
  // Filters unknown then said nothing.
  networkList: [[21, /^query\.filters$/]],
  // Named volumes went too.
  volumePrune: [[41, /^query\.filters$/]],
};

const isHeardOtherwise = (operation: string, minor: number, path: string): boolean =>
  (HEARD_OTHERWISE[operation] ?? []).some(([upTo, which]) => minor <= upTo && which.test(path));

for (const operation of Object.keys(contract) as OperationName[])
  test(`${operation}: what a version does not document says nothing, and what both know says the same`, () => {
    const speaking = dialects.filter((dialect) => documented(dialect).includes(operation));
    const shapes = speaking.map((dialect) => requestShape(dialect, operation));
    const asked = fc.tuple(requestsOf(requestShape(newest, operation)), ...shapes.map(requestsOf));
    fc.assert(
      fc.property(asked, ([ofToday, ...ofThen]) => {
        for (const [index, dialect] of speaking.entries())
          for (const said of [ofToday, ofThen[index]] as Doc[]) {
            const given = sayable(shapes[index] ?? {}, said);
            const meant = heard(dialect, operation, given);
            assert.deepEqual(heard(dialect, operation, said), meant, dialect.version);
            const values = new Map(leavesOf(meant, ''));
            for (const [path, value] of leavesOf(given, ''))
              if (values.has(path) && value !== null && values.get(path) !== value)
                assert(
                  isHeardOtherwise(operation, minorOf(dialect.version), path.slice(1)),
                  `${dialect.version} hears ${path} otherwise: ${value} → ${values.get(path)}`,
                );
          }
      }),
      { numRuns: 15 },
    );
  });
