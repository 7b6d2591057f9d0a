/** Laws that hold for every answer in every version, whatever the engine says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Schema } from '../../base/schema.ts';
import { contract, type KnownRoute, type OperationName, operationOf } from '../contract/index.ts';
import { Dialect } from './dialect.ts';
import type { Doc } from './doc-path.ts';
import { dialectOf, minorOf, newestDialect } from './index.ts';
import { steps } from './steps.ts';
import { answerShape, asRead, faultsOf, frozen, leavesOf, telling, valuesOf } from './test-documents.ts';

const newestMinor = minorOf(newestDialect().version);
/** From the newest version to the oldest. */
const minors = Array.from({ length: newestMinor + 1 }, (_, index) => newestMinor - index);
/** What a version differs in from the next one alone. */
const differences = minors.map(
  (minor) =>
    new Dialect(
      `1.${minor}`,
      steps.filter(({ version }) => minorOf(version) <= minor + 1),
    ),
);

const schemaOf = (operation: OperationName): Schema<unknown> => {
  const { success } = operationOf(operation);
  assert('schema' in success);
  return success.schema as Schema<unknown>;
};

/** What the engine says, beside what other operations answer that old versions repeat. */
interface Said {
  readonly value: unknown;
  readonly info: unknown;
  readonly container: unknown;
}
const { systemInfo, containerInspect } = contract;
/** The engine's values are its own: whoever changes one throws. */
const saidOf = (operation: OperationName): fc.Arbitrary<Said> => {
  const { toldWithInfo, toldWithContainer } = operationOf(operation);
  const valuesIf = (schema: Schema<unknown>, isTold = false) =>
    isTold ? valuesOf(schema.json()) : fc.constant({});
  return fc
    .record({
      value: valuesOf(schemaOf(operation).json()),
      info: valuesIf(systemInfo.success.schema, toldWithInfo),
      container: valuesIf(containerInspect.success.schema, toldWithContainer),
    })
    .map(frozen);
};

/** The answer of the newest version, and what belongs to it in an older one, as the front door puts them together. */
function answerFor(dialect: Dialect, operation: OperationName, said: Said): Doc {
  const { route, success, toldWithContainer } = operationOf(operation);
  const asked: Doc = { query: {} };
  dialect.request(route, asked);
  const container: Doc = { status: 200, body: containerInspect.success.schema.fill(said.container) };
  if (toldWithContainer) dialect.response(containerInspect.route, { ...container, all: said.container });
  const body = schemaOf(operation).fill(said.value);
  const { value: all, info } = said;
  return { status: success.status, body, said: asked.query, all, info, container: container.body };
}

function tell(dialect: Dialect, operation: OperationName, answer: Doc): Doc {
  const { route, success } = operationOf(operation);
  if (success.kind !== 'lines') dialect.response(route, answer);
  else if (answer.body !== undefined) answer.body = dialect.message(route, answer.body as Doc);
  return answer;
}

for (const operation of telling)
  test(`${operation}: whatever is said, each version tells what it documents, and no more`, () => {
    const speaking = minors.map((minor) => dialectOf(`1.${minor}`));
    const shapes = speaking.map((dialect) => answerShape(dialect, operation));
    fc.assert(
      fc.property(saidOf(operation), (said) => {
        for (const [index, dialect] of speaking.entries()) {
          const shape = shapes[index];
          const told = tell(dialect, operation, answerFor(dialect, operation, said));
          const { status, body } = asRead(told) as Doc;
          assert.equal(status, shape?.status, dialect.version);
          if (shape?.body === undefined) assert.equal(body, undefined, dialect.version);
          // A message that a version does not tell is no message.
          else if (body !== undefined) assert.deepEqual(faultsOf(shape.body, body), [], dialect.version);
        }
      }),
      { numRuns: 20 },
    );
  });

/** Whole documents in another form: which values they change, at the same place. Lenses of one value name it. */
const RESHAPED: Readonly<Record<string, readonly (readonly [minor: number, path: RegExp])[]>> = {
  // The line of a step, and the text of 1.7.
  buildImage: [24, 20, 8, 7].map((minor) => [minor, /^\.stream$/] as const),
  containerInspect: [[44, /^\.NetworkSettings\.Networks\.[^.]+\.Aliases/]],
  execInspect: [47, 21].map((minor) => [minor, /^\.ExitCode$/] as const),
  imageCreate: [
    [21, /^\.status$/],
    [6, /^\.status$/],
  ],
  imageHistory: [[2, /\.Id$/]],
  imageInsert: [[11, /^\.status$/]],
  imageList: [
    [50, /\.Containers$/],
    [6, /^\[\d+\]/], // one entry a tag
  ],
  systemEvents: [
    [18, /^\.from$/],
    [6, /^\.id$/],
  ],
  systemInfo: [[7, /^\.(MemoryLimit|SwapLimit|IPv4Forwarding|Debug)$/]],
};

/** Whether the step after a version speaks of a value. */
function isToldOtherwise(operation: OperationName, minor: number, path: string): boolean {
  if (RESHAPED[operation]?.some(([when, which]) => when === minor && which.test(path))) return true;
  const spot = path.replaceAll(/\[\d+\]/g, '[]');
  const lenses = steps[minor + 1]?.responses?.[operationOf(operation).route as KnownRoute] ?? [];
  return lenses.some(({ note }) =>
    [`body${spot}: `, `body${spot} may be null`].some((said) => note.startsWith(said)),
  );
}

/** Older forms that are made of what a version in between no longer tells: step after step they cannot be made. */
const MADE_OF_ERASED: Readonly<Record<string, readonly string[]>> = {
  containerInspect: ['.Config.Privileged'], // of HostConfig, which inspect did not tell below 1.8
  systemInfo: ['.Version'], // of ServerVersion, which info did not tell below 1.21
};

const valuesIn = ({ body }: Doc, operation: OperationName): Map<string, unknown> =>
  new Map(leavesOf(asRead(body), '').filter(([path]) => !MADE_OF_ERASED[operation]?.includes(path)));

for (const operation of telling)
  test(`${operation}: a version differs from the next one by its step alone, and where that says so`, () => {
    fc.assert(
      fc.property(saidOf(operation), (said) => {
        let newer: Doc | undefined;
        for (const [index, minor] of minors.entries()) {
          const dialect = dialectOf(`1.${minor}`);
          const told = tell(dialect, operation, answerFor(dialect, operation, said));
          const values = valuesIn(told, operation);
          if (newer !== undefined) {
            for (const [path, value] of valuesIn(newer, operation))
              if (values.has(path) && values.get(path) !== value)
                assert(
                  isToldOtherwise(operation, minor, path),
                  `1.${minor} tells ${path} otherwise: ${value} → ${values.get(path)}`,
                );
            const next = structuredClone({ status: newer.status, body: newer.body });
            const difference = differences[index] ?? dialect;
            const stepped = tell(difference, operation, { ...answerFor(dialect, operation, said), ...next });
            assert.deepEqual(valuesIn(stepped, operation), values, `1.${minor}`);
          }
          newer = told;
        }
      }),
      { numRuns: 12 },
    );
  });
