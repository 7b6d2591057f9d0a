/** Where Debian's dockerd 20.10 answers otherwise than the daemon of a version's time; Gantry follows the latter. */
import type { Outcome } from './run.ts';

/** One reason, and the checks that it explains: by what they look at, the endpoints. */
export interface Difference {
  readonly why: string;
  readonly checks: Readonly<Record<string, readonly string[]>>;
}

/** Each reason once; docs/conformance.md repeats them. */
export const differences: readonly Difference[] = [
  {
    why: 'later daemons send a status of their own (400, 404, 409, or 200 for 204) where the daemon of the time, which found statuses by words, sent another',
    checks: {
      'a name that may not be': ['ContainerCreate', 'ContainerRename'],
      'no command anywhere': ['ContainerCreate'],
      'a container that does not run': ['ContainerTop', 'ContainerResize'],
      'sizes that are none': ['ContainerResize'],
      'a program that is not there': ['ContainerStart'],
      'a signal that is none': ['ContainerKill'],
      'pauses, and refuses what is paused or does not run': ['ContainerPause'],
      'one that runs': ['ContainerDelete'],
      'of no stream': ['ContainerLogs'],
      'a path that is not there': ['ContainerCopy'],
      'without a path': ['ContainerCopy'],
      'another content type is refused': ['ContainerCopy', 'ContainerCreate'],
      'an unknown filter': ['ImageList'],
      'without credentials': ['ImagePush'],
      'less memory than a process needs': ['ContainerCreate'],
      'a working directory that is not absolute': ['ContainerCreate'],
      'the name of its own as a link': ['ContainerDelete'],
      'a body of another content type': ['ContainerStart'],
      'in a container that does not run': ['ExecCreate'],
      'in a paused container': ['ExecCreate'],
      detached: ['ExecStart'],
      'swap below memory': ['ContainerCreate'],
      'swap without memory': ['ContainerCreate'],
      'two binds at one path': ['ContainerCreate'],
      'volumes of a container that is not there': ['ContainerCreate'],
      'a paused one is not started': ['ContainerStart'],
      'without a name': ['ContainerRename'],
      'a link on the host’s network': ['ContainerCreate'],
      'an unknown status in filters is refused': ['ContainerList'],
      'one that does not run': ['ContainerKill'],
      'without a command': ['ExecCreate'],
      'swappiness that is none': ['ContainerCreate'],
      'removes, and refuses what is the engine’s own or in use': ['NetworkDelete'],
      'a body that is no JSON': ['ContainerCreate'],
      'an empty body': ['ContainerCreate'],
      'half a JSON body': ['ContainerCreate'],
      'a limit that is no number': ['ContainerList'],
      'a time that is none': ['Events'],
    },
  },
  {
    why: 'later daemons say it in words of a later time, whatever version is asked',
    checks: {
      'an image that is not here': ['ContainerCreate'],
      'a name that is taken': ['ContainerCreate'],
      'an unknown container': [
        'ContainerKill',
        'ContainerInspect',
        'ContainerStart',
        'ContainerStop',
        'ContainerRestart',
        'ContainerWait',
        'ContainerDelete',
      ],
      'refuses what is not paused': ['ContainerUnpause'],
      'an unknown image': ['ImageInspect'],
      'of an unknown image': ['ImageHistory'],
      'a repository without a name': ['ImageTag'],
      'one that a container uses': ['ImageDelete'],
      'a command that fails': ['Build'],
      'a tag that may not be': ['ImageTag'],
      'an image in several repositories, by its id': ['ImageDelete'],
      'is there no longer': ['AuthGet', 'ImageGetCache', 'ImageInsert'],
      'is left to clients': ['ImageViz'],
      'of an unknown exec': ['ExecStart', 'ExecResize', 'ExecInspect'],
      'a security option that is none': ['ContainerCreate'],
      'a bind whose mode is none': ['ContainerCreate'],
      'renames, and refuses a name that is taken': ['ContainerRename'],
      'a Dockerfile of another name that is not there': ['Build'],
      'of an unknown container': [
        'ContainerAttachWebsocket',
        'ContainerCopy',
        'ContainerArchiveGet',
        'ContainerArchivePut',
      ],
      'in an unknown container': ['ExecCreate'],
      'tells it, or that there is none': ['VolumeInspect'],
      'removes, and refuses one that is used or unknown': ['VolumeDelete'],
      'a name of the engine’s own, and one that is taken': ['NetworkCreate'],
      'a host configuration is refused': ['ContainerStart'],
    },
  },
  {
    why: 'members that the version had are not in the answers of later daemons, or have another type there',
    checks: {
      'has every member of its version': ['Info', 'ImageSearch'],
      'a running container has every member of its version': ['ContainerInspect'],
      'an ended one tells its exit code and times': ['ContainerInspect'],
      'a name that is a container’s and an image’s': ['ContainerInspect'],
      'has every member of its version, in its spelling': ['ImageInspect'],
      'tells of an exec that has ended': ['ExecInspect'],
      'samples of a running container': ['ContainerStats'],
    },
  },
  {
    why: 'later daemons tell members that came with later versions',
    checks: {
      'has every member of its version': ['Version'],
      'tells the exit code': ['ContainerWait'],
      'tell what happened to a container': ['Events'],
    },
  },
  {
    why: 'later daemons write it in the form of a later version: the command without quotes, the status Created, exact log times, an upgrade that is answered, archives with their type, progress of loading',
    checks: {
      'a running container with a port is listed': ['ContainerList'],
      'one that never ran has the status of its version': ['ContainerList'],
      'who asks to upgrade gets 101 from 1.17': ['ContainerAttach'],
      'times before lines have the form of the version': ['ContainerLogs'],
      'gives a file, and a directory with what is in it': ['ContainerCopy'],
      'and ImageLoad give the image back': ['ImageExport'],
    },
  },
  {
    why: 'image ids name their algorithm at every version, which only 1.22 brought',
    checks: {
      'has every member of its version': ['ImageList'],
      'makes an image of a container': ['Commit'],
    },
  },
  {
    why: 'a size of nothing is left out, where the daemons of the time told 0',
    checks: {
      'sizes stand where the version has them': ['ContainerList'],
    },
  },
  {
    why: 'since and before are not parameters any more: later daemons ignore them at every version',
    checks: {
      'limit counts the newest, since and before cut': ['ContainerList'],
      'since of an unknown container': ['ContainerList'],
    },
  },
  {
    why: 'no warnings are an empty list, where the daemons of the time sent null',
    checks: {
      'tells the id and warnings of its version': ['ContainerCreate'],
    },
  },
  {
    why: 'start and stop answer 304 below 1.13 too, where the daemons of the time answered 204',
    checks: {
      'of one that runs already': ['ContainerStart'],
      'stops, and says what its version says of one that is stopped': ['ContainerStop'],
    },
  },
  {
    why: 'frames of logs come without any content type, where Go guessed one at the time',
    checks: {
      'are framed, in an ordinary body': ['ContainerLogs'],
    },
  },
  {
    why: 'an error of attach has the content type of the stream that it did not become',
    checks: {
      'of an unknown container': ['ContainerAttach'],
      'a paused one is refused': ['ContainerAttach'],
    },
  },
  {
    why: 'a tag moves without force at every version, which only 1.22 brought',
    checks: {
      'a tag that another image has': ['ImageTag'],
    },
  },
  {
    why: 'a paused container is stopped and killed at every version, which only 1.21 brought',
    checks: {
      'a paused container': ['ContainerStop', 'ContainerKill'],
    },
  },
  {
    why: 'binds at start are added to those of create, where the daemons of the time replaced the whole host configuration',
    checks: {
      'a host configuration replaces the one of create': ['ContainerStart'],
    },
  },
  {
    why: 'a port without a number is accepted, and nothing is published',
    checks: {
      'a port that is none': ['ContainerCreate'],
    },
  },
  {
    why: 'the kernel here has no weights for block devices: later daemons discard what they cannot set before they look at it',
    checks: {
      'a weight of block devices that is none': ['ContainerCreate'],
    },
  },
  {
    why: 'later daemons have plugins, and look at the rest of the request first',
    checks: {
      'there is no such plugin': ['PluginEnable'],
      'is refused, with its reason': ['PluginPull'],
    },
  },
  {
    why: 'the status of an engine in no swarm became 503, or the rest of the request is looked at first',
    checks: {
      'answers as an engine that is in no swarm': [
        'NodeList',
        'NodeInspect',
        'NodeDelete',
        'NodeUpdate',
        'SwarmInspect',
        'SwarmInit',
        'SwarmJoin',
        'SwarmLeave',
        'SwarmUpdate',
        'ServiceList',
        'ServiceCreate',
        'ServiceInspect',
        'ServiceDelete',
        'ServiceUpdate',
        'TaskList',
        'TaskInspect',
      ],
    },
  },
];

/** The reason for what dockerd 20.10 does otherwise; undefined: nobody has given one. */
export const explained = ({ endpoint, what }: Outcome): string | undefined =>
  differences.find(({ checks }) => checks[what]?.includes(endpoint))?.why;
