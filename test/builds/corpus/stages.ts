/** FROM: stages, their names and numbers, what is copied from one into another, targets. */
import { directory, file } from '../../harness/layered.ts';
import type { BuildCase } from '../build-case.ts';

/** Gantry refuses it before anything is done, so with a status; dockerd when it comes there. */
const before = (words: string): { readonly refused: readonly [string, string] } => ({
  refused: [words, `400${words}`],
});

export const stages: readonly BuildCase[] = [
  {
    name: 'FROM … AS: by name, by number, of an image, and on one another',
    dockerfile: `FROM busybox AS first
RUN mkdir /out && echo 1 > /out/f && chown 3:4 /out/f && chmod 600 /out/f && ln -s f /out/l
ENV a=first
FROM first as Second
RUN echo 2 > /out/g
FROM scratch
COPY --from=second /out /o
COPY --from=0 /out/f /zero/
COPY --from=busybox:latest /etc/group /g
COPY --from=FIRST --chown=9 out/l /l/
`,
  },
  {
    name: 'FROM: the configuration of a stage goes on in one on it',
    dockerfile: `FROM busybox AS a
ENV e=1
LABEL l=1
USER 5
WORKDIR /w
CMD ["a"]
EXPOSE 80
MAINTAINER me
FROM a
LABEL m=$e
`,
  },
  {
    name: 'COPY --from: times, owners, modes, hard links and large files',
    dockerfile: `FROM busybox AS a
RUN mkdir -p /t/e && touch -d '2001-01-01 00:00:00' /t/old && ln /t/old /t/hard && chown -R 8:9 /t && chmod 2750 /t/e && head -c 200000 /dev/zero > /t/big && chmod 4755 /t/old && touch -d '2002-02-02 00:00:00' /t/e
FROM busybox
COPY --from=a /t /new
COPY --from=a --chown=1:1 /t /owned/
COPY --from=a /t/o* /p/
`,
  },
  {
    name: 'FROM alone',
    dockerfile: 'FROM busybox\n',
  },
  {
    name: 'FROM: stages that nobody needs',
    dockerfile: 'FROM busybox AS unused\nRUN echo unused\nFROM busybox\nLABEL a=1\n',
    expect: {
      differs: [
        '- said Step 1/4 : FROM busybox AS unused',
        '- said Step 2/4 : RUN echo unused',
        '- said unused',
        '- said Step 3/4 : FROM busybox',
        '- said Step 4/4 : LABEL a=1',
        '+ said Step 1/2 : FROM busybox',
        '+ said Step 2/2 : LABEL a=1',
      ],
      why: 'stages that nobody needs are not built',
    },
  },
  {
    name: 'target: a stage by its name, in any case',
    dockerfile: 'FROM busybox AS one\nLABEL s=1\nFROM one AS two\nLABEL s=2\nFROM two\nLABEL s=3\n',
    query: { target: 'TWO' },
  },
  {
    name: 'target: a stage by its number',
    dockerfile: 'FROM busybox\nLABEL s=1\nFROM busybox\nLABEL s=2\n',
    query: { target: '0' },
    expect: { alone: ['Config.Labels.s = "1"'], why: 'BuildKit takes a number, dockerd names alone' },
  },
  {
    name: 'target: none of that name',
    dockerfile: 'FROM busybox AS a\n',
    query: { target: 'b' },
    expect: 'refused',
  },
  {
    name: 'COPY --from a number that is none',
    dockerfile: 'FROM busybox\nCOPY --from=3 /etc /x\n',
    expect: before(' invalid from flag value 3: index out of bounds'),
  },
  {
    name: 'COPY --from: what is not there',
    dockerfile: 'FROM busybox AS a\nFROM busybox\nCOPY --from=a /nothing /x\n',
    expect: 'refused',
  },
  { name: 'FROM … AS a name that is none', dockerfile: 'FROM busybox AS 1a\n', expect: 'refused' },
  {
    name: 'FROM with a word too many',
    dockerfile: 'FROM busybox as\n',
    expect: {
      refused: [
        '400 dockerfile parse error line 1: FROM requires either one or three arguments',
        '400 dockerfile parse error line 1: FROM requires either one or three arguments: FROM image, or FROM image AS name',
      ],
    },
  },
  {
    name: 'FROM with an empty variable',
    dockerfile: 'ARG x\nFROM $x\n',
    expect: before(' base name ($x) should not be blank'),
  },
  {
    name: 'FROM a name that is none',
    dockerfile: 'FROM BusyBox\n',
    expect: {
      refused: [
        ' invalid reference format: repository name must be lowercase',
        ' invalid reference format: repository name (library/BusyBox) must be lowercase',
      ],
    },
  },
  {
    name: 'an instruction before FROM',
    dockerfile: 'LABEL a=1\nFROM busybox\n',
    expect: {
      refused: [
        '400 no build stage in current context',
        '400 dockerfile parse error line 1: no build stage in current context: LABEL stands before the first FROM, where only ARG may',
      ],
    },
  },
  {
    name: 'a Dockerfile without FROM',
    dockerfile: 'ARG a\n',
    expect: { refused: ['aborted', '500 No image was generated. Is your Dockerfile empty?'] },
  },
  { name: 'FROM scratch alone', dockerfile: 'FROM scratch\n', expect: 'refused' },
  {
    name: 'two stages of one name',
    dockerfile: 'FROM busybox AS a\nFROM busybox AS A\n',
    expect: before(' a stage name already used'),
  },
  {
    name: 'COPY --from a stage whose name is like a number of another',
    dockerfile:
      'FROM busybox AS b0\nRUN echo 1 > /f\nFROM busybox AS b\nCOPY --from=b0 /f /g\nFROM b\nCOPY --from=1 /g /h\n',
  },
  {
    name: 'a stage in the place of an image of the same name',
    dockerfile: 'FROM busybox AS busybox\nLABEL l=stage\nFROM busybox\nLABEL m=1\n',
  },
  {
    name: 'COPY --from with links, patterns and the whole root',
    dockerfile: `FROM busybox AS a
RUN mkdir -p /r/d && echo x > /r/d/x && ln -s /r/d /r/abs && ln -s d/x /r/rel && ln -s ../../../r/d /r/up
FROM scratch AS b
COPY --from=a /r/abs /abs/
COPY --from=a /r/rel /rel
COPY --from=a /r/up/x /up
COPY --from=a /r/* /all/
FROM scratch
COPY --from=b / /
`,
  },
  {
    name: 'squash: one layer on the base',
    dockerfile: 'FROM busybox\nRUN echo 1 > /f && echo 2 > /g\nRUN rm /f\nCOPY d /d\nLABEL a=1\n',
    context: [directory('d'), file('d/x', 'x')],
    query: { squash: '1' },
    expect: { alone: [/^layer 1 "d\/x" file/, /^history/], why: 'dockerd squashes only as an experiment' },
  },
];
