/** What is asked of an engine whose disk is copied meanwhile, and what another engine must find on the copy. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Gantry } from '../../harness/gantry.ts';
import type { Answer } from '../../harness/http.ts';
import { file, tarOf } from '../../harness/layered.ts';
import { subnetAt } from '../../harness/subnets.ts';

/** One request, and how it is known by what it leaves. */
export interface Deed {
  readonly text: string;
  ask(gantry: Gantry): Promise<Answer>;
  /** Whether it is done. @throws AssertionError when it is half done */
  isDone(gantry: Gantry): Promise<boolean>;
  /** The things that it took the names from. */
  readonly took?: string;
  /** What it made, and what it took away or changed: of two deeds with one thing the later one holds. */
  readonly thing: string;
}

const found = async (gantry: Gantry, path: string): Promise<boolean> => {
  const { status, text } = await gantry.api().get(path);
  assert.ok([200, 404].includes(status), text);
  return status === 200;
};
const contentOf = (name: string): string => `content of ${name}\n`.repeat(5000);
const body = (image: string) => ({ Image: image, Cmd: ['true'], HostConfig: { NetworkMode: 'none' } });

/** Made: a file is in the container that its image has, or that was put there. */
async function hasFile(gantry: Gantry, container: string, path: string, digest: string): Promise<void> {
  const { status, bytes, text } = await gantry.api().get(`/containers/${container}/archive?path=${path}`);
  assert.equal(status, 200, text);
  const size = Number.parseInt(bytes.toString('latin1', 124, 136), 8);
  const is = createHash('sha256')
    .update(bytes.subarray(512, 512 + size))
    .digest('hex');
  assert.equal(is, digest, `${path} of ${container}`);
}

const create = (name: string, image = 'busybox'): Deed => ({
  text: `create ${name}`,
  thing: `container ${name}`,
  ask: ({ api }) => api().post(`/containers/create?name=${name}`, body(image)),
  isDone: (gantry) => found(gantry, `/containers/${name}/json`),
});
const rename = (name: string, to: string): Deed => ({
  text: `rename ${name} to ${to}`,
  thing: `container ${to}`,
  took: `container ${name}`,
  ask: ({ api }) => api().post(`/containers/${name}/rename?name=${to}`),
  async isDone(gantry) {
    const [old, renamed] = [
      await found(gantry, `/containers/${name}/json`),
      await found(gantry, `/containers/${to}/json`),
    ];
    assert.notEqual(old, renamed, `it has ${old ? 'both names' : 'no name'}`);
    return renamed;
  },
});
const gone = (text: string, thing: string, path: string, look: string): Deed => ({
  text,
  thing,
  ask: ({ api }) => api().delete(path),
  isDone: async (gantry) => !(await found(gantry, look)),
});
const remove = (name: string): Deed =>
  gone(`rm ${name}`, `container ${name}`, `/containers/${name}`, `/containers/${name}/json`);
const put = (container: string, name: string): Deed => ({
  text: `cp ${name} to ${container}`,
  thing: `file ${name}`,
  ask: ({ api }) =>
    api().put(`/containers/${container}/archive?path=/`, tarOf([file(name, contentOf(name))]), {
      headers: { 'content-type': 'application/x-tar' },
    }),
  isDone: async () => true, // files of a running machine's containers are no record: commit.isDone looks at them
});
const commit = (container: string, image: string, name: string): Deed => ({
  text: `commit ${container} as ${image}`,
  thing: `image ${image}`,
  ask: ({ api }) => api().post(`/commit?container=${container}&repo=${image}`, {}),
  async isDone(gantry) {
    if (!(await found(gantry, `/images/${image}/json`))) return false;
    const made = await gantry.api().post(`/containers/create?name=of-${image}`, body(image));
    assert.equal(made.status, 201, made.text);
    const digest = createHash('sha256').update(contentOf(name)).digest('hex');
    await hasFile(gantry, `of-${image}`, `/${name}`, digest);
    assert.equal((await gantry.api().delete(`/containers/of-${image}`)).status, 204);
    return true;
  },
});
const tag = (image: string, to: string): Deed => ({
  text: `tag ${image} ${to}`,
  thing: `image ${to}`,
  ask: ({ api }) => api().post(`/images/${image}/tag?repo=${to}`),
  isDone: (gantry) => found(gantry, `/images/${to}/json`),
});
const untag = (image: string): Deed =>
  gone(`rmi ${image}`, `image ${image}`, `/images/${image}`, `/images/${image}/json`);
const makeVolume = (name: string): Deed => ({
  text: `volume create ${name}`,
  thing: `volume ${name}`,
  ask: ({ api }) => api().post('/volumes/create', { Name: name }),
  isDone: (gantry) => found(gantry, `/volumes/${name}`),
});
const removeVolume = (name: string): Deed =>
  gone(`volume rm ${name}`, `volume ${name}`, `/volumes/${name}`, `/volumes/${name}`);
const makeNetwork = (name: string, number: number): Deed => ({
  text: `network create ${name}`,
  thing: `network ${name}`,
  ask: ({ api }) =>
    api().post('/networks/create', { Name: name, IPAM: { Config: [{ Subnet: subnetAt(number) }] } }),
  isDone: (gantry) => found(gantry, `/networks/${name}`),
});
const removeNetwork = (name: string): Deed =>
  gone(`network rm ${name}`, `network ${name}`, `/networks/${name}`, `/networks/${name}`);

/** One life of all kinds of things; the names are the round's. */
export const story = (round: number): readonly Deed[] => [
  create(`a${round}`),
  put(`a${round}`, `f${round}`),
  commit(`a${round}`, `i${round}`, `f${round}`),
  tag(`i${round}`, `t${round}`),
  create(`b${round}`, `i${round}`),
  makeVolume(`v${round}`),
  makeNetwork(`n${round}`, 4),
  rename(`a${round}`, `r${round}`),
  remove(`r${round}`),
  untag(`t${round}`),
  removeVolume(`v${round}`),
  removeNetwork(`n${round}`),
];
