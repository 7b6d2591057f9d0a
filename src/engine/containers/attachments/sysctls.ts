/** Kernel settings of an endpoint's interface, `com.docker.network.endpoint.sysctls` of its driver options. Pure. */

import type { InterfaceSysctl } from '../../../network/index.ts';

/** The driver option. Docker has it since API 1.46. */
const OPTION = 'com.docker.network.endpoint.sysctls';
/** What a setting's value is: numbers, as a rule. A path it never is. */
const VALUE = /^[a-zA-Z0-9_. \t-]{1,64}$/;
const NAME = /^[a-z0-9_]{1,64}$/;
const GROUP = /^[a-z0-9]{1,16}$/;

/** Reads `net.X.Y.IFNAME.Z=V`, several with commas, and what is wrong with those that are none. */
export function parseSysctls(options: Readonly<Record<string, string>>): {
  readonly sysctls: readonly InterfaceSysctl[];
  readonly problems: readonly string[];
} {
  const sysctls: InterfaceSysctl[] = [];
  const problems: string[] = [];
  for (const text of (options[OPTION] ?? '').split(',').filter(Boolean)) {
    const [key = '', value = ''] = splitOnce(text, '=');
    const [net, area = '', group = '', place = '', name = ''] = key.split('.', 5);
    const isWell =
      net === 'net' &&
      ['ipv4', 'ipv6', 'mpls'].includes(area) &&
      ['IFNAME', 'ifname'].includes(place) &&
      GROUP.test(group) &&
      NAME.test(name) &&
      key.split('.').length === 5 &&
      VALUE.test(value);
    if (isWell) sysctls.push({ area, group, name, value });
    else
      problems.push(
        `unrecognised network interface sysctl '${text}'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'`,
      );
  }
  return { sysctls, problems };
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
