import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOf } from '../byte-text.ts';
import { type Expansion, ExpansionBudget } from './expansion.ts';
import { expandContent, expandWord, expandWords } from './words.ts';

const VALUES: Readonly<Record<string, string>> = {
  x: 'abcabc',
  e: '',
  two: 'a  b',
  p: '/usr/lib/x.tar.gz',
  '1': 'one',
  star: 'a*b',
};

const using = (
  values: Readonly<Record<string, string>> = VALUES,
  more: Partial<Expansion> = {},
): Expansion => ({
  env: (name) => (Object.hasOwn(values, name) ? values[name] : undefined),
  escape: '\\',
  budget: new ExpansionBudget(),
  ...more,
});

for (const [word, wanted] of [
  ['plain', 'plain'],
  ['$x', 'abcabc'],
  ['$x$x', 'abcabcabcabc'],
  ['$x.y', 'abcabc.y'],
  ['$xy', ''],
  [`$\{x}y`, 'abcabcy'],
  ['$', '$'],
  ['a$', 'a$'],
  ['$.', '$.'],
  ['$1a', 'onea'],
  ['$@', ''],
  ['\\$x', '$x'],
  ['a\\', 'a'],
  ['a\\ b', 'a b'],
  ["'$x'", '$x'],
  ["'a\\'", 'a\\'],
  ['"$x"', 'abcabc'],
  ['"\\$x \\" \\\\ \\n"', '$x " \\ \\n'],
  ['"a\'b"', "a'b"],
  [`$\{x:-d}`, 'abcabc'],
  [`$\{e:-d}`, 'd'],
  [`$\{e-d}`, ''],
  [`$\{u-d}`, 'd'],
  [`$\{u:-}`, ''],
  [`$\{x:+d}`, 'd'],
  [`$\{e:+d}`, ''],
  [`$\{e+d}`, 'd'],
  [`$\{u+d}`, ''],
  [`$\{x:?no}`, 'abcabc'],
  [`$\{e?no}`, ''],
  [`$\{u:-$\{e:-$x}}`, 'abcabc'],
  [`$\{u:-a b}`, 'a b'],
  [`$\{u:-"}"}`, '}'],
  [`$\{u:-\\}}`, '}'],
  [`$\{x#a}`, 'bcabc'],
  [`$\{x#*b}`, 'cabc'],
  [`$\{x##*b}`, 'c'],
  [`$\{x#b}`, 'abcabc'],
  [`$\{x%c}`, 'abcab'],
  [`$\{x%b*}`, 'abca'],
  [`$\{x%%b*}`, 'a'],
  [`$\{x%%*}`, ''],
  [`$\{x#??}`, 'cabc'],
  [`$\{x%?}`, 'abcab'],
  [`$\{star%\\**}`, 'a'],
  [`$\{p##*/}`, 'x.tar.gz'],
  [`$\{p%%.*}`, '/usr/lib/x'],
  [`$\{x/b/-}`, 'a-cabc'],
  [`$\{x//b/-}`, 'a-ca-c'],
  [`$\{x//b/}`, 'acac'],
  [`$\{x/b*/-}`, 'a-'],
  [`$\{x/*b/-}`, '-c'],
  [`$\{x//z/-}`, 'abcabc'],
  [`$\{p//\\//:}`, ':usr:lib:x.tar.gz'],
  [`$\{x/$\{u:-b}/$\{e:-z}}`, 'azcabc'],
  [`$\{u/a/b}`, ''],
] as const)
  test(`${word} becomes ${JSON.stringify(wanted)}`, () => assert.equal(expandWord(word, using()), wanted));

