/** The OpenAPI document that an engine serves for one of its versions, and whether an answer is what it says. */
import assert from 'node:assert/strict';
import { Ajv, type ValidateFunction } from 'ajv';
import type { Answer } from '../harness/http.ts';

type Doc = Readonly<Record<string, unknown>>;
interface Response {
  readonly content?: Readonly<Record<string, { readonly schema: Doc }>>;
}
interface Operation {
  readonly responses: Readonly<Record<string, Response>>;
}
interface Served {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const ajv = new Ajv({ strict: false, allErrors: true, verbose: true, validateFormats: false });
/** Most versions say the same of most answers. */
const compiled = new Map<string, ValidateFunction>();

/** One version's document. */
export class Document {
  readonly #paths: Served['paths'];

  constructor(answer: Answer) {
    assert.equal(answer.status, 200, answer.text);
    this.#paths = answer.json<Served & Record<string, unknown>>().paths;
  }

  /** Whether this version has `GET /containers/json`, or another route. */
  has(route: string): boolean {
    return this.#operation(route) !== undefined;
  }

  /** What is wrong with an answer, one line each. */
  faults(route: string, answer: Answer): string[] {
    const response = this.#operation(route)?.responses[answer.status];
    const told = `${route} ${answer.status}`;
    if (response === undefined) return [`${told} is not documented: ${answer.text.slice(0, 200)}`];
    const { content } = response;
    if (content === undefined)
      return answer.bytes.length > 0 ? [`${told} has a body: ${answer.text.slice(0, 200)}`] : [];
    // A process that nobody attaches to has no streams.
    if (answer.bytes.length === 0 && 'application/vnd.docker.raw-stream' in content) return [];
    const type = String(answer.headers['content-type'] ?? 'none').split(';')[0] ?? '';
    const schema = content[type]?.schema;
    if (schema === undefined) return [`${told} has the type ${type}, not ${Object.keys(content).join(', ')}`];
    if (!/json/.test(type)) return [];
    return valuesIn(answer.text).flatMap((value) =>
      faultsOf(schema, value).map((fault) => `${told} ${fault}`),
    );
  }

  #operation(route: string): Operation | undefined {
    const [method = '', path = ''] = route.split(' ');
    return this.#paths[path]?.[method.toLowerCase()];
  }
}

/** What a value is that its schema does not say, one line each; objects have no member more. */
export function faultsOf(schema: Doc, value: unknown): string[] {
  const text = JSON.stringify(schema);
  let validate = compiled.get(text);
  if (validate === undefined) {
    validate = ajv.compile(closed(schema) as Doc);
    compiled.set(text, validate);
  }
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params, data }) => {
    const more = 'additionalProperty' in params ? ` ${params.additionalProperty}` : '';
    return `${instancePath || '/'} ${data === null ? 'is null' : message}${more}`;
  });
}

/** Objects have the members that are documented and no others; an object of which none is said is a free one. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, each]) => [name, closed(each)]));
  const isObject = inner.type === 'object' && typeof inner.properties === 'object';
  return isObject && inner.additionalProperties === undefined
    ? { ...inner, additionalProperties: false }
    : inner;
}

/** The JSON values in a text, whatever stands between them: below 1.19 nothing did. */
export function valuesIn(text: string): unknown[] {
  const values: unknown[] = [];
  let [begin, depth, inString] = [0, 0, false];
  for (let at = 0; at < text.length; at++) {
    const each = text[at];
    if (inString) {
      if (each === '\\') at++;
      else if (each === '"') inString = false;
    } else if (each === '"') inString = true;
    else if (each === '{' || each === '[') depth++;
    else if ((each === '}' || each === ']') && --depth === 0) {
      values.push(JSON.parse(text.slice(begin, at + 1)));
      begin = at + 1;
    }
  }
  const rest = text.slice(begin).trim();
  return rest === '' ? values : [...values, JSON.parse(rest)];
}
