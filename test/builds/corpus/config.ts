/** The instructions that only change the configuration: LABEL, EXPOSE, VOLUME, USER, WORKDIR, STOPSIGNAL, MAINTAINER. */
import { type BuildCase, map } from '../build-case.ts';

export const config: readonly BuildCase[] = [
  {
    name: 'LABEL: forms, quotes, variables, order',
    dockerfile: `FROM busybox
ENV v=value
LABEL a b c
LABEL "key with blank"="x" b.c-d="\${v}" e='$v' f=$v$v g=
LABEL z=1 a=2 multi="line \\
continued" h="tab	in"
LABEL a="<&>é 日本" k$v=1
`,
  },
  { name: 'LABEL without a name', dockerfile: 'FROM busybox\nLABEL =x\n', expect: 'refused' },
  {
    name: 'labels of the client come last, sorted',
    dockerfile: 'FROM busybox\nLABEL a=file b=file\n',
    query: { labels: map({ z: '1', b: 'client $x', m: '' }) },
  },
  {
    name: 'EXPOSE: ports, ranges, protocols, variables',
    dockerfile: `FROM busybox
ENV p=90 q="91 92/udp"
EXPOSE 80 443/tcp 53/udp 1000-1002
EXPOSE $p \${q} 7/SCTP 80
EXPOSE 5000-5001/udp
`,
  },
  {
    name: 'EXPOSE of a port that is none',
    dockerfile: 'FROM busybox\nEXPOSE 70000\n',
    expect: { refused: [' Invalid containerPort: 70000', ' invalid containerPort: 70000'] },
  },
  {
    name: 'EXPOSE of a word',
    dockerfile: 'FROM busybox\nEXPOSE http\n',
    expect: { refused: [' Invalid containerPort: http', ' invalid containerPort: http'] },
  },
  {
    name: 'EXPOSE of an unknown protocol',
    dockerfile: 'FROM busybox\nEXPOSE 80/foo\n',
    expect: { refused: [' Invalid proto: foo', ' invalid containerPort: 80/foo'] },
  },
  { name: 'EXPOSE onto another port', dockerfile: 'FROM busybox\nEXPOSE 1.2.3.4:80:90\n' },
  { name: 'EXPOSE without a port', dockerfile: 'FROM busybox\nEXPOSE\n', expect: 'refused' },
  {
    name: 'VOLUME: forms, variables, blanks',
    dockerfile: `FROM busybox
ENV v=/var/v
VOLUME /a /b
VOLUME ["/c d", "$v", "rel"]
VOLUME /a/ $v/x
`,
  },
  {
    name: 'VOLUME: what RUN and COPY put there later',
    dockerfile: `FROM busybox
RUN mkdir /v && echo before > /v/before
VOLUME /v
RUN echo lost > /v/lost && cat /v/before
COPY Dockerfile /v/copied
RUN ls /v
`,
  },
  { name: 'VOLUME with an empty path', dockerfile: 'FROM busybox\nVOLUME [""]\n', expect: 'refused' },
  { name: 'VOLUME without a path', dockerfile: 'FROM busybox\nVOLUME\n', expect: 'refused' },
  {
    name: 'USER: names, numbers, variables, whether they exist or not',
    dockerfile: `FROM busybox\nENV u=me\nUSER nobody\nUSER 1000:1000\nUSER \${u}:$u\n`,
  },
  { name: 'USER with two words', dockerfile: 'FROM busybox\nUSER a b\n' },
  { name: 'USER without a name', dockerfile: 'FROM busybox\nUSER\n', expect: 'refused' },
  {
    name: 'WORKDIR: relative ones, dots, variables, slashes at the end',
    dockerfile: `FROM busybox
WORKDIR rel
WORKDIR /a/b/
WORKDIR c/./d/..
ENV x=in y="two words"
WORKDIR $x/y
WORKDIR ../..
WORKDIR /q/$y
WORKDIR "/quoted"
WORKDIR //two//slashes
`,
    expect: {
      differs: [
        '- ContainerConfig.WorkingDir = "/two/slashes"',
        '+ ContainerConfig.WorkingDir = "//two//slashes"',
      ],
      why: 'dockerd cleans the path of the container that stands for the step; the image’s own is the same',
    },
  },
  {
    name: 'WORKDIR: a link, what is there, and somebody else’s',
    dockerfile: `FROM busybox
RUN mkdir -p /real && chown 5:6 /real && chmod 700 /real && ln -s /real /link && ln -s /nowhere/made /gone
USER 5
WORKDIR /link
RUN pwd; id -u
WORKDIR sub
COPY Dockerfile .
WORKDIR /etc
`,
  },
  { name: 'WORKDIR onto a file', dockerfile: 'FROM busybox\nWORKDIR /etc/passwd\n', expect: 'refused' },
  { name: 'WORKDIR with nothing', dockerfile: 'FROM busybox\nWORKDIR\n', expect: 'refused' },
  {
    name: 'WORKDIR with a blank path',
    dockerfile: 'FROM busybox\nWORKDIR ""\n',
    expect: {
      refused: [' cannot normalize nothing', ' cannot normalize nothing: WORKDIR names no directory'],
    },
  },
  {
    name: 'STOPSIGNAL: names and numbers',
    dockerfile:
      'FROM busybox\nENV s=USR1\nSTOPSIGNAL SIGKILL\nSTOPSIGNAL 9\nSTOPSIGNAL term\nSTOPSIGNAL SIG$s\n',
  },
  { name: 'STOPSIGNAL of no signal', dockerfile: 'FROM busybox\nSTOPSIGNAL NOPE\n', expect: 'refused' },
  { name: 'STOPSIGNAL of 0', dockerfile: 'FROM busybox\nSTOPSIGNAL 0\n', expect: 'refused' },
  {
    name: 'MAINTAINER: the author of what follows',
    dockerfile:
      'FROM busybox\nLABEL a=1\nMAINTAINER Jane  "Q" <j@x>  $a\nLABEL b=2\nMAINTAINER other\nLABEL c=3\n',
  },
  { name: 'MAINTAINER of nobody', dockerfile: 'FROM busybox\nMAINTAINER\n', expect: 'refused' },
  {
    name: 'MAINTAINER of a base',
    dockerfile: 'FROM author-base\nLABEL b=1\n',
    bases: { 'author-base': 'FROM busybox\nMAINTAINER base\n' },
  },
];
