import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkMount, mountOf } from './mount.ts';

const same = (text: string): string => text;

for (const [text, wanted] of [
  ['target=/x', { type: 'bind', target: '/x', readOnly: true }],
  [
    'type=bind,src=a,dst=/x,from=base,rw',
    { type: 'bind', source: 'a', target: '/x', from: 'base', readOnly: false },
  ],
  ['TYPE=Cache,destination=/x', { type: 'cache', target: '/x', readOnly: false }],
  [
    'type=cache,target=/x,id=a,sharing=locked,mode=0755,uid=1,gid=2,ro=true',
    { type: 'cache', target: '/x', id: 'a', sharing: 'locked', mode: 0o755, uid: 1, gid: 2, readOnly: true },
  ],
  ['type=tmpfs,target=/x,size=1.5m', { type: 'tmpfs', target: '/x', sizeBytes: 1_572_864, readOnly: false }],
  ['type=secret,id=a,required,env=A', { type: 'secret', id: 'a', required: true, env: 'A', readOnly: true }],
  ['type=ssh,required=false', { type: 'ssh', readOnly: true }],
  ['type=cache,"target=/x,""y"""', { type: 'cache', target: '/x,"y"', readOnly: false }],
] as const)
  test(`${text} is a mount`, () => assert.deepEqual(mountOf(text, same), { required: false, ...wanted }));

for (const [text, why] of [
  ['type=cahce', /unsupported type "cahce" \(did you mean cache\?\)/],
  ['type=cache,shaering=locked', /unexpected key "shaering" \(did you mean sharing\?\)/],
  ['type=cache,sharing=alone', /unsupported sharing "alone"/],
  ['target', /"target" must be a key=value pair/],
  ['constructor=x', /unexpected key "constructor"/],
  ['type=bind,mode=1', /mode not allowed for "bind" type mounts/],
  ['type=cache,size=1', /size not allowed for "cache" type mounts/],
  ['type=tmpfs,size=much', /invalid value for size: "much"/],
  ['type=cache,uid=-1', /invalid value "-1" for uid/],
  ['type=cache,uid=4294967296', /invalid value "4294967296" for uid/],
  ['type=cache,mode=9', /invalid value "9" for mode/],
  ['ro=maybe', /invalid value for readonly: "maybe"/],
  ['type=secret', /one of source, target required/],
  ['type=secret,id=a,from=b', /secret mount should not have a from/],
  ['type=secret,id=a,src=b', /both source and id can't be set/],
  ['tar"get=x', /a quote is not where a field begins or ends/],
  ['"target=x', /a quote is not where a field begins or ends/],
] as const)
  test(`${text} is refused`, () =>
    assert.throws(() => checkMount(text), { name: 'InvalidArgument', message: why }));

test('values are expanded when it is read, and from cannot be', () => {
  const expand = (value: string) => value.replace('$T', 'cache').replace('$U', '7');
  assert.deepEqual(mountOf('type=$T,target=/x,uid=$U', expand).uid, 7);
  checkMount('type=$T,uid=$U');
  assert.throws(() => checkMount('from=$X,target=/x'), {
    message: /'from' doesn't support variable expansion/,
  });
});
