/** How a command of a Dockerfile is told of, as the first engine's builder does. */
import { StringDecoder } from 'node:string_decoder';
import { shortId } from '../../../formats/digest.ts';
import { buildFailure } from '../../../model/failures/build.ts';
import { line } from '../../../model/progress.ts';
import type { Attachment, OutputChunk } from '../../processes/attachment.ts';
import { red, type Say } from '../output.ts';
import { type Ran, type RunDeps, type RunRequest, runCommand } from './container.ts';

/** @throws `build.commandFailed` with the command's status, and what containers throw */
export const runStep = (deps: RunDeps, request: RunRequest, say: Say, signal: AbortSignal): Promise<Ran> =>
  runCommand(
    deps,
    request,
    {
      async begun(container, warnings) {
        for (const warning of warnings) await say(line(` ---> [Warning] ${warning}`));
        await say(line(` ---> Running in ${shortId(container)}`));
      },
      wrote: (attachment) => tellOutput(attachment, say),
      failed: (status) => buildFailure.commandFailed({ words: request.config.Cmd ?? [], status }),
      ended: (container) => say(line(` ---> Removed intermediate container ${shortId(container)}`)),
    },
    signal,
  );

async function tellOutput({ output }: Attachment, say: Say): Promise<void> {
  const decoders = { stdout: new StringDecoder(), stderr: new StringDecoder() };
  const tell = async (stream: OutputChunk['stream'], text: string): Promise<void> => {
    if (text === '') return;
    await say({ stream: stream === 'stdout' ? text : red(text), isOutput: true });
  };
  for await (const { stream, bytes } of output ?? []) await tell(stream, decoders[stream].write(bytes));
  await tell('stdout', decoders.stdout.end());
  await tell('stderr', decoders.stderr.end());
}
