/** What bad luck must not do, case by case. Tests show them: see case.ts. */
import type { Case } from './case.ts';

/** By id; the groups in the order of the list they come from. */
export const RELIABILITY_CASES: readonly Case[] = [
  // K: death of the daemon
  { id: 'RC-K01', what: 'create' },
  { id: 'RC-K02', what: 'start' },
  { id: 'RC-K03', what: 'running containers while the daemon restarts' },
  { id: 'RC-K04', what: 'containers that end while no daemon runs' },
  { id: 'RC-K05', what: 'stop/kill/pause/unpause' },
  { id: 'RC-K06', what: 'rm' },
  { id: 'RC-K07', what: 'commit, tag, rename, update, calls of volumes and networks' },
  { id: 'RC-K08', what: 'pull' },
  { id: 'RC-K09', what: 'build' },
  { id: 'RC-K10', what: 'load, import, save, export, push, cp' },
  { id: 'RC-K11', what: 'exec' },
  { id: 'RC-K12', what: 'kill during start-up and during shutdown' },
  { id: 'RC-K13', what: 'upgrade' },
  { id: 'RC-K14', what: 'restart storm' },
  // S: death of the keeper
  { id: 'RC-S01', what: 'the keeper killed, the daemon alive' },
  { id: 'RC-S02', what: 'the keeper killed, the daemon dead' },
  { id: 'RC-S03', what: 'daemon and keeper killed at once' },
  { id: 'RC-S04', what: 'keeper and containers stopped (SIGSTOP)' },
  { id: 'RC-S05', what: 'pid reuse' },
  { id: 'RC-S06', what: 'damaged records of running containers' },
  { id: 'RC-S07', what: 'machine reboot' },
  // P: power loss
  { id: 'RC-P01', what: 'each operation at each flush' },
  { id: 'RC-P02', what: 'torn and reordered writes' },
  { id: 'RC-P03', what: 'layer data' },
  { id: 'RC-P04', what: 'log tail' },
  { id: 'RC-P05', what: 'fsync fails once' },
  { id: 'RC-P06', what: 'clock went back over the boot' },
  // D: space, inodes, read-only, I/O errors
  { id: 'RC-D01', what: 'ENOSPC at the n-th write, for all n' },
  { id: 'RC-D02', what: 'truly full disk' },
  { id: 'RC-D03', what: 'inodes' },
  { id: 'RC-D04', what: 'quota (EDQUOT)' },
  { id: 'RC-D05', what: 'a read-only data root at start' },
  { id: 'RC-D06', what: 'turns read-only while running' },
  { id: 'RC-D07', what: 'EIO at one layer, one record, one piece of a log' },
  {
    id: 'RC-D08',
    what: 'slow and frozen disks',
    reason:
      'Slow disks are shown by tests. A frozen one (fsfreeze) is not withstood yet: the thread that serves clients appends events and makes directories itself, and waits until the thaw.',
  },
  { id: 'RC-D09', what: 'unusual places of the data root' },
  { id: 'RC-D10', what: 'someone deletes things under us' },
  // R: descriptors, processes, memory
  { id: 'RC-R01', what: 'EMFILE' },
  { id: 'RC-R02', what: 'no pids' },
  { id: 'RC-R03', what: 'memory' },
  {
    id: 'RC-R04',
    what: 'heap limit of the runtime',
    reason:
      'A heap that is full ends the process at once, as SIGKILL does: nothing of ours runs in between. What then holds is shown by the tests of RC-K03.',
  },
  { id: 'RC-R05', what: 'unhandled rejection / thrown error in each handler' },
  { id: 'RC-R06', what: 'event-loop stall' },
  // O: the runtime
  { id: 'RC-O01', what: 'missing, not executable, wrong architecture' },
  { id: 'RC-O02', what: 'fails at create/start/kill/delete/state' },
  { id: 'RC-O03', what: 'hangs' },
  { id: 'RC-O04', what: 'succeeds but lies' },
  { id: 'RC-O05', what: 'floods stderr / writes a broken state file' },
  { id: 'RC-O06', what: 'replaced by another version while containers run' },
  { id: 'RC-O07', what: 'container process in D state / unkillable' },
  // M: damaged records
  { id: 'RC-M01', what: 'each file of state, damaged in each way' },
  { id: 'RC-M02', what: 'contradiction' },
  { id: 'RC-M03', what: 'leftovers of another engine or of an older run' },
  // T: time
  { id: 'RC-T01', what: 'the wall clock jumps' },
  { id: 'RC-T02', what: 'suspend/resume, SIGSTOP of the daemon for 10 min' },
  { id: 'RC-T03', what: 'numbers beyond 2^31 ms and 2^53' },
  // N: registries and networks
  { id: 'RC-N01', what: 'connection cut at byte n of a layer' },
  { id: 'RC-N02', what: '429, 5xx, refused, TLS errors' },
  { id: 'RC-N03', what: 'slow' },
  { id: 'RC-N04', what: 'wrong length, type, encoding' },
  { id: 'RC-N05', what: 'many pulls of one image' },
  { id: 'RC-N06', what: 'pull, removal, prune and build at once' },
  { id: 'RC-N07', what: 'push interrupted; registry restarts between chunks' },
  { id: 'RC-N08', what: 'networks of the host change, rules are flushed, bridges deleted' },
  // C: many clients at one object
  { id: 'RC-C01', what: '32 clients, random verbs on three names' },
  { id: 'RC-C02', what: 'the same while the daemon is killed' },
  { id: 'RC-C03', what: 'pairs of verbs at one moment' },
  { id: 'RC-C04', what: 'attach before start, wait before start, logs while rm' },
  { id: 'RC-C05', what: 'volumes and networks made, used and removed at once' },
  { id: 'RC-C06', what: 'allocators of ports and addresses under parallel starts' },
  { id: 'RC-C07', what: 'lock order' },
  // L: clients that misbehave
  { id: 'RC-L01', what: 'disconnect' },
  { id: 'RC-L02', what: 'slow reader' },
  { id: 'RC-L03', what: 'half-close' },
  { id: 'RC-L04', what: '1,000 connections, kept alive, pipelined' },
  { id: 'RC-L05', what: 'stdin flood' },
  // B: load
  { id: 'RC-B01', what: '10,000 events a second' },
  { id: 'RC-B02', what: '1,000 containers' },
  { id: 'RC-B03', what: 'very many execs and short containers' },
  { id: 'RC-B04', what: 'volume of logs' },
  { id: 'RC-B05', what: 'a long mixed load with kills' },
  // E: shutting down, rotation, exhaustion
  { id: 'RC-E01', what: 'SIGTERM with many containers' },
  { id: 'RC-E02', what: 'a second signal' },
  { id: 'RC-E03', what: 'SIGTERM in the middle of work' },
  { id: 'RC-E04', what: 'rotation' },
  { id: 'RC-E05', what: 'port conflict' },
  { id: 'RC-E06', what: 'pools used up, names that clash, odd MTU' },
  { id: 'RC-E07', what: 'cgroups removed, busy, without controllers' },
  { id: 'RC-E08', what: 'mount busy at rm' },
  { id: 'RC-E09', what: 'two daemons on one data root' },
];
