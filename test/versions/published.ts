/** A published Swagger document, and whether an answer is what it says. */
import { swaggerPaths } from '../api/documents/swagger.ts';
import type { Answer } from '../harness/http.ts';
import { faultsOf, valuesIn } from './document.ts';
import type { Promised } from './round.ts';

type Doc = Readonly<Record<string, unknown>>;
const isDoc = (value: unknown): value is Doc =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The names in a path are anybody's own. */
const nameless = (route: string): string => route.replace(/\{\w+\}/g, '{}');

/** One version's published document. */
export class Published implements Promised {
  /** By route, the schema of each status; undefined: no body is told of. */
  readonly #answers = new Map<string, ReadonlyMap<string, Doc | undefined>>();

  constructor(text: string) {
    for (const [path, methods] of Object.entries(swaggerPaths(text)))
      for (const [method, { responses }] of Object.entries(methods)) {
        const schemas = Object.entries(responses as Readonly<Record<string, Doc>>).map(
          ([status, response]) => [status, schemaOf(response)] as const,
        );
        this.#answers.set(nameless(`${method.toUpperCase()} ${path}`), new Map(schemas));
      }
  }

  has(route: string): boolean {
    return this.#answers.has(nameless(route));
  }

  faults(route: string, answer: Answer): string[] {
    const told = `${nameless(route)} ${answer.status}`;
    const schemas = this.#answers.get(nameless(route));
    if (!schemas?.has(String(answer.status))) return [`${told} is not documented`];
    const schema = schemas.get(String(answer.status));
    if (schema === undefined || !/json/.test(String(answer.headers['content-type']))) return [];
    return valuesIn(answer.text).flatMap((value) =>
      faultsOf(schema, value).map((fault) => `${told} ${withoutPlaces(fault)}`),
    );
  }
}

function schemaOf({ content }: Doc): Doc | undefined {
  const [first] = isDoc(content) ? Object.values(content) : [];
  return isDoc(first) && isDoc(first.schema) ? (orNull(first.schema) as Doc) : undefined;
}

/** What Swagger calls nullable, as JSON Schema says it. */
function orNull(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(orNull);
  if (!isDoc(schema)) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, each]) => [name, orNull(each)]));
  if (schema['x-nullable'] !== true || typeof schema.type !== 'string') return inner;
  return {
    ...inner,
    type: [schema.type, 'null'],
    ...(Array.isArray(schema.enum) && { enum: [...schema.enum, null] }),
  };
}

/** The first and the tenth of a list are wrong in the same way, and so are ports and networks of any name. */
const withoutPlaces = (fault: string): string =>
  fault
    .replace(/\/\d+(?=\/|\s)/g, '/[]')
    .replace(
      /(\/(?:Networks|Ports|PortBindings|Containers|Volumes|Labels|networks))\/(?!\[\])[^/\s]+/g,
      '$1/{}',
    );
