/** Samples of what a container uses, in the forms of older versions. */

import { NetworkStats } from '../../../model/stats.ts';
import { type Doc, isDoc, memberOf } from '../doc-path.ts';
import { shapeSpot, shapeWithout } from '../shape.ts';
import type { MessageLens } from '../step.ts';

/** Members that came with a version. */
export const withoutMembers = (...names: readonly string[]): MessageLens => ({
  note: `adds ${names.join(', ')}`,
  shape: shapeWithout(...names.map((name) => `body.${name}`)),
  down: (sample) => Object.fromEntries(Object.entries(sample).filter(([name]) => !names.includes(name))),
});

const cpuWithout = (name: string) => (cpu: unknown) => {
  if (!isDoc(cpu)) return cpu;
  const { [name]: _later, ...rest } = cpu;
  return rest;
};

export const withoutOnlineCpus: MessageLens = {
  note: 'adds online_cpus',
  shape: shapeWithout('body.cpu_stats.online_cpus', 'body.precpu_stats.online_cpus'),
  down(sample) {
    const strip = cpuWithout('online_cpus');
    return { ...sample, cpu_stats: strip(sample.cpu_stats), precpu_stats: strip(sample.precpu_stats) };
  },
};

const withZeros = (cpu: unknown): Doc => ({
  system_cpu_usage: 0,
  ...(isDoc(cpu) ? cpu : {}),
  cpu_usage: {
    percpu_usage: [],
    ...(isDoc(memberOf(cpu, 'cpu_usage')) ? (memberOf(cpu, 'cpu_usage') as Doc) : {}),
  },
});

/** Numbers were there when they were zero, too. */
export const zerosTold: MessageLens = {
  note: 'leaves out what is zero',
  shape: 'none',
  down: (sample) => ({
    ...sample,
    cpu_stats: withZeros(sample.cpu_stats),
    precpu_stats: withZeros(sample.precpu_stats),
    memory_stats: {
      ...{ usage: 0, max_usage: 0, stats: {}, failcnt: 0, limit: 0 },
      ...(isDoc(sample.memory_stats) ? sample.memory_stats : {}),
    },
  }),
};

export const withoutPidsLimit: MessageLens = {
  note: 'tells the limit of processes',
  shape: shapeWithout('body.pids_stats.limit'),
  down({ pids_stats, ...sample }) {
    const current = memberOf(pids_stats, 'current');
    return { ...sample, pids_stats: current === undefined ? {} : { current } };
  },
};

const COUNTERS = ['bytes', 'packets', 'errors', 'dropped'].flatMap((name) => [`rx_${name}`, `tx_${name}`]);

/** All interfaces together. */
export const oneNetwork: MessageLens = {
  note: 'networks are told apart',
  shape(shape) {
    shapeSpot('body.network').put(shape, NetworkStats.json());
    shapeSpot('body.networks').drop(shape);
  },
  down({ networks, ...sample }) {
    const all = isDoc(networks) ? Object.values(networks) : [];
    const sum = (name: string) =>
      all.reduce<number>((total, each) => total + Number(memberOf(each, name) ?? 0), 0);
    return { ...sample, network: Object.fromEntries(COUNTERS.map((name) => [name, sum(name)])) };
  },
};
