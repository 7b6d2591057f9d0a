/** ARG: defaults, scopes, what is told of those that count and of those that do not. */
import { type BuildCase, map } from '../build-case.ts';

export const arg: readonly BuildCase[] = [
  {
    name: 'ARG: with a default, without, overridden, empty',
    dockerfile: `FROM scratch
ARG a
ARG b=default
ARG c=default
ARG d=""
ARG e='x y'
LABEL a=$a b=$b c=$c d=$d e=$e f=\${a:-none}
`,
    query: { buildargs: map({ c: 'given', d: 'd' }) },
  },
  {
    name: 'ARG: several in one instruction',
    dockerfile: 'FROM scratch\nARG a=1 b c=$a\nLABEL a=$a b=$b c=$c\n',
    query: { buildargs: map({ b: '2' }) },
  },
  {
    name: 'ARG before FROM: in FROM, and again where it is declared again',
    dockerfile: `ARG base=busybox
ARG tag=latest
FROM \${base}:$tag
LABEL a=x$base b=x$tag
ARG tag
LABEL c=x$tag
ARG base=inner
LABEL d=$base
`,
  },
  {
    name: 'ARG: those of the client that nobody declared',
    dockerfile: 'FROM scratch\nARG a\nLABEL a=$a\n',
    query: { buildargs: map({ a: '1', z: '3' }) },
  },
  {
    name: 'ARG: what RUN sees and history tells',
    dockerfile: `FROM busybox
ARG a=1
ARG b
ARG c=3
ENV c=env
ARG HTTP_PROXY
ARG PATH
RUN env | grep -v ^HOSTNAME | sort
`,
    query: { buildargs: map({ a: 'x y', c: 'given', HTTP_PROXY: 'http://p', b: '2' }) },
  },
  {
    name: 'ARG: predefined ones without a declaration',
    dockerfile: 'FROM busybox\nRUN echo "$http_proxy $NO_PROXY"\nLABEL p=x$http_proxy\n',
    query: { buildargs: map({ http_proxy: 'http://p', NO_PROXY: 'n' }) },
  },
  {
    name: 'ARG: the environment comes first, whoever was before',
    dockerfile: `FROM scratch
ARG a=arg
ENV a=env
LABEL l1=$a
ARG a=again
LABEL l2=$a
`,
    query: { buildargs: map({ a: 'given' }) },
  },
  {
    name: 'ARG of one stage is unknown to the next',
    dockerfile: 'FROM busybox AS one\nARG a=1\nLABEL a=$a\nFROM one\nLABEL b=x$a\nARG a\nLABEL c=x$a\n',
  },
  {
    name: 'ARG: null leaves the default',
    dockerfile: 'FROM scratch\nARG a=1\nARG b\nLABEL a=$a b=x$b\n',
    query: { buildargs: map({ a: null, b: null }) },
  },
  { name: 'ARG without a name', dockerfile: 'FROM scratch\nARG\n', expect: 'refused' },
  { name: 'ARG with an empty name', dockerfile: 'FROM scratch\nARG =x\n', expect: 'refused' },
  {
    name: 'ARG: names with variables, dots and dashes',
    dockerfile: `FROM scratch\nARG n=name\nARG a.b-c=1\nARG v=\${n}x\nLABEL x=\${a} y=$v\n`,
  },
];
