/** RUN: its command, perhaps in here-documents, and its flags. */
import type { ByteText } from '../tar/entry.ts';
import { oneOf, readFlags } from './flags.ts';
import { contentOf, markOf } from './heredocs.ts';
import type { RunInstruction, RunLine } from './instruction.ts';
import { commandLine } from './json-words.ts';
import { checkMount } from './mount.ts';
import type { Reading, Said } from './reading.ts';

/** What RUN says. @throws InvalidArgument */
export function readRun(reading: Reading): Omit<RunInstruction, 'is' | keyof Said> {
  const flags = readFlags(reading.flags, { mount: 'texts', network: 'text', security: 'text' });
  const mounts = flags.texts('mount');
  for (const mount of mounts) checkMount(mount);
  return {
    line: runLine(reading),
    mounts,
    network: oneOf('network', flags.text('network'), ['default', 'none', 'host']),
    security: oneOf('security', flags.text('security'), ['sandbox', 'insecure']),
  };
}

/**
 * One here-document and nothing else is itself the command. Among other words they are the shell's: it gets the lines
 * as they stand.
 */
function runLine({ rest, heredocs }: Reading): RunLine {
  const [first] = heredocs;
  if (!first) return commandLine(rest);
  if (markOf(rest)) {
    const text = contentOf(first);
    return first.content.startsWith('#!')
      ? { form: 'script', name: first.name, text }
      : { form: 'shell', line: text };
  }
  const bodies: ByteText[] = heredocs.map(({ content, name }) => content + name);
  return { form: 'shell', line: [rest, ...bodies].join('\n') };
}
