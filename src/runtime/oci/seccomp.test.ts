import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSeccomp, seccompFrom } from './seccomp.ts';

const profile = (more: object) => JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', ...more });

test('rules of a profile hold with their capabilities, machine and kernel only', () => {
  const source = parseSeccomp(
    profile({
      archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
      syscalls: [
        { names: ['always'], action: 'SCMP_ACT_ERRNO', includes: {}, excludes: {} },
        { name: 'old-spelling', action: 'SCMP_ACT_ERRNO', errnoRet: 1 },
        { names: ['with-admin'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
        { names: ['without-admin'], action: 'SCMP_ACT_ERRNO', excludes: { caps: ['CAP_SYS_ADMIN'] } },
        { names: ['arm'], action: 'SCMP_ACT_ALLOW', includes: { arches: ['arm64'] } },
        { names: ['future'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '99.0' } },
        { names: ['past'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '3.10' } },
      ],
    }),
  );
  const names = (capabilities: string[], machine: string) =>
    seccompFrom(source, capabilities, machine).syscalls?.flatMap((rule) => rule.names);
  assert.deepEqual(names([], 'x64'), ['always', 'old-spelling', 'without-admin', 'past']);
  assert.deepEqual(names(['CAP_SYS_ADMIN'], 'arm64'), [
    'always',
    'old-spelling',
    'with-admin',
    'arm',
    'past',
  ]);
  assert.deepEqual(seccompFrom(source, [], 'x64').architectures, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86']);
});

for (const [what, text] of [
  ['no JSON', '{'],
  ['a list', '[]'],
  ['without a default action', '{}'],
  ['with both lists of machines', profile({ architectures: ['a'], archMap: [{ architecture: 'a' }] })],
  ['with a rule for nothing', profile({ syscalls: [{ action: 'SCMP_ACT_ALLOW' }] })],
  ['with null for a rule', profile({ syscalls: [null] })],
  ['with both names', profile({ syscalls: [{ name: 'a', names: ['b'], action: 'SCMP_ACT_ALLOW' }] })],
] as const)
  test(`a profile ${what} is refused`, () =>
    assert.throws(() => parseSeccomp(text), {
      name: 'InvalidArgument',
      message: /^Decoding seccomp profile failed/,
    }));
