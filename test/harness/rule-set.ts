/** The firewall of this host. */
import { execFileSync } from 'node:child_process';

/** All of its rules, as nft lists them. */
export const ruleSet = (): string => execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' });
