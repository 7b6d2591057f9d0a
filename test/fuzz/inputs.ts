/** What fuzzers are fed: their samples, damaged in the ways that find faults, and words of the format in any order. */
import fc from 'fast-check';
import type { Fuzzer } from './fuzzer.ts';

/** No input is longer: what takes long for these would take for ever for those of a hostile client. */
const INPUT_BYTES_MAX = 64 << 10;

const WAYS = [
  'byte',
  'bit',
  'number16',
  'number32',
  'digits',
  'cut',
  'end',
  'double',
  'word',
  'many',
  'splice',
] as const;

/** One change of an input. Numbers are taken modulo what there is to choose from. */
interface Change {
  readonly way: (typeof WAYS)[number];
  readonly at: number;
  readonly length: number;
  readonly value: number;
}

/** Where sizes and counts go wrong. */
const NUMBERS = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000];
const DIGITS = ['0', '-1', '1', '65535', '65536', '2147483648', '9007199254740993', '1e999', '77777777777'];

const change: fc.Arbitrary<Change> = fc.record({
  way: fc.constantFrom(...WAYS),
  at: fc.nat({ max: INPUT_BYTES_MAX }),
  length: fc.nat({ max: 600 }),
  value: fc.nat({ max: 0xffff }),
});

/** All inputs of a fuzzer. They shrink to few changes of a sample, or to few words. */
export function inputsOf({ samples, words }: Pick<Fuzzer, 'samples' | 'words'>): fc.Arbitrary<Buffer> {
  const sample = fc.constantFrom(...samples);
  const word = words.length === 0 ? fc.constant('') : fc.constantFrom(...words);
  const bytes = fc.uint8Array({ maxLength: 12 }).map((each) => Buffer.from(each));
  const piece = fc.oneof(
    { weight: 4, arbitrary: word.map((each) => Buffer.from(each, 'latin1')) },
    { weight: 1, arbitrary: bytes },
  );
  const changed = fc
    .tuple(sample, fc.array(change, { maxLength: 8 }))
    .map(([from, changes]) => changes.reduce((input, each) => changedBy(input, each, samples, words), from));
  const said = fc.array(piece, { maxLength: 40 }).map((pieces) => Buffer.concat(pieces));
  const often = fc
    .tuple(piece, piece, fc.integer({ min: 2, max: 4000 }), piece)
    .map(([first, again, times, last]) => Buffer.concat([first, repeated(again, times), last]));
  const anything = fc.uint8Array({ maxLength: 400 }).map((each) => Buffer.from(each));
  return fc
    .oneof(
      { weight: 6, arbitrary: changed },
      { weight: 4, arbitrary: said },
      { weight: 1, arbitrary: often },
      { weight: 1, arbitrary: anything },
    )
    .map((input) => Buffer.from(input.subarray(0, INPUT_BYTES_MAX)));
}

function repeated(piece: Buffer, times: number): Buffer {
  return Buffer.concat(Array<Buffer>(piece.length > 64 ? 2 : times).fill(piece));
}

function changedBy(
  input: Buffer,
  { way, at: asked, length, value }: Change,
  samples: readonly Buffer[],
  words: readonly string[],
): Buffer {
  const at = asked % (input.length + 1);
  const [before, after] = [input.subarray(0, at), input.subarray(at)];
  const part = after.subarray(0, length);
  const over = (bytes: Buffer) => Buffer.concat([before, bytes, after.subarray(bytes.length)]);
  const number = NUMBERS[value % NUMBERS.length] ?? 0;
  switch (way) {
    case 'byte':
      return over(Buffer.from([value & 255]));
    case 'bit':
      return over(Buffer.from([(input[at] ?? 0) ^ (1 << (value & 7))]));
    case 'number16':
      return over(numeral(2, number & 0xffff, (value & 1) === 1));
    case 'number32':
      return over(numeral(4, number, (value & 1) === 1));
    case 'digits':
      return Buffer.concat([
        before,
        Buffer.from(DIGITS[value % DIGITS.length] ?? ''),
        after.subarray(length % 4),
      ]);
    case 'cut':
      return Buffer.concat([before, after.subarray(length)]);
    case 'end':
      return before;
    case 'double':
      return Buffer.concat([before, part, after]);
    case 'word':
      return Buffer.concat([before, Buffer.from(words[value % (words.length || 1)] ?? '', 'latin1'), after]);
    case 'many':
      return Buffer.concat([before, repeated(part, value % 200), after]);
    case 'splice':
      return Buffer.concat([before, (samples[value % samples.length] ?? before).subarray(length)]);
  }
}

function numeral(bytes: 2 | 4, value: number, isLittle: boolean): Buffer {
  const out = Buffer.alloc(bytes);
  if (isLittle) out.writeUIntLE(value, 0, bytes);
  else out.writeUIntBE(value, 0, bytes);
  return out;
}
