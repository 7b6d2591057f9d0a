/** One engine under the soak: its clients and writers, what it takes meanwhile, and what it leaves. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { Life } from '../crash/life.ts';
import { randomFrom } from '../crash/workload.ts';
import { Gantry } from '../harness/gantry.ts';
import { networkMarks } from '../harness/leaks.ts';
import { Client } from './client.ts';
import { DEEDS, type Grounds, work } from './deeds.ts';
import { Ledger } from './ledger.ts';
import { type AtRest, atRest, rulesOf } from './measures.ts';
import { endWriters, startWriters } from './writers.ts';

/** How long an engine may take to come to rest. */
const REST_MS = 60_000;
/** What a first look waits for, so that what is closed in the background is not counted. */
const SETTLE_MS = 3000;
const PROGRAM = join(import.meta.dirname, '../../bin/gantry');

/** One that is started, warm, and under load until it is ended. */
export class SoakedEngine {
  readonly name: string;
  readonly life: Life;
  readonly ledger = new Ledger();
  readonly #grounds: Omit<Grounds, 'random'>;
  readonly #leaks: string[] = [];
  readonly #seen = { bridges: new Set<string>(), vethPrefixes: new Set<string>(), tables: new Set<string>() };
  #before: AtRest | undefined;
  #rules: readonly string[] = [];

  constructor(name: string, registry: string) {
    this.name = name;
    this.life = new Life(new Gantry({}));
    this.#grounds = { registry };
  }

  get gantry(): Gantry {
    return this.life.gantry;
  }

  /** Does each deed once, and notes what the engine takes when it rests after that. */
  async start(): Promise<void> {
    await this.gantry.start();
    await this.gantry.loadBusybox();
    const client = new Client(this.life, this.ledger, `${this.name}0`);
    for (const deed of DEEDS) await deed(client, { ...this.#grounds, random: randomFrom(1) });
    this.#before = await this.#rest(client, undefined);
    this.#rules = rulesOf(this.gantry);
  }

  /** Works with `clients` until `isOver`; the writers are judged at the end. */
  async run(clients: number, seed: number, isOver: () => boolean): Promise<void> {
    const owner = new Client(this.life, this.ledger, `${this.name}w`);
    const writers = await startWriters(owner);
    await Promise.all(
      Array.from({ length: clients }, (_, index) => {
        const client = new Client(this.life, this.ledger, `${this.name}${index + 1}`);
        return work(client, { ...this.#grounds, random: randomFrom(seed + index) }, isOver);
      }),
    );
    await endWriters(owner, writers);
  }

  /** Notes which bridges, interfaces and tables are its own. To be called while it has some. */
  look(): void {
    const { bridges, vethPrefixes, tables } = networkMarks(this.gantry.root);
    for (const each of bridges) this.#seen.bridges.add(each);
    for (const each of vethPrefixes) this.#seen.vethPrefixes.add(each);
    for (const each of tables) this.#seen.tables.add(each);
  }

  /** Ends it; everything that it left. */
  async end(): Promise<readonly string[]> {
    try {
      await this.#compare();
    } catch (error) {
      this.#leaks.push(`${this.name}: ${error}\n${this.gantry.log().split('\n').slice(-10).join('\n')}`);
    }
    this.gantry.expectGone({ ids: this.ledger.ids, ...this.#seen });
    try {
      await this.gantry.end();
    } catch (error) {
      this.#leaks.push(`${this.name}: ${error instanceof Error ? error.message : error}`);
    }
    return this.#leaks;
  }

  async #compare(): Promise<void> {
    const client = new Client(this.life, this.ledger, `${this.name}e`);
    await this.#fsck('under way');
    const after = await this.#rest(client, this.#before);
    for (const [what, count] of Object.entries(this.#before ?? {}))
      if (after[what as keyof AtRest] > count)
        this.#leaks.push(
          `${this.name}: ${after[what as keyof AtRest]} ${what} at rest, ${count} at the beginning`,
        );
    const known = [...this.#rules];
    const more = rulesOf(this.gantry).filter((line) => {
      const at = known.indexOf(line);
      if (at >= 0) known.splice(at, 1); // twice what was there once is one too many
      return at < 0;
    });
    for (const line of more) this.#leaks.push(`${this.name}: a rule more at rest: ${line}`);
    await this.#fsck('at rest');
  }

  /** Removes what nobody needs, and waits until it takes no more than `before`, or for as long as it may take. */
  async #rest(client: Client, before: AtRest | undefined): Promise<AtRest> {
    await client.settled('prune', [200, []], ['POST', '/build/prune?all=1']);
    await this.#nothingListed(client);
    const deadline = performance.now() + (before ? REST_MS : SETTLE_MS);
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      const now = atRest(this.gantry);
      const isRest =
        before !== undefined &&
        Object.entries(before).every(([what, count]) => now[what as keyof AtRest] <= count);
      if (isRest || performance.now() > deadline) return now;
    }
  }

  async #nothingListed(client: Client): Promise<void> {
    const list = async (path: string) => (await client.ask('list', [200], ['GET', path])).json<unknown[]>();
    const { Volumes } = (await client.ask('list', [200], ['GET', '/volumes'])).json<{ Volumes: unknown[] }>();
    const custom = encodeURIComponent(JSON.stringify({ type: ['custom'] }));
    const images = (await list('/images/json?all=1')) as { RepoTags: string[] | null }[];
    const found = {
      containers: await list('/containers/json?all=1'),
      networks: await list(`/networks?filters=${custom}`),
      volumes: Volumes,
      images: images.filter(({ RepoTags }) => !RepoTags?.some((name) => name.startsWith('busybox:'))),
    };
    for (const [what, left] of Object.entries(found))
      for (const one of left)
        this.#leaks.push(`${this.name}: ${what} still listed: ${JSON.stringify(one).slice(0, 500)}`);
  }

  #fsck(when: string): Promise<void> {
    return new Promise((resolve) =>
      execFile(PROGRAM, ['fsck', '--data-root', this.gantry.dataRoot], (error, stdout, stderr) => {
        if (error) this.#leaks.push(`${this.name}: fsck ${when}: ${stdout}${stderr}`);
        resolve();
      }),
    );
  }
}
