/** Containers that write numbered lines for as long as the soak lasts: at its end every one of them must be in the log. */
import type { Client } from './client.ts';

/** Lines at once, so that a second has enough of them. */
const BURST = 20;

interface Writer {
  readonly id: string;
  readonly code: number;
  readonly isTerminal: boolean;
}

/** What they write, until /end is there. */
const SCRIPT = (code: number): string =>
  `i=0; while [ ! -e /end ]; do b=0; while [ $b -lt ${BURST} ]; do b=$((b+1)); i=$((i+1)); echo "out $i"; done; echo "err $i" >&2; sleep 0.2; done; echo "end $i"; exit ${code}`;

/** Starts one with each log driver that can be read back, and one with a terminal. */
export async function startWriters(client: Client): Promise<readonly Writer[]> {
  const kinds = [
    { driver: 'json-file', isTerminal: false, network: 'none' },
    { driver: 'json-file', isTerminal: false, network: 'bridge' },
    { driver: 'local', isTerminal: false, network: 'none' },
    { driver: 'json-file', isTerminal: true, network: 'none' },
  ];
  return Promise.all(
    kinds.map(async ({ driver, isTerminal, network }, index) => {
      const code = 40 + index;
      const id = await client.create(`${client.name}-writer-${index}`, {
        Image: 'busybox',
        Cmd: ['sh', '-c', SCRIPT(code)],
        Tty: isTerminal,
        HostConfig: { NetworkMode: network, LogConfig: { Type: driver } },
      });
      await client.start(id);
      return { id, code, isTerminal };
    }),
  );
}

/** Tells them to end, and looks whether each line is there once and in its place. */
export async function endWriters(client: Client, writers: readonly Writer[]): Promise<void> {
  for (const { id, code, isTerminal } of writers) {
    const { code: told } = await client.exec(id, ['touch', '/end']);
    if (told !== 0) client.ledger.wrongCodes.push(`touch in a writer ended with ${told}`);
    await client.endsWith(id, code);
    const have = isTerminal ? { stdout: await terminal(client, id), stderr: '' } : await client.logs(id);
    const wrote = Number(/end (\d+)\s*$/.exec(have.stdout)?.[1] ?? 0);
    if (wrote === 0) client.ledger.wrongStreams.push(`writer ${id} has no end`);
    const lines: string[] = [];
    const errors: string[] = [];
    for (let line = 1; line <= wrote; line++) {
      lines.push(`out ${line}\n`);
      if (line % BURST === 0) (isTerminal ? lines : errors).push(`err ${line}\n`);
    }
    lines.push(`end ${wrote}\n`);
    client.ledger.compare(`writer ${id} stdout`, lines.join(''), have.stdout);
    client.ledger.compare(`writer ${id} stderr`, errors.join(''), have.stderr);
    await client.remove(id);
  }
}

async function terminal(client: Client, id: string): Promise<string> {
  const answer = await client.settled('logs', [200, []], ['GET', `/containers/${id}/logs?stdout=1`]);
  return answer.text.replaceAll('\r\n', '\n');
}
