/** Builds whose progress is compared. */
import type { Difference } from '../cli/scenes.ts';
import type { Member } from '../harness/layered.ts';
import { file } from '../harness/layered.ts';

/** One build, and what its client is told. */
export interface ProgressCase {
  readonly name: string;
  readonly dockerfile: string;
  readonly context?: readonly Member[];
  readonly argv?: readonly string[];
  readonly differences?: Readonly<Record<'rawjson' | 'plain', readonly Difference[]>>;
  /** It is built once before, and its steps are found in the cache. */
  readonly again?: boolean;
}

const a = file('a', 'a');

const why = 'Gantry warns by the rules of newer frontends';
const LINE = /^ {2}warns \(1\): .*\n/gm;
const WARNINGS: Difference = { why, gantry: [LINE, ''], dockerd: [LINE, ''] };
const LINES = /^ {2}WARN: .*\n|^ .*\d+ warnings? found .*\n(?:.* - .*\n)+/gm;
const PLAIN_WARNINGS: Difference = { why, gantry: [LINES, ''], dockerd: [LINES, ''] };

/** `REGISTRY` stands for one on a loopback port, which has `REGISTRY/base`. */
export const progressCases: readonly ProgressCase[] = [
  {
    name: 'steps of every kind',
    dockerfile: `FROM busybox
ARG who=me
ENV X=1 Y=$who
WORKDIR /w
COPY a .
ADD a b/
RUN echo hi
RUN ["echo", "two  words"]
RUN echo $who $X
USER 1
LABEL l=m
EXPOSE 80
CMD ["sh"]
`,
    context: [a],
  },
  {
    name: 'both streams, in pieces, without a line end',
    dockerfile: `FROM busybox
RUN echo out; printf 'no end'
RUN echo err >&2; printf 'no end' >&2
RUN for i in 1 2 3; do echo $i; done
RUN printf 'a\\rb\\n\\nc\\033[1mbold\\033[0m\\n'
`,
  },
  {
    name: 'stages on one another',
    dockerfile: `FROM busybox AS build
RUN echo made > /made
FROM busybox AS unused
RUN false
FROM scratch
COPY --from=build /made /
`,
  },
  {
    name: 'stages side by side',
    dockerfile: `FROM busybox AS one
RUN echo 1 > /one
FROM busybox AS two
RUN echo 2 > /two
FROM busybox
COPY --from=one /one /
COPY --from=two /two /
COPY --link a /
`,
    context: [a],
  },
  {
    name: 'steps that are in the cache',
    dockerfile: 'FROM busybox\nRUN echo cached > /c\nCOPY a /a\nFROM busybox\nCOPY --from=0 /c /a /\n',
    context: [a],
    again: true,
  },
  { name: 'the base alone', dockerfile: 'FROM busybox\nLABEL a=b\n' },
  { name: 'nothing below', dockerfile: 'FROM scratch\nCOPY a /\n', context: [a] },
  { name: 'a program that fails', dockerfile: 'FROM busybox\nRUN echo before; exit 7\nRUN echo never\n' },
  {
    name: 'one of two stages fails',
    dockerfile: 'FROM busybox AS one\nRUN echo on; exit 3\nFROM scratch\nCOPY --from=one / /\n',
  },
  { name: 'a copy of nothing', dockerfile: 'FROM busybox\nCOPY gone /\n', context: [a] },
  {
    name: 'a copy of nothing of a stage',
    dockerfile: 'FROM busybox AS b\nFROM scratch\nCOPY --from=b /gone /\n',
  },
  { name: 'an instruction that is none', dockerfile: 'FROM busybox\nRUM echo\n' },
  { name: 'a Dockerfile that is not there', dockerfile: '', argv: ['-f', 'CONTEXT/other'] },
  { name: 'a target that is not there', dockerfile: 'FROM busybox AS a\n', argv: ['--target=b'] },
  {
    name: 'a secret, and a mount of each kind',
    dockerfile: `FROM busybox AS from
FROM busybox
RUN --mount=type=secret,id=s cat /run/secrets/s
RUN --mount=target=/m --mount=from=from,target=/f --mount=type=cache,target=/c --mount=type=tmpfs,target=/t ls /m
`,
    context: [a],
    argv: ['--secret=id=s,src=CONTEXT/a'],
  },
  {
    name: 'a secret that is missing',
    dockerfile: 'FROM busybox\nRUN --mount=type=secret,id=s,required cat /run/secrets/s\n',
  },
  {
    name: 'a here-document',
    dockerfile: 'FROM busybox\nRUN <<EOF\necho 1\necho 2\nEOF\nCOPY <<x /x\ntext\nx\n',
  },
  {
    name: 'what is warned of',
    differences: { rawjson: [WARNINGS], plain: [PLAIN_WARNINGS] },
    dockerfile: 'FROM busybox\nMAINTAINER me\nENV a b\nCMD echo\nRUN echo \\\n\n  x\n',
  },
  {
    name: 'a file of the context that is left out',
    dockerfile: 'FROM busybox\nCOPY . /c\n',
    context: [a, file('b', 'b'), file('.dockerignore', 'b\n')],
  },
  {
    name: 'files alone',
    dockerfile: 'FROM scratch\nCOPY a /\n',
    context: [a],
    argv: ['--output=type=local,dest=CONTEXT/../out'],
  },
  {
    name: 'an archive',
    dockerfile: 'FROM scratch\nCOPY a /\n',
    context: [a],
    argv: ['--output=type=tar,dest=CONTEXT/../out.tar'],
  },
  {
    name: 'nothing is made of it',
    dockerfile: 'FROM scratch\nCOPY a /\n',
    context: [a],
    argv: ['--output=type=cacheonly'],
  },
  { name: 'a base of a registry', dockerfile: 'FROM REGISTRY/base:1\nRUN echo based\n' },
  { name: 'a base that its registry lacks', dockerfile: 'FROM REGISTRY/none:1\n' },
  { name: 'an archive of the web', dockerfile: 'FROM scratch\nADD http://REGISTRY/v2/ /answer\n' },
];
