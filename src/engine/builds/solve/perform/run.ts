/** RUN in BuildKit's manner: a command in a container that nobody sees, with what its mounts bring. */
import { EngineError, inContext } from '../../../../base/errors.ts';
import type { ContainerConfig } from '../../../../model/config.ts';
import { vertexContext, vertexFailure } from '../../../../model/failures/vertex.ts';
import type { HostConfig } from '../../../../model/host-config.ts';
import type { Digest } from '../../../../storage/index.ts';
import type { Attachment } from '../../../processes/attachment.ts';
import type { Say } from '../../output.ts';
import { type RunRequest, type RunVoice, runCommand } from '../../perform/container.ts';
import { tidyUp } from '../../perform/tidy.ts';
import type { RunNode } from '../plan/nodes.ts';
import { type MadeMounts, mountsFor } from './mounts.ts';
import { beginning, once } from './once.ts';
import type { Made, Solving } from './solving.ts';

/** As BuildKit's containers are called. */
const HOSTNAME = 'buildkitsandbox';

/** The image after the command. `begin`: it is known what it works with. */
export async function runState(solving: Solving, node: RunNode, say: Say, begin: () => void): Promise<Made> {
  const from = await beginning(solving, node);
  for (const each of node.inline) solving.touch(each);
  const network = networkOf(solving, node);
  refuseUnentitled(solving, node, network);
  const mounts = await mountsFor(solving, node);
  begin();
  const { words, env, directory, user } = node.step;
  const { hostConfig, hostname = '' } = solving.options;
  const parts = [
    ...['run', words, env, directory, user, hostname, network, node.step.instruction.security],
    ...[mounts.parts, node.step.script?.bytes.toString('latin1') ?? '', node.platform],
    ...[hostsOf(hostConfig), hostConfig.ShmSize ?? 0, hostConfig.Ulimits ?? []],
  ];
  const description = `mount / from exec ${words.join(' ')}`;
  return await once(
    solving,
    { node, from, parts, description, say },
    async (tell, signal): Promise<Digest> => {
      await using scope = new AsyncDisposableStack();
      const provided = await mounts.provide(scope, signal);
      const request: RunRequest = {
        image: from,
        config: configOf(solving, node, provided, network),
        hostConfig: hostConfigOf(solving, node, provided, network),
        lease: solving.lease,
        timesAtMost: undefined,
        remove: 'always',
        unseen: true,
        evenIfEmpty: true,
        tidy: (work) => tidyUp(solving, work),
      };
      const { deps } = solving;
      const command = words.join(' ');
      return await deps.running.run(async () => {
        const { diffId } = await runCommand(deps, request, voiceOf(command, tell), signal).catch(
          (error: unknown) => explained(error, command, tell),
        );
        if (diffId === undefined) throw new Error('a layer that was asked for in any case is made');
        return diffId;
      }, signal);
    },
  );
}

/** Of their addresses BuildKit's cache knows nothing. */
const hostsOf = ({ ExtraHosts }: HostConfig): string[] =>
  (ExtraHosts ?? []).map((each) => each.split(/[:=]/, 1)[0] ?? '');

/** Empty: the usual one. */
function networkOf({ options }: Solving, { step }: RunNode): string {
  const said = step.instruction.network;
  const asked = said === 'default' ? (options.hostConfig.NetworkMode ?? '') : said;
  return asked === 'default' ? '' : asked;
}

function refuseUnentitled({ options: { entitlements } }: Solving, { step }: RunNode, network: string): void {
  const { security } = step.instruction;
  if (network === 'host' && !entitlements.includes('network.host'))
    throw vertexFailure.notEntitled({ what: 'network.host' });
  if (security === 'insecure' && !entitlements.includes('security.insecure'))
    throw vertexFailure.notEntitled({ what: 'security.insecure' });
}

function configOf(
  { options }: Solving,
  { step }: RunNode,
  { env }: Provided,
  network: string,
): ContainerConfig {
  const { words, directory, user, proxies } = step;
  const all = [...step.env, ...proxies, ...env];
  return {
    Cmd: [...words],
    Entrypoint: [''],
    // A name alone takes the variable away: BuildKit gives none.
    Env: all.some((each) => each.startsWith('HOSTNAME=')) ? all : ['HOSTNAME', ...all],
    WorkingDir: directory,
    User: user,
    Healthcheck: { Test: ['NONE'] },
    ...(network === 'host' ? {} : { Hostname: options.hostname || HOSTNAME }),
  };
}

type Provided = Awaited<ReturnType<MadeMounts['provide']>>;

function hostConfigOf(
  { options }: Solving,
  { step }: RunNode,
  { mounts }: Provided,
  network: string,
): HostConfig {
  return {
    ...options.hostConfig,
    ...(network === '' ? { NetworkMode: 'default' } : { NetworkMode: network }),
    LogConfig: { Type: 'none', Config: {} },
    ...(step.instruction.security === 'insecure' ? { Privileged: true } : {}),
    ...(mounts.length > 0 ? { Mounts: [...mounts] } : {}),
  };
}

/** What it writes is told as it comes, byte by byte. */
const voiceOf = (command: string, tell: Say): RunVoice => ({
  begun: async () => undefined,
  async wrote({ output }: Attachment) {
    for await (const { stream, bytes } of output ?? [])
      await tell({ stream: bytes.toString('latin1'), isOutput: true, wrote: stream === 'stdout' ? 1 : 2 });
  },
  failed: (status) => vertexFailure.commandFailed({ command, status }),
});

/** A program that cannot be started ends with 1 in BuildKit's runtime, which writes why. */
async function explained(error: unknown, command: string, tell: Say): Promise<never> {
  if (!(error instanceof EngineError) || error.code === vertexFailure.commandFailed.code) throw error;
  const why = /exec: .*$/s.exec(error.message)?.[0];
  if (why === undefined) throw inContext(error, vertexContext.process({ command }));
  const text = `runc run failed: unable to start container process: ${why}\n`;
  await tell({ stream: Buffer.from(text).toString('latin1'), isOutput: true, wrote: 2 });
  throw vertexFailure.commandFailed({ command, status: 1 }, { cause: error });
}
