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
  ['type=cache,id=,mode=07777777', { type: 'cache', id: '', mode: 0o7777777, readOnly: false }],
  ['type=cache,mode=037777777777', { type: 'cache', mode: 0o37777777777, readOnly: false }],
  ['type=cache,uid=4294967295,gid=0', { type: 'cache', uid: 4_294_967_295, gid: 0, readOnly: false }],
  [
    'type=ssh,mode=600,uid=1,gid=2,required',
    { type: 'ssh', mode: 0o600, uid: 1, gid: 2, required: true, readOnly: true },
  ],
  ['type=secret,source=s,mode=0400', { type: 'secret', source: 's', mode: 0o400, readOnly: true }],
  ['type=secret,target=/t', { type: 'secret', target: '/t', readOnly: true }],
  ['type=tmpfs,size=1', { type: 'tmpfs', sizeBytes: 1, readOnly: false }],
  ['type=tmpfs,size=2 KiB', { type: 'tmpfs', sizeBytes: 2048, readOnly: false }],
  ['type=tmpfs,size=3MB', { type: 'tmpfs', sizeBytes: 3_145_728, readOnly: false }],
  ['type=tmpfs,size=4g', { type: 'tmpfs', sizeBytes: 4_294_967_296, readOnly: false }],
  ['type=tmpfs,size=1T', { type: 'tmpfs', sizeBytes: 2 ** 40, readOnly: false }],
  [
    'type=tmpfs,size=7.999999999p',
    { type: 'tmpfs', sizeBytes: Math.trunc(7.999999999 * 2 ** 50), readOnly: false },
  ],
  ['ro', { type: 'bind', readOnly: true }],
  ['readonly=F', { type: 'bind', readOnly: false }],
  ['rw', { type: 'bind', readOnly: false }],
  ['readwrite=0', { type: 'bind', readOnly: true }],
  ['type=tmpfs,ro=T', { type: 'tmpfs', readOnly: true }],
  ['target=/x, source=a', { type: 'bind', target: '/x', source: 'a', readOnly: true }],
  ['type=cache,sharing=SHARED', { type: 'cache', sharing: 'shared', readOnly: false }],
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
  ['type=cache,uid=42949672950', /invalid value "42949672950" for uid/],
  ['type=cache,uid=12345678901', /for uid/],
  ['type=cache,mode=0400000000000', /for mode/],
  ['type=cache,mode=0000000000777', /for mode/],
  ['type=cache,uid=1x', /for uid/],
  ['type=cache,gid=', /for gid/],
  ['type=tmpfs,size=', /invalid value for size: ""/],
  ['type=tmpfs,size=-1', /invalid value for size/],
  ['type=tmpfs,size=1x', /invalid value for size/],
  ['type=tmpfs,size=x1', /invalid value for size/],
  ['type=tmpfs,size=1  k', /invalid value for size/],
  ['type=tmpfs,size=8p', /invalid value for size/],
  ['type=tmpfs,size=1234567890123456', /invalid value for size/],
  ['type=tmpfs,size=1.0123456789', /invalid value for size/],
  ['type=bind,size=1', /size not allowed for "bind" type mounts/],
  ['type=ssh,sharing=shared', /sharing not allowed for "ssh" type mounts/],
  ['type=cache,env=A', /env not allowed for "cache" type mounts/],
  ['type=cache,required', /required not allowed for "cache" type mounts/],
  ['type=tmpfs,uid=1', /uid not allowed for "tmpfs" type mounts/],
  ['type=tmpfs,gid=1', /gid not allowed for "tmpfs" type mounts/],
  ['type=secret,target=,src=', /one of source, target required/],
  ['ro=truest', /invalid value for readonly: "truest"/],
  ['ro=untrue', /invalid value for readonly: "untrue"/],
  ['rw=falsely', /invalid value for readwrite: "falsely"/],
  ['rw=10', /invalid value for readwrite: "10"/],
  ['=x', /unexpected key ""/],
  ['a"b",c', /a quote is not where/],
  ['"a"b', /a quote is not where/],
  ['x'.repeat(150), /"x{100}" must be a key=value pair/],
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
  for (const text of ['from=$X,target=/x', 'target=/x,FROM=a$X', 'from=$X'])
    assert.throws(() => checkMount(text), { message: /'from' doesn't support variable expansion/ });
  for (const text of ['target=/x$y,id=from=$z', 'from=a,target=$x', 'from=a$,target=/x', 'xfrom=$x'])
    checkMount(text);
});
