/** Here-documents and mounts, which dockerd’s classic builder has not: Gantry alone. */
import { directory, file } from '../../harness/layered.ts';
import type { BuildCase } from '../build-case.ts';

const WHY = 'here-documents came with BuildKit';
const MOUNTS = 'mounts came with BuildKit';

export const heredocs: readonly BuildCase[] = [
  {
    name: 'a here-document that RUN gives to the shell',
    dockerfile: `FROM busybox
ENV a=env
RUN <<EOF
echo "one $a" > /one
b=two
echo $b > /two
EOF
RUN cat <<A - <<-'B' > /both || true
first $a
A
	second $a
B
`,
    expect: {
      alone: [
        /^layer 1 "one" file 644 0:0 8 "one env\\n" new$/,
        /^layer 1 "two" file 644 0:0 4 "two\\n" new$/,
        /^layer 2 "both" file 644 0:0 \d+ /,
      ],
      why: WHY,
    },
  },
  {
    name: 'a here-document that is a program',
    dockerfile: 'FROM busybox\nRUN <<E\n#!/usr/bin/awk -f\nBEGIN { print "awk" > "/by" }\nE\n',
    expect: { alone: [/^layer 1 "by" file 644 0:0 4 "awk\\n" new$/], why: WHY },
  },
  {
    name: 'here-documents that COPY and ADD make files of',
    dockerfile: `FROM busybox
ARG v=value
COPY <<one <<"two" /d/
v is $v, \\$v and \${v}
one
v is $v
two
COPY --chmod=700 --chown=4:5 <<-E /named
	tabs
	  stay away
E
ADD <<E /added
x
E
`,
    expect: {
      alone: [
        /^layer 1 "d\/one" file 644 0:0 \d+ "v is value, \$v and value\\n"/,
        /^layer 1 "d\/two" file 644 0:0 8 "v is \$v\\n"/,
        /^layer 2 "named" file 700 4:5 \d+ "tabs\\n {2}stay away\\n"/,
        /^layer 3 "added" file 644 0:0 2 "x\\n"/,
      ],
      why: WHY,
    },
  },
  {
    name: 'a here-document beside a file of the context',
    dockerfile: 'FROM busybox\nCOPY f <<G /d/\ng\nG\n',
    context: [file('f', 'f')],
    expect: { alone: [/^layer 1 "d\/f" file 644/, /^layer 1 "d\/G" file 644/], why: WHY },
  },
  {
    name: 'a here-document that does not end',
    dockerfile: 'FROM busybox\nRUN <<EOF\necho\n',
    expect: { refusedAlone: /unterminated heredoc/, why: WHY },
  },
  {
    name: 'RUN --mount of the context, a stage, a cache and memory',
    dockerfile: `FROM busybox AS made
RUN mkdir /m && echo made > /m/f
FROM busybox
RUN --mount=target=/ctx --mount=type=bind,from=made,source=/m,target=/made \\
  --mount=type=cache,target=/cache,mode=0700,uid=3 --mount=type=tmpfs,target=/mem \\
  cat /ctx/d/f /made/f > /out && echo kept > /cache/k && echo x > /mem/x && stat -c '%a %u' /cache > /told
RUN --mount=type=cache,target=/cache cat /cache/k > /k
`,
    context: [directory('d'), file('d/f', 'context\n')],
    expect: {
      alone: [
        /^layer 1 "out" file 644 0:0 13 "context\\nmade\\n" new$/,
        /^layer 1 "told" file 644 0:0 6 "700 3\\n" new$/,
        /^layer 2 "k" file 644 0:0 5 "kept\\n" new$/,
      ],
      why: MOUNTS,
    },
  },
  {
    name: 'RUN --mount of a secret that is required',
    dockerfile: 'FROM busybox\nRUN --mount=type=secret,id=s,required=true true\n',
    expect: { refusedAlone: /secret "s" is required/, why: MOUNTS },
  },
  {
    name: 'RUN --network=none',
    dockerfile: 'FROM busybox\nRUN --network=none ls /sys/class/net > /nets\n',
    expect: { alone: [/^layer 1 "nets" file 644 0:0 \d+ "lo\\n/], why: 'a flag of BuildKit' },
  },
];
