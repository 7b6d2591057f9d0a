/** Names of servers in a mount's options: the kernel wants an address, users write names. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { volumeFailure } from '../../model/failures/volume.ts';
import type { VolumeDevice } from '../../storage/index.ts';

/** `addr=` of nfs, and the host of a cifs share, as an address. @throws Failed when the name is not known */
export async function withAddress(device: VolumeDevice): Promise<VolumeDevice> {
  if (/^nfs4?$/.test(device.type)) {
    const addr = /(?:^|,)addr=([^,]+)/.exec(device.data)?.[1];
    if (addr === undefined || isIP(addr) !== 0) return device;
    const address = await resolve(addr);
    return { ...device, data: device.data.replace(/(^|,)addr=[^,]+/, `$1addr=${address}`) };
  }
  if (/^(cifs|smb3)$/.test(device.type)) {
    const host = /^\/\/([^/]+)/.exec(device.source)?.[1];
    if (host === undefined || isIP(host) !== 0 || /(?:^|,)(?:addr|ip)=/.test(device.data)) return device;
    const words = [device.data, `addr=${await resolve(host)}`].filter((each) => each !== '');
    return { ...device, data: words.join(',') };
  }
  return device;
}

async function resolve(name: string): Promise<string> {
  try {
    return (await lookup(name)).address;
  } catch (cause) {
    throw volumeFailure.serverUnresolved({ name }, { cause });
  }
}
