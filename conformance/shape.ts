/** Holds a value against the members that an answer must have. */
import type { Field } from './contract.ts';

type Doc = Readonly<Record<string, unknown>>;

const isDoc = (value: unknown): value is Doc =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The spots below a value that a path names, each with whether it was there. Null stands for any list or object. */
function spots(value: unknown, path: string): { readonly is: boolean; readonly value: unknown }[] {
  const names = path.replaceAll('[]', '.[]').split('.').filter(Boolean);
  const last = names.pop();
  let homes: unknown[] = [value];
  for (const name of names) homes = homes.flatMap((home) => inside(home, name));
  if (last === undefined) return [{ is: true, value }];
  if (last === '[]' || last === '{key}')
    return homes.flatMap((home) => inside(home, last)).map((each) => ({ is: true, value: each }));
  return homes.filter(isDoc).map((home) => ({ is: Object.hasOwn(home, last), value: home[last] }));
}

function inside(home: unknown, name: string): readonly unknown[] {
  if (name === '[]') return Array.isArray(home) ? home : [];
  if (!isDoc(home)) return [];
  if (name === '{key}') return Object.values(home);
  return Object.hasOwn(home, name) ? [home[name]] : [];
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case 'any':
      return true;
    case 'array':
      return value === null || Array.isArray(value);
    case 'object':
      return value === null || isDoc(value);
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

const nameOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;

/** Each member that is missing or of another type, in words; empty when all is well. */
export function complaints(value: unknown, fields: readonly Field[]): string[] {
  const told = new Set<string>();
  for (const [path, type, , , absent] of fields)
    for (const spot of spots(value, path)) {
      if (!spot.is && absent === undefined) told.add(`${path} is missing`);
      else if (spot.is && !isOf(type, spot.value)) told.add(`${path} is ${nameOf(spot.value)}, not ${type}`);
    }
  return [...told];
}
