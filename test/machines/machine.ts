/**
 * A whole Debian in a virtual machine: its own kernel, systemd, control groups of version 2, AppArmor, shared mounts, as
 * users have them. qemu emulates the processor, so that it runs wherever tests run, some ten times slower.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { debianWith } from '../harness/debian.ts';
import { CACHE } from '../harness/image.ts';

/** What a machine has beside the base system. */
const PACKAGES = [
  ...['linux-image-cloud-amd64', 'systemd-sysv', 'dbus', 'udev', 'apparmor', 'procps', 'curl', 'iproute2'],
  ...['crun', 'runc', 'xz-utils', 'bzip2', 'kmod', 'ca-certificates', 'git', 'tini', 'nftables', 'iptables'],
  ...['busybox-static', 'tmux', 'strace', 'xfsprogs', 'e2fsprogs'],
];
const DISK = '24G';
const MEMORY_MIB = 6144;
/** A scene that hangs is ended; the longest takes some minutes. */
const BOOT_TIMEOUT_S = 3600;

/** Runs what the second disk, a tar, has as `run.sh`; its output goes to a port of the machine, which ends with it. */
const SCENE_UNIT = `[Unit]
After=multi-user.target
[Service]
Type=oneshot
TimeoutStartSec=infinity
StandardInput=null
ExecStart=/bin/sh -c 'exec >/dev/virtio-ports/scene 2>&1; rm -rf /scene; mkdir /scene; cd /scene; tar -xf /dev/vdb; \
  sh ./run.sh; echo "scene ended with $?"; sync; systemctl poweroff'
[Install]
WantedBy=multi-user.target
`;

/** A release of Debian. */
export type Release = 'bookworm' | 'trixie';

interface Base {
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
}

/** The disk that machines of a release begin with, its kernel and what that boots from. Made once: a minute. */
async function baseOf(release: Release): Promise<Base> {
  const directory = join(CACHE, `machine-${release}`);
  const base = {
    disk: join(directory, 'disk'),
    kernel: join(directory, 'kernel'),
    initrd: join(directory, 'initrd'),
  };
  if (existsSync(directory)) return base;
  const tar = await debianWith(release, PACKAGES);
  const making = mkdtempSync(join(CACHE, '.make-'));
  try {
    const root = join(making, 'root');
    mkdirSync(root);
    execFileSync('tar', ['-C', root, '-xpf', tar, '--exclude=./dev/*']);
    writeFileSync(join(root, 'etc/fstab'), '/dev/vda / ext4 defaults 0 1\n');
    writeFileSync(join(root, 'etc/hostname'), 'machine\n');
    const units = join(root, 'etc/systemd/system');
    writeFileSync(join(units, 'scene.service'), SCENE_UNIT);
    symlinkSync('../scene.service', join(units, 'multi-user.target.wants/scene.service'));
    execFileSync('sh', ['-c', 'cp boot/vmlinuz-* ../kernel; cp boot/initrd.img-* ../initrd'], { cwd: root });
    execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', root, join(making, 'disk'), DISK]);
    rmSync(root, { recursive: true });
    renameSync(making, directory);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return base;
}

/** A machine with a disk of its own. It runs only while a scene is played. */
export class Machine {
  readonly #base: Base;
  readonly #directory: string;

  private constructor(base: Base, directory: string) {
    this.#base = base;
    this.#directory = directory;
  }

  static async of(release: Release): Promise<Machine> {
    assert.equal(process.arch, 'x64', 'the machines are x86-64 for now');
    const base = await baseOf(release);
    const machine = new Machine(base, mkdtempSync(join(CACHE, '.machine-')));
    execFileSync('cp', ['--sparse=always', base.disk, machine.#at('disk')]);
    return machine;
  }

  #at = (name: string): string => join(this.#directory, name);

  /**
   * Boots it, plays a script with these files beside it, and shuts it down; what was written to its disk stays. Resolves
   * with what the script printed and whether it ended with 0.
   */
  async play(
    script: string,
    files: readonly string[],
  ): Promise<{ readonly output: string; readonly passed: boolean }> {
    const input = this.#at('input');
    mkdirSync(input);
    copyFileSync(script, join(input, 'run.sh'));
    for (const file of files) execFileSync('cp', ['-r', file, join(input, basename(file))]);
    execFileSync('tar', ['-C', input, '-cf', this.#at('input.tar'), '.']);
    rmSync(input, { recursive: true });
    const told = this.#at('told');
    rmSync(told, { force: true });
    await this.#run(told);
    const output = existsSync(told) ? readFileSync(told, 'utf8') : '';
    const boot = readFileSync(this.#at('console'), 'latin1').slice(-1000);
    assert.match(
      output,
      /^scene ended with \d+$/m,
      `the scene did not end:\n${output.slice(-2000)}\n${boot}`,
    );
    return { output, passed: /^scene ended with 0$/m.test(output) };
  }

  #run(told: string): Promise<void> {
    // A whole number of sectors.
    const input = this.#at('input.tar');
    truncateSync(input, Math.ceil(statSync(input).size / 512) * 512);
    const { kernel, initrd } = this.#base;
    const drive = (file: string, more = ''): string[] => [
      '-drive',
      `file=${file},if=virtio,format=raw${more}`,
    ];
    const argv = [
      ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', `${MEMORY_MIB}`],
      ...['-nographic', '-nodefaults', '-no-reboot', '-kernel', kernel, '-initrd', initrd],
      ...['-append', 'root=/dev/vda rw console=ttyS0 quiet systemd.show_status=0'],
      ...drive(this.#at('disk'), ',cache=unsafe'),
      ...drive(input, ',readonly=on'),
      ...['-serial', `file:${this.#at('console')}`, '-device', 'virtio-serial'],
      ...['-chardev', `file,id=told,path=${told}`, '-device', 'virtserialport,chardev=told,name=scene'],
    ];
    const log = openSync(this.#at('qemu'), 'w');
    const child = spawn('qemu-system-x86_64', argv, { stdio: ['ignore', log, log] });
    closeSync(log);
    const late = setTimeout(() => child.kill('SIGKILL'), BOOT_TIMEOUT_S * 1000);
    const ended = Promise.withResolvers<void>();
    child.once('error', ended.reject);
    child.once('exit', () => ended.resolve());
    return ended.promise.finally(() => clearTimeout(late));
  }

  end(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
