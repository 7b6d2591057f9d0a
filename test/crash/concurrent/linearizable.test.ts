import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Call, type Model, unexplained } from './linearizable.ts';

type Op = { readonly write: number } | { readonly read: number };

const register: Model<number, Op> = {
  initial: 0,
  step: (state, op) => ('write' in op ? [op.write] : op.read === state ? [state] : []),
  isRead: (op) => 'read' in op,
  key: String,
};

const call = (op: Op, invokedAt: number, returnedAt: number, isMaybe = false): Call<Op> => ({
  op,
  invokedAt,
  returnedAt,
  isMaybe,
});

const cases: readonly (readonly [what: string, isRight: boolean, history: readonly Call<Op>[]])[] = [
  ['nothing', true, []],
  ['a read of what was written', true, [call({ write: 1 }, 0, 1), call({ read: 1 }, 2, 3)]],
  ['a read of what was written before', false, [call({ write: 1 }, 0, 1), call({ read: 0 }, 2, 3)]],
  ['a read of either value during a write', true, [call({ write: 1 }, 0, 5), call({ read: 0 }, 1, 2)]],
  [
    'a new value and then the old one, both during one write',
    false,
    [call({ write: 1 }, 0, 9), call({ read: 1 }, 1, 2), call({ read: 0 }, 3, 4)],
  ],
  [
    'writes at once, seen in two orders by two readers',
    false,
    [
      call({ write: 1 }, 0, 9),
      call({ write: 2 }, 0, 9),
      call({ read: 1 }, 10, 11),
      call({ read: 2 }, 12, 13),
    ],
  ],
  [
    'a write of what is there, for the sake of what comes later',
    true,
    [
      call({ write: 1 }, 0, 9),
      call({ write: 1 }, 2, 30),
      call({ write: 2 }, 10, 11),
      call({ read: 2 }, 12, 13),
      call({ read: 1 }, 14, 15),
    ],
  ],
  [
    'a write without an answer that happened',
    true,
    [call({ write: 1 }, 0, 9, true), call({ read: 1 }, 10, 11)],
  ],
  [
    'a write without an answer that did not happen',
    true,
    [call({ write: 1 }, 0, 9, true), call({ read: 0 }, 10, 11)],
  ],
  [
    'a write without an answer that happens after its end',
    false,
    [call({ write: 1 }, 0, 9, true), call({ read: 0 }, 10, 11), call({ read: 1 }, 12, 13)],
  ],
];
for (const [what, isRight, history] of cases)
  test(`${what} ${isRight ? 'has' : 'has no'} order`, () => {
    assert.equal(unexplained(register, history) === undefined, isRight);
  });

test('moments of one verb come in their order', () => {
  const first = call({ write: 1 }, 0, 9);
  const second = { ...call({ write: 2 }, 0, 9), behind: first };
  const readers = (...values: readonly number[]) =>
    values.map((read, index) => call({ read }, 10 + index, 10.5 + index));
  assert.equal(unexplained(register, [first, second, ...readers(2)]), undefined);
  assert.notEqual(unexplained(register, [first, second, ...readers(1)]), undefined);
});

test('what nothing explains is told with what stands before it', () => {
  const found = unexplained(register, [call({ write: 1 }, 0, 1), call({ read: 2 }, 2, 3)]);
  assert.deepEqual(found, { done: 1, state: 1, next: [call({ read: 2 }, 2, 3)] });
});

/** Calls of a register that really is one, each with its moment between question and answer. */
const history = fc
  .array(fc.tuple(fc.nat(20), fc.nat(20), fc.option(fc.integer({ min: 1, max: 4 }))), { maxLength: 40 })
  .map((drawn) => {
    let state = 0;
    return drawn.map(([before, after, written], index): Call<Op> => {
      if (written !== null) state = written;
      const op = written === null ? { read: state } : { write: written };
      const at = index * 10; // of effect
      return call(op, at - before, at + after);
    });
  });

test('whatever a register does, there is an order', () => {
  fc.assert(fc.property(history, (calls) => unexplained(register, calls) === undefined));
});

test('a read of what nobody wrote has no order, wherever it stands', () => {
  fc.assert(
    fc.property(history, fc.nat(), (calls, at) => {
      const moment = 10 * (at % (calls.length + 1));
      return unexplained(register, [...calls, call({ read: 9 }, moment - 1, moment + 1)]) !== undefined;
    }),
  );
});
