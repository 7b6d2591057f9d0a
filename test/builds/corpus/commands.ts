/** RUN, CMD, ENTRYPOINT and SHELL: forms, what one does to the other, and what commands leave behind. */
import type { BuildCase } from '../build-case.ts';

export const commands: readonly BuildCase[] = [
  {
    name: 'CMD and ENTRYPOINT in both forms',
    dockerfile: `FROM busybox
CMD echo "hello $HOME"   world
ENTRYPOINT ["a", "b c", "\\"d\\"", "é", "<&>"]
CMD ["x"]
`,
  },
  {
    name: 'ENTRYPOINT takes an inherited CMD away, not one that was said',
    dockerfile:
      'FROM busybox AS one\nENTRYPOINT ["e"]\nFROM busybox\nCMD ["c"]\nENTRYPOINT e\nCOPY --from=one /etc/passwd /p\n',
  },
  {
    name: 'ENTRYPOINT of an image whose command is inherited',
    dockerfile: 'FROM entry-base\nENTRYPOINT ["other"]\n',
    bases: { 'entry-base': 'FROM busybox\nENTRYPOINT ["first"]\nCMD ["arg"]\n' },
  },
  {
    name: 'CMD and ENTRYPOINT with empty lists',
    dockerfile: 'FROM busybox\nENTRYPOINT ["e"]\nCMD []\nENTRYPOINT []\n',
  },
  { name: 'CMD and ENTRYPOINT with nothing at all', dockerfile: 'FROM busybox\nCMD\nENTRYPOINT\n' },
  {
    name: 'CMD: a list that is not quite one is a line for the shell',
    dockerfile: `FROM busybox
CMD ['a', 'b']
LABEL x=1
CMD [ "a" , "b" ] 
LABEL x=3
CMD ["a" "b"]
LABEL x=4
CMD ["a",]
`,
  },
  { name: 'CMD: a list with a number', dockerfile: 'FROM busybox\nCMD ["a", 1]\n', expect: 'refused' },
  {
    name: 'RUN in both forms, with the environment it gets',
    dockerfile: `FROM busybox
ENV a="1 2"
RUN echo $a "$a" > /shell
RUN ["/bin/sh", "-c", "echo $0 $a > /exec", "zero"]
RUN ["echo", "$a"]
`,
  },
  {
    name: 'RUN: what it changes is the layer',
    dockerfile: `FROM busybox
RUN mkdir -p /d/sub && echo 1 > /d/f && chmod 4711 /d/f && chown 5:6 /d && ln -s f /d/l && ln /d/f /d/h && mkfifo /d/p && touch /d/sub/old
RUN rm /d/f && rm -r /d/sub && mkdir /d/sub && touch /d/sub/new && chmod 700 /etc && mv /d/l /d/m
RUN rm -r /d && rm /bin/vi
RUN true
RUN touch -d '2001-02-03 04:05:06' /old && echo ü > /ü
`,
    expect: {
      differs: ['- layer 2 "d/sub/.wh..wh..opq" hides', '+ layer 2 "d/sub/.wh.old" hides'],
      why: 'a directory that was made anew hides by name what was there, which comes to the same',
    },
  },
  {
    name: 'RUN fails',
    dockerfile: 'FROM busybox\nRUN exit 7\n',
    expect: 'refused',
  },
  {
    name: 'RUN of what is not there',
    dockerfile: 'FROM busybox\nRUN ["/no/such", "x"]\n',
    expect: {
      refused: [
        /^ failed to create shim task: OCI runtime create failed: runc .*exec: "\/no\/such": stat \/no\/such: no such file or directory: unknown$/,
        ' failed to create task for container: OCI runtime create failed: exec: "/no/such": stat /no/such: no such file or directory',
      ],
    },
  },
  {
    name: 'RUN by a shell that is not there',
    dockerfile: 'FROM scratch\nRUN true\n',
    expect: {
      refused: [
        /exec: "\/bin\/sh": stat \/bin\/sh: no such file or directory: unknown$/,
        ' exec: "/bin/sh": no such file or directory: nothing was copied yet into the empty image',
      ],
    },
  },
  { name: 'RUN without a command', dockerfile: 'FROM busybox\nRUN\n', expect: 'refused' },
  {
    name: 'RUN goes by USER, WORKDIR and no ENTRYPOINT',
    dockerfile: `FROM busybox
RUN echo 'app:x:12:13::/home:/bin/sh' >> /etc/passwd
ENTRYPOINT ["/bin/false"]
CMD ["c"]
WORKDIR /tmp/w
USER app
RUN id; pwd; touch /tmp/mine 2>&1; exit 0
USER 0:7
RUN id && touch by-zero
`,
  },
  {
    name: 'RUN prints to both',
    dockerfile: 'FROM busybox\nRUN echo out; sleep 0.2; echo err >&2; sleep 0.2; printf unended\n',
  },
  {
    name: 'SHELL: for what follows, kept in the image',
    dockerfile: `FROM busybox
SHELL ["/bin/sh", "-e", "-c"]
RUN echo $- > /flags
CMD echo hi
SHELL ["/bin/busybox", "ash", "-uc"]
ENTRYPOINT echo entry
RUN echo $-
HEALTHCHECK CMD true
`,
  },
  {
    name: 'SHELL of a base is taken over',
    dockerfile: 'FROM shell-base\nRUN echo $-\nCMD x\n',
    bases: { 'shell-base': 'FROM busybox\nSHELL ["/bin/sh", "-uc"]\n' },
  },
  {
    name: 'SHELL as a line',
    dockerfile: 'FROM busybox\nSHELL /bin/sh -c\n',
    expect: {
      refused: [
        '400 dockerfile parse error line 2: SHELL requires the arguments to be in JSON form',
        '400 dockerfile parse error line 2: SHELL requires the arguments to be in JSON form: SHELL /bin/sh -c is not SHELL ["program", "argument"]',
      ],
    },
  },
  { name: 'SHELL without anything', dockerfile: 'FROM busybox\nSHELL []\nRUN x\n', expect: 'refused' },
  {
    name: 'RUN: variables are the shell’s, also where the builder knows them',
    dockerfile: `FROM busybox\nARG a=1\nENV b=2\nRUN b=3; a=4; echo "$a $b \${c:-5} $$x" | sed "s/[0-9]*x/x/"\n`,
  },
];
