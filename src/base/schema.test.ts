import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CreateRequest, HostConfig } from '../model/container.ts';
import { InvalidArgument } from './errors.ts';
import {
  anything,
  bigInteger,
  blank,
  boolean,
  decodeBody,
  float,
  integer,
  list,
  map,
  nullable,
  object,
  oneOf,
  optional,
  orNull,
  pointer,
  presentList,
  string,
  words,
} from './schema.ts';

const Person = object('Person', {
  Name: string(),
  Age: blank(integer()),
  Nick: optional(string()),
  Boss: pointer(string()),
});

test('a member is found in any letter case, and the exact name wins', () => {
  assert.deepEqual(decodeBody(Person, { NAME: 'a', age: 3 }), { Name: 'a', Age: 3 });
  assert.deepEqual(decodeBody(Person, { name: 'other', Name: 'exact' }), { Name: 'exact' });
  assert.deepEqual(decodeBody(Person, { Name: 'exact', name: 'other' }), { Name: 'exact' });
});

test('null means absent, unknown members are ignored, required ones get their zero value', () => {
  assert.deepEqual(decodeBody(Person, { Age: null, Nick: null, what: 1 }), { Name: '' });
  assert.deepEqual(decodeBody(Person, null), { Name: '' });
  assert.deepEqual(decodeBody(Person, undefined), { Name: '' });
});

test('an answer carries blank and pointer members that the engine left out, not optional ones', () => {
  assert.deepEqual(Person.fill({ Name: 'a' }), { Name: 'a', Age: 0, Boss: null });
  assert.deepEqual(object('T', { L: presentList(string()), M: blank(map(string())) }).fill({}), {
    L: [],
    M: null,
  });
  assert.deepEqual(object('T', { P: Person }).fill({}), { P: { Name: '', Age: 0, Boss: null } });
});

for (const [body, message] of [
  [{ Name: 1 }, 'json: cannot unmarshal number into Go struct field Person.Name of type string'],
  [{ Name: 'a', Age: '3' }, 'json: cannot unmarshal string into Go struct field Person.Age of type int64'],
  [
    { Name: 'a', Age: 1.5 },
    'json: cannot unmarshal number 1.5 into Go struct field Person.Age of type int64',
  ],
  [{ Name: [] }, 'json: cannot unmarshal array into Go struct field Person.Name of type string'],
  [{ Name: true }, 'json: cannot unmarshal bool into Go struct field Person.Name of type string'],
  [[], 'json: cannot unmarshal array into Go value of type Person'],
  ['text', 'json: cannot unmarshal string into Go value of type Person'],
] as const)
  test(`${JSON.stringify(body)} is refused in the words of Go's decoder`, () => {
    assert.throws(() => decodeBody(Person, body), { name: 'InvalidArgument', message });
  });

test('a wrong type deep inside names its struct and its path', () => {
  assert.throws(() => decodeBody(CreateRequest, { HostConfig: { Memory: 'much' } }), {
    message: 'json: cannot unmarshal string into Go struct field HostConfig.HostConfig.Memory of type int64',
  });
  assert.throws(() => decodeBody(CreateRequest, { Env: ['a', 2] }), {
    message: 'json: cannot unmarshal number into Go struct field CreateRequest.Env of type string',
  });
});

test('a command may be one string', () => {
  assert.deepEqual(decodeBody(CreateRequest, { Cmd: 'date', Entrypoint: ['sh', '-c'] }), {
    Cmd: ['date'],
    Entrypoint: ['sh', '-c'],
  });
  assert.throws(() => decodeBody(object('T', { C: words() }), { C: 3 }), InvalidArgument);
});

test('integers keep to their kind, and what rounds to 2^63 stays readable for int64', () => {
  const T = object('T', {
    Small: blank(integer('uint16')),
    Big: blank(integer()),
    Unsigned: blank(integer('uint64')),
  });
  assert.throws(() => decodeBody(T, { Small: 65536 }), InvalidArgument);
  assert.throws(() => decodeBody(T, { Small: -1 }), InvalidArgument);
  assert.throws(() => decodeBody(T, { Big: 1e19 }), InvalidArgument);
  const { Big } = decodeBody(T, JSON.parse('{"Big": 9223372036854775807}'));
  assert.ok(BigInt(JSON.stringify(Big)) < 2n ** 63n);
  assert.equal(decodeBody(T, { Unsigned: 1e19 }).Unsigned, 1e19);
});

for (const [kind, low, high] of [
  ['uint16', 0, 65_535],
  ['uint32', 0, 4_294_967_295],
  ['uint64', 0, 2 ** 64],
] as const)
  test(`the least and the largest ${kind} are taken, and none beyond them`, () => {
    const decode = (value: unknown) => integer(kind).decode(value, { struct: 'T', path: 'N' });
    assert.deepEqual([decode(low), decode(high)], [low, high]);
    for (const beyond of [low - 1, high + (kind === 'uint64' ? 4096 : 1), low + 0.5])
      assert.throws(() => decode(beyond), {
        message: `json: cannot unmarshal number ${beyond} into Go struct field T.N of type ${kind}`,
      });
  });

