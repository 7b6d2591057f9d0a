/** What an endpoint's interface is to be called, `com.docker.network.endpoint.ifname` of its driver options. Pure. */
import type { EndpointSettings } from '../../../model/container.ts';

/** Docker has it since its version 28. */
const OPTION = 'com.docker.network.endpoint.ifname';
/** dev_valid_name() of the kernel, and nothing that a path or a program could read otherwise. */
const NAME = /^[a-zA-Z0-9_-][a-zA-Z0-9_.-]{0,14}$/;

/** Undefined: nobody chose a name. */
export const askedInterfaceName = ({ DriverOpts }: EndpointSettings): string | undefined =>
  DriverOpts?.[OPTION] || undefined;

/** What is wrong with it; `lo` is there already. */
export const wrongInterfaceName = (name: string | undefined): string[] =>
  name === undefined || (NAME.test(name) && name !== 'lo')
    ? []
    : [`invalid interface name ${JSON.stringify(name)}: 15 letters, digits, "_", "." and "-" at most`];
