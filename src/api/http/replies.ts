/** Handlers' results as answers: completed, told in the version's words, written in the form of their kind. */
import { messageOf, NotFound } from '../../base/errors.ts';
import { isFailure } from '../../base/failures.ts';
import { writeJson } from '../../formats/json.ts';
import { buildFailure } from '../../model/failures/build.ts';
import { contract, operationOf } from '../contract/index.ts';
import type { Success } from '../contract/operation.ts';
import { type Call, handlers } from '../handlers/index.ts';
import { type Dialect, type Doc, memberOf } from '../versions/index.ts';
import {
  type LineForm,
  lineForm,
  sendDeferred,
  sendEmpty,
  sendEvents,
  sendJson,
  sendMessages,
  sendProgressText,
  type Telling,
} from './answers.ts';
import { type Asked, type Exchange, outlivesClient } from './request.ts';
import { failureOf } from './statuses.ts';

type Of<K extends Success['kind']> = Extract<Success, { kind: K }>;

/** One JSON value, whole. */
export async function sendValue(
  { response }: Exchange,
  { operation, dialect, input }: Asked,
  { schema, status }: Of<'json'>,
  value: unknown,
  call: Call,
): Promise<void> {
  const { route, toldWithInfo, toldWithContainer } = operationOf(operation);
  const body = schema.fill(value);
  if (dialect.plainAnswer(route)) return sendJson(response, status, body);
  // `all`: also what the newest version no longer tells.
  const told: Doc = { status, body, said: input.said, all: value };
  if (toldWithInfo && dialect.traits.versionTellsLimits)
    told.info = await handlers.systemInfo({ params: {}, query: {}, body: undefined }, call);
  if (toldWithContainer && dialect.traits.execTellsContainer)
    told.container = await containerAs(dialect, String(memberOf(value, 'ContainerID')), call);
  dialect.response(route, told);
  if (told.body === undefined) sendEmpty(response, Number(told.status));
  else sendJson(response, Number(told.status), told.body);
}

/** What the inspection of a container answers in this version. Undefined: the container is gone. */
async function containerAs(dialect: Dialect, name: string, call: Call): Promise<Doc | undefined> {
  const { route, success } = contract.containerInspect;
  try {
    const asked = { params: { name }, query: { size: false }, body: undefined };
    const value = await handlers.containerInspect(asked, call);
    const doc: Doc = { status: success.status, body: success.schema.fill(value), all: value };
    dialect.response(route, doc);
    return doc;
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}

/** Messages as they come. */
export async function sendLines(
  { request, response }: Exchange,
  asked: Asked,
  success: Of<'lines'>,
  messages: AsyncIterable<unknown>,
): Promise<void> {
  const { operation, dialect } = asked;
  const toTheEnd = outlivesClient(asked);
  if (dialect.traits.progressUntold.includes(operation)) {
    for await (const _ of messages); // its end, or its failure
    return sendEmpty(response, success.status);
  }
  const telling = tellingOf(asked, success);
  if (success.endless) {
    const form = lineForm(request.headers.accept, dialect);
    const bytesOf = (events: Handful) => written(events, dialect, form, telling);
    return sendEvents(response, messages as AsyncIterable<Handful>, form.contentType, bytesOf);
  }
  // What fails before its first message mostly has a status to say so.
  const begun = success.failsInside ? messages : await begin(messages);
  if (dialect.traits.progressAsText.includes(operation))
    return sendProgressText(response, begun, telling, { toTheEnd });
  return sendMessages(response, begun, { toTheEnd }, telling);
}

/** Events that are there at once. Listeners who want the same get the same array. */
type Handful = readonly unknown[];
/** By their array, version and form: a hundred clients who listen have them written once. */
const writings = new WeakMap<Handful, Map<Dialect, Map<string, Buffer>>>();

function written(events: Handful, dialect: Dialect, { before, after }: LineForm, { told }: Telling): Buffer {
  const ofAll = kept(writings, events, () => new Map<Dialect, Map<string, Buffer>>());
  const ofVersion = kept(ofAll, dialect, () => new Map<string, Buffer>());
  return kept(ofVersion, before + after, () => {
    const messages = events.map(told).filter((message) => message !== undefined);
    return Buffer.from(messages.map((message) => `${before}${writeJson(message)}${after}`).join(''));
  });
}

/** What the map has of the key; made, when it has nothing yet. */
function kept<K, V>(
  map: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  make: () => V,
): V {
  const there = map.get(key) ?? make();
  map.set(key, there);
  return there;
}

/** Messages, and the failure that may be the last one, in the version's words. */
function tellingOf({ operation, dialect, input }: Asked, { schema }: Of<'lines'>): Telling {
  const { route } = operationOf(operation);
  const told = (message: unknown) => dialect.message(route, schema.fill(message) as Doc);
  const call = { route, name: Object.values(input.params)[0] ?? '' };
  return {
    told,
    failed(error) {
      const { message } = dialect.failure(failureOf(error, 'engine'), call);
      const code = isFailure(error, buildFailure.commandFailed) ? error.fields.status : undefined;
      return told({ errorDetail: { ...(code !== undefined && { code }), message }, error: message });
    },
  };
}

/** Waits for the first message. @throws what the operation threw before it */
async function begin(messages: AsyncIterable<unknown>): Promise<AsyncIterable<unknown>> {
  const iterator = messages[Symbol.asyncIterator]();
  let next = await iterator.next();
  return (async function* () {
    try {
      while (!next.done) {
        yield next.value;
        next = await iterator.next();
      }
    } finally {
      await iterator.return?.();
    }
  })();
}

/** One JSON value that comes when something has ended. Cut off when nobody waits any more, or the API closes. */
export async function sendLater(
  { response, signal }: Exchange,
  { operation, dialect }: Asked,
  { schema, status }: Of<'deferred'>,
  ended: Promise<unknown>,
): Promise<void> {
  const { waitHeadAtOnce, waitSilentOnFailure } = dialect.traits;
  const { route } = operationOf(operation);
  const told = ended.then((value) => {
    if (waitSilentOnFailure && memberOf(value, 'Error')) return undefined;
    const doc: Doc = { status, body: schema.fill(value) };
    dialect.response(route, doc);
    return doc.body;
  });
  // A wait that was broken off says nothing: an exit code that is not one would be believed.
  const cut = () => response.destroy();
  signal.addEventListener('abort', cut, { once: true });
  if (!waitHeadAtOnce) return sendJson(response, status, await told);
  await sendDeferred(response, status, told.catch(unfinished));
}

/** The head has gone out: what went wrong can only be said in the body, in the place for it. */
const unfinished = (error: unknown) => ({ StatusCode: -1, Error: { Message: messageOf(error) } });