test('an int64 keeps its magnitude up to the largest double that is one, and its least value', () => {
  const decode = (value: unknown) => decodeBody(integer(), value);
  assert.deepEqual([decode(2 ** 63), decode(2 ** 63 - 1024)], [2 ** 63 - 1024, 2 ** 63 - 1024]);
  assert.deepEqual([decode(2 ** 63 - 2048), decode(-(2 ** 63))], [2 ** 63 - 2048, -(2 ** 63)]);
  assert.throws(() => decode(2 ** 63 + 2048), InvalidArgument);
  assert.throws(() => decode(-(2 ** 63) - 2048), InvalidArgument);
});

test('exact integers are whole numbers, and nothing else', () => {
  assert.equal(decodeBody(bigInteger(), 9), 9n);
  for (const wrong of [1.5, '1', true])
    assert.throws(() => decodeBody(bigInteger(), wrong), /of type int64$/);
});

test('what must be there and is not, is the zero of its kind', () => {
  const T = object('T', {
    B: boolean(),
    F: float(),
    I: integer('uint32'),
    N: bigInteger(),
    S: string(),
    W: oneOf('first', 'second'),
    A: anything(),
  });
  assert.deepEqual(T.fill({}), { B: false, F: 0, I: 0, N: 0n, S: '', W: 'first', A: null });
});

test('a word of a closed list is a text, and the others are told', () => {
  const W = object('T', { W: oneOf('a', 'b') });
  assert.throws(
    () => decodeBody(W, { W: 3 }),
    /cannot unmarshal number into Go struct field T.W of type string/,
  );
  assert.throws(() => decodeBody(W, { W: 'c' }), /W: "c" is none of a, b/);
});

test('anything is taken as it is', () => {
  for (const value of ['text', 7, [null], { a: { b: null } }])
    assert.deepEqual(decodeBody(anything(), value), value);
});

test('answers of lists and maps are completed within, and what is neither is left as it is', () => {
  const T = object('T', { P: blank(list(Person)), M: blank(map(Person)), L: blank(list(string())) });
  const full = { Name: '', Age: 0, Boss: null };
  assert.deepEqual(T.fill({ P: [{}], M: { a: {}, b: null }, L: ['x'] }), {
    P: [full],
    M: { a: full, b: null },
    L: ['x'],
  });
  assert.deepEqual(T.fill({ P: 'later', M: 'later' }), { P: 'later', M: 'later', L: null });
});

test('the JSON Schema of an answer says what is always there, and what of that may be null', () => {
  assert.deepEqual(Person.json(), {
    type: 'object',
    properties: {
      Name: { type: 'string' },
      Age: { type: 'integer' },
      Nick: { type: 'string' },
      Boss: { type: 'string', nullable: true },
    },
    required: ['Name', 'Age', 'Boss'],
  });
  const names = { type: 'array', items: { type: 'string' } };
  assert.deepEqual(object('T', { L: list(string()), O: optional(list(string())), A: anything() }).json(), {
    type: 'object',
    properties: { L: { ...names, nullable: true }, O: names, A: {} },
    required: ['L', 'A'],
  });
});

test('of several schemas the last one says that a value may be null', () => {
  assert.deepEqual(object('T', { C: words() }).json().properties, {
    C: { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, nullable: true }] },
  });
  assert.deepEqual(orNull({ oneOf: [{ type: 'string' }, { type: 'boolean' }, { type: 'number' }] }), {
    oneOf: [{ type: 'string' }, { type: 'boolean' }, { type: 'number', nullable: true }],
  });
});

test('a port without bindings stays null on both ways', () => {
  assert.deepEqual(decodeBody(HostConfig, { PortBindings: { '80/tcp': null } }), {
    PortBindings: { '80/tcp': null },
  });
  const T = object('T', { Ports: map(nullable(list(string()))) });
  assert.deepEqual(T.fill({ Ports: { a: null, b: ['x'] } }), { Ports: { a: null, b: ['x'] } });
});

test('a key named __proto__ is data', () => {
  const decoded = decodeBody(
    object('T', { Labels: blank(map(string())) }),
    JSON.parse('{"Labels": {"__proto__": "x"}, "__proto__": {"Labels": {}}}'),
  );
  assert.deepEqual(Object.keys(decoded.Labels ?? {}), ['__proto__']);
});

test('words of a closed list, floats and exact integers', () => {
  const T = object('T', {
    W: optional(oneOf('a', 'b')),
    F: optional(float()),
    B: optional(boolean()),
    N: optional(bigInteger()),
  });
  assert.deepEqual(decodeBody(T, { W: 'b', F: 1.5, B: true, N: 7 }), { W: 'b', F: 1.5, B: true, N: 7n });
  assert.throws(() => decodeBody(T, { W: 'c' }), InvalidArgument);
});

test('any JSON either decodes or is refused as invalid, and what was decoded decodes to itself', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      try {
        const once = decodeBody(CreateRequest, value);
        assert.deepEqual(decodeBody(CreateRequest, once), once);
      } catch (error) {
        assert.ok(error instanceof InvalidArgument, String(error));
      }
    }),
  );
});

test('objects with members of the right names decode or are refused, and filling is idempotent', () => {
  const some = fc.dictionary(
    fc.constantFrom(...Object.keys(CreateRequest.shape), 'hostconfig', 'CMD'),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(some, (value) => {
      try {
        const once = CreateRequest.fill(decodeBody(CreateRequest, value));
        assert.deepEqual(CreateRequest.fill(once), once);
      } catch (error) {
        assert.ok(error instanceof InvalidArgument, String(error));
      }
    }),
  );
});
