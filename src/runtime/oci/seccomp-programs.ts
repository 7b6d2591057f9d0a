/**
 * Compiled system-call filters. crun compiles a profile with libseccomp at each start, a third of its time; the program
 * it left beside the first container with a profile is handed over ready to the next ones
 * (crun(1), annotation run.oci.seccomp_bpf_data).
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { codeOf } from '../../base/errors.ts';

const ANNOTATION = 'run.oci.seccomp_bpf_data';
/** Profiles of one's own are few; what is not here is compiled again. */
const PROGRAMS_MAX = 32;
/** The kernel takes at most 4,096 instructions of eight bytes (BPF_MAXINSNS). */
const PROGRAM_BYTES_MAX = 4096 * 8;

interface Spec {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux?: { readonly seccomp?: object };
}

/** The compiled filters that crun has left, by what they were compiled from. */
export class SeccompPrograms {
  readonly #programs = new Map<string, string>();

  /** The configuration with the ready program in the profile's place; `learn` takes it from a first run's file. */
  prepare(spec: object): { readonly spec: object; readonly learn: ((file: string) => void) | undefined } {
    const { annotations, linux } = spec as Spec;
    if (linux?.seccomp === undefined) return { spec, learn: undefined };
    const key = createHash('sha256').update(JSON.stringify(linux.seccomp)).digest('hex');
    const program = this.#programs.get(key);
    if (program === undefined) return { spec, learn: (file) => this.#learn(key, file) };
    const { seccomp: _profile, ...rest } = linux;
    return {
      spec: { ...spec, annotations: { ...annotations, [ANNOTATION]: program }, linux: rest },
      learn: undefined,
    };
  }

  #learn(key: string, file: string): void {
    let program: Buffer;
    try {
      program = readFileSync(file);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return; // a runtime that keeps none
      throw error;
    }
    if (program.length === 0 || program.length % 8 !== 0 || program.length > PROGRAM_BYTES_MAX) return;
    this.#programs.set(key, program.toString('base64'));
    const [oldest] = this.#programs.keys();
    if (this.#programs.size > PROGRAMS_MAX && oldest !== undefined) this.#programs.delete(oldest);
  }
}
