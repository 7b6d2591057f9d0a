/** Subnets for the networks of a test file: several files run beside each other on one host, and none may take another's. */
import { readFileSync } from 'node:fs';

/** How many a file may use. */
const SUBNETS_MAX = 16;

/** `10.a.b`, of which the host has no route. */
function freeBlock(): readonly [second: number, third: number] {
  for (;;) {
    const second = 160 + Math.floor(Math.random() * 90);
    const third = SUBNETS_MAX * Math.floor((Math.random() * 256) / SUBNETS_MAX);
    if (!routes().some((route) => route.startsWith(`10.${second}.`))) return [second, third];
  }
}

/** Networks with a route, as text. /proc has them as hexadecimal numbers in the host's order. */
const routes = (): string[] =>
  readFileSync('/proc/net/route', 'utf8')
    .split('\n')
    .slice(1)
    .filter(Boolean)
    .map((line) => [...Buffer.from(line.split('\t')[1] ?? '', 'hex')].reverse().join('.'));

const [SECOND, THIRD] = freeBlock();

/** An address of the file's subnet of that number, from 0. */
export const addressAt = (subnet: number, last: number): string => `10.${SECOND}.${THIRD + subnet}.${last}`;
/** `10.160.16.0/24`. */
export const subnetAt = (subnet: number): string => `${addressAt(subnet, 0)}/24`;
