/** `npm run soak -- [minutes=60] [seed]`: clients of every kind on an engine that is killed every half minute and on one that lives on; what was wrong, lost or left, and by how much memory grew. */
import { runSoak } from './soak.ts';

/** Memory at the end over that of a warm daemon. */
const GROWTH_MAX = 1.3;

const [minutes = 60, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);
const say = (line: string): void => console.log(line);
say(`${minutes} minutes, seed ${seed}`);
const verdict = await runSoak({ seconds: minutes * 60, killEverySeconds: 30, seed, say });

const total = [...verdict.operations.values()].reduce((sum, count) => sum + count, 0);
const kinds = [...verdict.operations].toSorted(([, a], [, b]) => b - a);
say(`operations: ${total} (${kinds.map(([kind, count]) => `${kind} ${count}`).join(', ')})`);
say(`killed -9: the daemon ${verdict.kills.daemon} times, the keeper ${verdict.kills.keeper} times`);
const listed = (title: string, lines: readonly string[]) =>
  say(`${title}: ${lines.length}${lines.map((line) => `\n  ${line}`).join('')}`);
listed('wrong codes', verdict.wrongCodes);
listed('wrong streams', verdict.wrongStreams);
say(`lost bytes: ${verdict.lostBytes} of ${verdict.readBytes}`);
listed('leaks', verdict.leaks);
const ratios = (['living', 'killed'] as const).map((which) => {
  const { early, late, most } = verdict[which];
  const words =
    which === 'living' ? ['of one life, at minute 5', 'at the end'] : ['at 20 s of a life, early', 'late'];
  say(
    `memory ${words[0]}: ${early.toFixed(1)} MiB, ${words[1]}: ${late.toFixed(1)} MiB (${(late / early).toFixed(2)}), at most ${most.toFixed(1)} MiB`,
  );
  return late / early;
});
const { wrongCodes, wrongStreams, leaks, lostBytes } = verdict;
const isGood =
  wrongCodes.length + wrongStreams.length + leaks.length + lostBytes === 0 &&
  ratios.every((ratio) => ratio <= GROWTH_MAX);
say(isGood ? 'sound' : 'not sound');
process.exitCode = isGood ? 0 : 1;
