/** Images that leave and come as archives: save, load, import. */
import { once } from 'node:events';
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { file, loadLayered, tarOf } from '../harness/layered.ts';
import { playScenes, type Scene, type Stage } from './scenes.ts';
import { tidy } from './tidy.ts';

const load = (stage: Stage, tag: string): Promise<void> =>
  loadLayered(stage.engine.api(), tag, [file(tag.replace(/\W/g, '-'), tag.repeat(1000))], { User: '7' });

/** The first engine goes through several images in no order. */
async function sorted(stage: Stage, argv: readonly string[]): Promise<void> {
  const { stdout, stderr, code } = await stage.quietly(argv);
  stage.see(`$ docker ${argv.join(' ')}\n${stdout.split('\n').sort().join('\n')}${stderr}[${code}]`);
}

const KNOWN = '{{.Id}} {{.RepoTags}} {{.RootFS.Layers}} {{.Config.User}} {{.Architecture}} {{.Comment}}';

const scenes: readonly Scene[] = [
  {
    title: 'images are saved to a file and loaded again, by name and by id',
    play: tidy(async (stage) => {
      const at = (name: string) => join(stage.directory(), name);
      for (const tag of ['one:1', 'two:1']) await load(stage, tag);
      await stage.all(
        'tag one:1 one:2',
        `save -o ${at('a')} one:1`,
        'rmi -f one:1 one:2',
        `load -i ${at('a')}`,
      );
      await stage.all(`inspect -f ${KNOWN.replaceAll(' ', '|')} one:1`, 'history --no-trunc one:1');
      await stage.quietly(['tag', 'one:1', 'one:2']);
      await stage.all(`save -o ${at('b')} one two:1`);
      await stage.quietly(['rmi', 'one:1', 'one:2', 'two:1']);
      await sorted(stage, ['load', '-q', '-i', at('b')]);
      const { stdout } = await stage.quietly(['inspect', '-f', '{{.Id}}', 'two:1']);
      await stage.all(`save -o ${at('c')} ${stdout.trim()}`, 'rmi -f two:1', `load -i ${at('c')}`);
      await stage.quietly(['tag', 'busybox', 'one:1']);
      await stage.run(['load', '-i', at('a')]);
      await stage.run(['load'], { input: createReadStream(at('a')) });
    }),
  },
  {
    title: 'what is not there cannot be saved or loaded',
    play: tidy(async (stage) => {
      const at = (name: string) => join(stage.directory(), name);
      writeFileSync(at('text'), 'no archive at all '.repeat(100));
      writeFileSync(at('empty'), tarOf([]));
      await stage.all(
        `save -o ${at('x')} nosuch`,
        `save -o ${at('x')} nosuch:1`,
        'save',
        `load -i ${at('none')}`,
      );
      await stage.all(`load -i ${at('text')}`, `load -i ${at('empty')}`);
    }),
    differences: [
      {
        why: 'a name without a tag is told with the one that is meant, as newer engines do',
        gantry: [/No such image: nosuch:latest/, 'No such image: nosuch'],
      },
      {
        why: 'newer engines say which image there is not',
        gantry: [/No such image: nosuch:1/, 'reference does not exist'],
      },
      {
        why: 'no program of the engine’s own is told of',
        dockerd: [/! Error processing tar file\(.*?\): /, '! '],
      },
      {
        why: "no path of the engine's own is told",
        gantry: [/! invalid archive: it has neither .*/, '! <nothing in it>'],
        dockerd: [/! open .*docker-import-\d+\/repositories: no such file or directory/, '! <nothing in it>'],
      },
    ],
  },
  {
    title: 'a root file system is imported from a file, from stdin and from the web',
    play: tidy(async (stage) => {
      const tar = join(stage.directory(), 'rootfs.tar');
      writeFileSync(tar, tarOf([file('hello', 'x')]));
      await stage.run(['import', '-m', 'by hand', '-c', 'CMD ["x"]', '-c', 'ENV A=1 B="2 3"', tar, 'made:1']);
      await stage.run(['inspect', '-f', `${KNOWN}{{.Config.Cmd}}{{.Config.Env}}`, 'made:1']);
      await stage.all('history made:1');
      await stage.run(['import', '-', 'made:2'], { input: createReadStream(tar) });
      await stage.run(['import', '-c', 'RUN x', tar, 'made:3']);
      await stage.run(['import', tar, 'UPPER:3']);
      const server = createServer((request, response) =>
        request.url === '/rootfs.tar' ? response.end(readFileSync(tar)) : response.writeHead(404).end(),
      );
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      try {
        for (const argv of [
          ['import', `${base}/rootfs.tar`, 'made:4'],
          ['import', `${base}/missing`, 'made:5'],
        ]) {
          const { stdout, stderr, code } = await stage.quietly(argv);
          stage.see(`${stdout}${stderr}[${code}]`.replaceAll(base, 'http://server'));
        }
      } finally {
        server.closeAllConnections();
        server.close();
      }
      await sorted(stage, ['images', '--format', '{{.Repository}}:{{.Tag}} {{.Size}}', 'made']);
    }),
    differences: [
      {
        why: 'newer engines tell an instruction as it was written',
        gantry: [/RUN is not a valid/, 'run is not a valid'],
      },
      {
        why: 'of a page that is none nothing is told but its status',
        dockerd: [/404 Not Found:\s*\[/, '404 Not Found\n['],
      },
    ],
  },
];

playScenes(scenes);
