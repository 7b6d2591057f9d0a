/** What a Dockerfile costs to read, whatever it has by the hundred thousand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDockerfile } from './parse.ts';

/** Each of about so many characters. */
const hostile: readonly (readonly [string, (size: number) => string])[] = [
  ['blanks', (size) => `RUN${' '.repeat(size)}x`],
  ['blanks behind words', (size) => `ENV a=b${' '.repeat(size)}`],
  ['continuations', (size) => `RUN a${'\\\n'.repeat(size / 2)}b`],
  ['escapes that continue nothing', (size) => `RUN ${`\\${' '.repeat(99)}x`.repeat(size / 100)}`],
  ['comments among continuations', (size) => `RUN a\\\n${'#\n'.repeat(size / 2)}b`],
  ['a quote that is not closed', (size) => `ENV a="${'b'.repeat(size)}`],
  ['quotes in quotes', (size) => `ENV a=${`'"`.repeat(size / 2)}`],
  ['lists in lists', (size) => `CMD ${'['.repeat(size)}`],
  ['lists that are closed', (size) => `CMD ${'['.repeat(size / 2)}${']'.repeat(size / 2)}`],
  ['escapes of JSON', (size) => `CMD ["${'\\u00e9'.repeat(size / 6)}"]`],
  ['flags', (size) => `COPY ${'--exclude=a '.repeat(size / 12)} a b`],
  ['here-documents that do not end', (size) => `RUN ${'<<A '.repeat(size / 4)}`],
  ['marks before a quote', (size) => `RUN ${'<<A '.repeat(size / 4)}"`],
  ['arithmetic that does not end', (size) => `RUN <<A ${'$(('.repeat(size / 3)}\nA`],
  ['lines of a here-document', (size) => `RUN <<-A\n${'\t\n'.repeat(size / 2)}A`],
  ['instructions', (size) => 'USER a\n'.repeat(size / 7)],
  ['fields of a mount', (size) => `RUN --mount=${'target=a,'.repeat(size / 9)} x`],
  ['a field in quotes', (size) => `RUN --mount='"${'"'.repeat(size)}' x`],
  ['a directive', (size) => `#${' '.repeat(size)}escape${' '.repeat(size)}x`],
];
for (const [what, text] of hostile)
  test(`SC-DOS-07: ${what} by the hundred thousand are read or refused with the ease of a few`, () => {
    const cost = (size: number): number => {
      const before = process.cpuUsage();
      try {
        parseDockerfile(what === 'a directive' ? text(size) : `FROM a\n${text(size)}`, 'D');
      } catch (error) {
        assert.equal((error as Error).name, 'InvalidArgument');
      }
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    };
    cost(50_000);
    const small = cost(50_000);
    const large = cost(400_000);
    assert.ok(large < 16 * small + 200, `${large} ms for eight times what took ${small} ms`);
  });