for (const [word, message] of [
  ['"a', /^failed to process "\\"a": unexpected end of statement while looking for matching double-quote$/],
  ["'a", /looking for matching single-quote/],
  ['$\u007bx', /missing '}'/],
  ['$\u007b', /missing '}'/],
  ['$\u007bx:', /missing '}'/],
  ['$\u007bx:-a', /missing '}'/],
  ['$\u007b}', /bad substitution/],
  ['$\u007b:x}', /bad substitution/],
  ['$\u007b{x}', /bad substitution/],
  ['$\u007bx^^}', /unsupported modifier \(\^\) in substitution/],
  ['$\u007bx:#a}', /unsupported modifier \(:#\) in substitution/],
  ['$\u007bx/a}', /missing '\/' in \$/],
  ['$\u007bx/a/b', /missing '}'/],
  ['$\u007bx#\\a}', /invalid pattern \(\\a\) in substitution/],
  ['$\u007bu:?}', /u: is not allowed to be unset/],
  ['$\u007be:?}', /e: is not allowed to be empty/],
  ['$\u007bu?say why}', /u: say why/],
] as const)
  test(`${word} is refused`, () =>
    assert.throws(() => expandWord(word, using()), { name: 'InvalidArgument', message }));

test('words are split at blanks that are not quoted', () => {
  for (const [word, wanted] of [
    ['a b', ['a', 'b']],
    ['$two', ['a', 'b']],
    ['x$two', ['xa', 'b']],
    ['"$two" \'c d\' e\\ f', ['a  b', 'c d', 'e f']],
    ['$e $u ""', []],
    [' 80\t443 ', ['80', '443']],
  ] as const)
    assert.deepEqual(expandWords(word, using()), wanted);
});

test('a line that is shown keeps its quotes, and what names a variable that is not there', () => {
  const shown = (word: string) => expandWord(word, using(VALUES, { toBeShown: true }));
  for (const [word, wanted] of [
    [`a 'b $x' "c $x" d`, `a 'b $x' "c abcabc" d`],
    ['$u-$x', '$u-abcabc'],
    [`$\{u}$\{x}`, `$\{u}abcabc`],
    [`$\{u:-d}$\{u-d}$\{u:+d}$\{u:?d}`, `$\{u:-d}$\{u-d}$\{u:+d}$\{u:?d}`],
    [`$\{u:-$x}`, `$\{u:-abcabc}`],
    [`$\{x:-d}$\{e:-d}$\{e-d}$\{x:+d}`, 'abcabcdd'],
  ] as const)
    assert.equal(shown(word), wanted, word);
});

test('names are letters, digits and underscores, digits alone, or one special sign', () => {
  const env = (name: string) => `<${name}>`;
  for (const [word, wanted] of [
    ['$a_B9-', '<a_B9>-'],
    ['$12a', '<12>a'],
    ['$0', '<0>'],
    ['$9$', '<9>$'],
    ['$9a', '<9>a'],
    ['$0a', '<0>a'],
    ['$@a$*a$#a$?a$-a$$a$!a', '<@>a<*>a<#>a<?>a<->a<$>a<!>a'],
    ['$%', '$%'],
    ['$_', '<_>'],
    [`$${bytesOf('aé𝔸٣')}.`, `<${bytesOf('aé𝔸٣')}>.`],
    [`$${bytesOf('अߊ\u0800ꝸﻼ𐀀')}.`, `<${bytesOf('अߊ\u0800ꝸﻼ𐀀')}>.`],
    [`$${bytesOf('€')}`, `$${bytesOf('€')}`],
    ['$\xc2', '$\xc2'],
  ] as const)
    assert.equal(expandWord(word, using({}, { env })), wanted, word);
});

test('substitutions may be a hundred deep, one behind the other without end', () => {
  const nested = (depth: number) => `$\{u:-`.repeat(depth) + '}'.repeat(depth);
  assert.equal(expandWord(nested(100), using()), '');
  assert.throws(() => expandWord(nested(101), using()), { name: 'InvalidArgument', message: /100/ });
  assert.equal(expandWord(`$\{x}`.repeat(200), using()), 'abcabc'.repeat(200));
});

test('quotes and escapes in a pattern make its signs plain', () => {
  for (const [word, wanted] of [
    [`$\{star#a\\*}`, 'b'],
    [`$\{star#a"\\*"}`, 'a*b'],
    [`$\{star#"a\\*"}`, 'a*b'],
    [`$\{x#'ab'}`, 'cabc'],
    [`$\{x#"\\"}`, undefined],
    [`$\{x//"b"/'$'}`, 'a$ca$c'],
    [`$\{p//\\/lib/}`, '/usr/x.tar.gz'],
  ] as const)
    if (wanted === undefined) assert.throws(() => expandWord(word, using()), { name: 'InvalidArgument' });
    else assert.equal(expandWord(word, using()), wanted, word);
});

test('words may be split anywhere but in quotes and behind an escape', () => {
  for (const [word, wanted] of [
    ['a', ['a']],
    ['', []],
    ['  ', []],
    ['a""', ['a']],
    [`"a "$two`, ['a a', 'b']],
    [`$two$two`, ['a', 'ba', 'b']],
    [`a${bytesOf('\u3000')}b`, ['a', 'b']],
    [`a${bytesOf('\u3000')}"b"`, ['a', 'b']],
    [`"$e"a`, ['a']],
  ] as const)
    assert.deepEqual(expandWords(word, using()), wanted, word);
});

test('a word that is refused is told, as far as it goes on a screen', () => {
  const word = `"${'x'.repeat(2000)}`;
  assert.throws(() => expandWord(word, using()), {
    message: `failed to process ${JSON.stringify(word.slice(0, 200))}: unexpected end of statement while looking for matching double-quote`,
  });
});

test('quotes of a here-document are characters', () => {
  assert.equal(expandContent(`'$x' "$\{x#abc}" \\$x \\\\ $u\n`, using()), `'abcabc' "abc" $x \\ \n`);
});

test('another escape leaves backslashes alone', () => {
  const expansion = using(VALUES, { escape: '`' });
  assert.equal(expandWord('c:\\`$x\\"`"\\"', expansion), 'c:\\$x\\"\\');
  assert.equal(expandWord(`$\{star#a\`*}`, expansion), 'b');
});

test('names and values are bytes, letters beyond ASCII are letters', () => {
  const name = bytesOf('größe');
  assert.equal(expandWord(`$${name}\xff`, using({ [name]: '\xfe' })), '\xfe\xff');
  assert.equal(expandWord(`$x${bytesOf('…')}`, using({ x: 'a' })), `a${bytesOf('…')}`);
  assert.equal(expandWord(`$\{x#?}`, using({ x: bytesOf('äb') })), 'b');
  assert.equal(expandWord(`$\{x%?}`, using({ x: `b${bytesOf('ä')}` })), 'b');
});

test('whoever gives the values sees which were asked for', () => {
  const asked = new Set<string>();
  const env = (name: string) => void asked.add(name);
  expandWord(`$a $\{b:-$c} '$d' $\{e#$f}`, using({}, { env }));
  assert.deepEqual([...asked], ['a', 'b', 'c', 'e', 'f']);
});

test('SC-DOS-07: what variables bring in and what patterns cost is limited over a build', () => {
  const expansion = using({ big: 'a'.repeat(1 << 18) });
  for (let i = 0; i < 4; i++) expandWord('$big', expansion);
  assert.throws(() => expandWord('$big', expansion), { message: /more than 1048576 characters/ });
  const slow = using({ big: 'a'.repeat(1 << 18) });
  assert.throws(() => expandWord(`$\{big#*${'?a'.repeat(1000)}b}`, slow), { message: /take too long/ });
  assert.throws(() => expandWord(`$\{big//?/${'b'.repeat(100)}}`, using({ big: 'a'.repeat(1 << 18) })), {
    message: /more than 1048576 characters/,
  });
});

for (const [what, text] of [
  ['substitutions in substitutions', '$\u007bx:-'.repeat(100_000)],
  ['names of nothing', '$\u007b'.repeat(100_000)],
  ['quotes', `'"`.repeat(200_000)],
  ['a quote that is not closed', `"${'a'.repeat(400_000)}`],
  ['substitutions in quotes', `"$\u007bu:-`.repeat(100_000)],
  ['escapes', '\\'.repeat(400_001)],
  ['blanks', ' '.repeat(400_000)],
  ['replacements that do not end', '$\u007bx/a'.repeat(100_000)],
] as const)
  test(`SC-DOS-07: ${what} by the hundred thousand come to an end`, () => {
    try {
      expandWords(text, using());
      expandWord(text, using());
    } catch (error) {
      assert.equal((error as Error).name, 'InvalidArgument');
    }
  });

/** Words that a shell reads as a Dockerfile does. */
const part = fc.constantFrom(
  ...['a', 'b', '-', '/', '.', '$x', '$u', '"$p"', "'$x'", '\\$', '\\a', '"b c"', "'d  e'"],
  ...[
    'x:-d',
    'u:-d',
    'e:-d',
    'e-d',
    'x:+d',
    'e+d',
    'u+d',
    'p##*/',
    'p#*/',
    'p%.*',
    'p%%.*',
    'x#?b',
    'x%b?',
    'x%%b*',
    'u-"a}"',
    'e:-$x',
  ].map((inside) => `$\u007b${inside}}`),
);

test('words become what a shell makes of them', () => {
  const words = fc
    .sample(fc.array(part, { minLength: 1, maxLength: 8 }), { numRuns: 400, seed: 7 })
    .map((parts) => parts.join(''));
  const script = words.map((word) => `printf '%s\\0' "|"${word}"|"`).join('\n');
  const { stdout } = spawnSync('sh', ['-f', '-c', `x=abcabc e= p=/usr/lib/x.tar.gz IFS=\n${script}`], {
    encoding: 'latin1',
  });
  const wanted = stdout.split('\0').slice(0, -1);
  assert.deepEqual(
    words.map((word) => `|${expandWord(word, using())}|`),
    wanted,
  );
});

test('whatever a word has, it is expanded or refused', () => {
  const text = fc.string({
    unit: fc.constantFrom(...'$\u007b}:-+?#%/*\\\'"` ax_1\n\xc3\xa9\xff'),
    maxLength: 30,
  });
  fc.assert(
    fc.property(text, (word) => {
      for (const expand of [expandWord, expandWords, expandContent])
        try {
          expand(word, using());
        } catch (error) {
          assert.equal((error as Error).name, 'InvalidArgument', String((error as Error).stack));
        }
    }),
    { numRuns: 3000 },
  );
});
