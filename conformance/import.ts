/**
 * Makes `contract.generated.json` from the contract that the API was specified with: `sh tools/node conformance/import.ts
 * DIRECTORY`, where `contract.json` lies. Only what the runner holds answers against is kept.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Endpoint, Field, Span } from './contract.ts';

interface Given {
  readonly since: string;
  readonly removedIn: string | null;
}
interface GivenField extends Given {
  readonly path: string;
  readonly type: string;
  readonly optional?: boolean;
  readonly source?: string;
}
interface GivenEndpoint extends Given {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly responses: Readonly<Record<string, Given & { readonly note?: string }>>;
  readonly successBody: {
    readonly kind: string;
    readonly kindByVersion?: Readonly<Record<string, string>>;
    readonly contentTypeByVersion?: Readonly<Record<string, string>>;
    readonly fields?: readonly GivenField[];
  };
}

const minorOf = (version: string): number => Number(version.slice(2));
const spanOf = ({ since, removedIn }: Given): Span => [
  minorOf(since),
  removedIn === null ? null : minorOf(removedIn),
];

/** What Go's server guessed where the daemon named no type; the contract tells it in words. */
const GUESSED: Readonly<Record<string, readonly string[]>> = {
  ContainerExport: ['application/octet-stream', 'application/x-tar'],
  ContainerLogs: ['text/plain', 'application/octet-stream', 'application/vnd.docker.raw-stream'],
};

/** Where the contract errs, with the source that shows it: the first version without a field. */
const GONE: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  // v1.12.0 of the daemon: `registry.SearchResult` has it no longer.
  ImageSearch: { '[].is_trusted': 24 },
};

/** The same for fields that may be absent in some versions: the first of them, and the first after them. */
const OPTIONAL: Readonly<Record<string, Readonly<Record<string, readonly [number, number]>>>> = {
  // v0.8.0 to v0.11.0 of the daemon: a port that is not published is told as a public one.
  ContainerList: { '[].Ports[].PrivatePort': [8, 12] },
};

const typesIn = (words: string): readonly string[] => words.match(/[a-z]+\/[a-z][\w.+-]*/g) ?? [];

const fieldOf = (id: string, field: GivenField): Field => {
  const [since, given] = spanOf(field);
  const gone = GONE[id]?.[field.path] ?? given;
  const mayBeAbsent = field.optional === true || field.source === 'docs';
  const always: Field = [field.path, field.type, since, gone];
  return mayBeAbsent ? ([...always.slice(0, 4), '?'] as unknown as Field) : always;
};

/** A field before, in and after the versions in which it may be absent. */
function split(id: string, field: Field): readonly Field[] {
  const [path, type, since, gone] = field;
  const [from, to] = OPTIONAL[id]?.[path] ?? [];
  if (from === undefined || to === undefined) return [field];
  return [
    [path, type, since, from],
    [path, type, from, to, '?'],
    [path, type, to, gone],
  ];
}

function endpointOf(given: GivenEndpoint): Endpoint {
  const { id, method, path, responses, successBody } = given;
  const { kind, kindByVersion = {}, contentTypeByVersion = {}, fields = [] } = successBody;
  const onTheWire = Object.entries(responses).filter(([, { note }]) => !note?.startsWith('documented only'));
  return {
    route: `${method} ${path}`,
    span: spanOf(given),
    statuses: Object.fromEntries(onTheWire.map(([status, span]) => [status, spanOf(span)])),
    kinds: [
      [0, kind],
      ...Object.entries(kindByVersion).map(([version, was]) => [minorOf(version), was] as const),
    ],
    types: Object.entries(contentTypeByVersion).map(([version, words]) => [
      minorOf(version),
      GUESSED[id] ?? typesIn(words),
    ]),
    fields: fields.flatMap((field) => split(id, fieldOf(id, field))),
  };
}

const [directory = '../shared/api'] = process.argv.slice(2);
const given = JSON.parse(readFileSync(join(directory, 'contract.json'), 'utf8')) as readonly GivenEndpoint[];
const lines = given.map((each) => `  ${JSON.stringify(each.id)}: ${JSON.stringify(endpointOf(each))}`);
writeFileSync(join(import.meta.dirname, 'contract.generated.json'), `{\n${lines.join(',\n')}\n}\n`);
