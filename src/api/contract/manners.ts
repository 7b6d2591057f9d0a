/** What handlers must know of a client's version where no lens on a document can say it. */
import type { HostConfig } from '../../model/container.ts';

/**
 * What a version's clients expect of an operation. Each member's value is set by the steps in
 * `api/versions`.
 */
export interface Manners {
  /** Members of HostConfig that were said at create, as a part of Config: a HostConfig at start leaves them as they are. */
  readonly saidAtCreate: readonly (keyof HostConfig)[];
  /** What a list does with a `before` or `since` that names no container. */
  readonly unknownAnchors: 'refused' | 'ignored';
  /** The least memory that a container may be limited to. */
  readonly memoryBytesMin: number;
  /** Whether read-only binds leave what is mounted below them writable. */
  readonly readOnlyIsFlat: boolean;
  /** Whether a limit of the kernel's own memory is warned of, or unknown. */
  readonly kernelMemory: 'warned' | 'unknown';
  /** Whether a login stays with the engine, or comes with each call. */
  readonly logins: 'kept' | 'sent';
  /** Whether a tag leaves the image that has it, or stays there unless that is forced. */
  readonly tags: 'move' | 'stayUnlessForced';
  /** How long a container that is removed by force may take to end by itself, in seconds. */
  readonly removalGraceSeconds: number;
  /** Whether a container that does not run keeps its image from being removed. */
  readonly imageUsers: 'keep' | 'lose';
  /** Whether a name may be a container's and an image's when one of them is inspected. */
  readonly sharedNames: 'refused' | 'apart';
  /** Whether a paused container is stopped and killed like a running one, or must go on first. */
  readonly paused: 'ends' | 'mustGoOn';
  /** Whether the engine draws the graph of images, or leaves that to its clients. */
  readonly imageGraph: 'drawn' | 'left';
  /** The content type of a copy out of a container. */
  readonly copyType: 'application/x-tar' | 'application/octet-stream';
  /** Whether lists of networks tell the containers on each. */
  readonly networkLists: 'withContainers' | 'plain';
  /** Whether two networks may have one name, unless the client asks for a check. */
  readonly networkNames: 'checkedIfAsked' | 'unique';
  /** Whether a network's subnet must be told by its first address, or may be by any. */
  readonly networkSubnets: 'firstAddress' | 'anyAddress';
  /** Which containers can join and leave networks. */
  readonly networkConnects: 'any' | 'running';
  /** What becomes of a stopped container that is to join or leave a network that is not there. */
  readonly unknownNetworks: 'keptForItsStart' | 'refused';
  /** Whether the layers of a pull come side by side, or one after the other. */
  readonly layers: 'parallel' | 'serial';
  /** Whether a build brings a login for each registry, or one. */
  readonly buildLogins: 'byRegistry' | 'one';
  /** What a build tells that was asked to be quiet. */
  readonly quietBuilds: 'withoutOutput' | 'idAlone';
  /** Whether a build's body is an archive, or a form with one in it. */
  readonly buildBody: 'archive' | 'form';
}
