import { join } from "node:path";

/**
 * Where one virtual machine keeps what must outlive the agent:
 *
 * ```
 * <state_dir>/<instance>/     the agent's, mode 0711
 *   vm.json                   what it is: version, spec, image, when it was made; written beside and renamed
 *   pid                       of QEMU, by its keeper: `PID STARTTIME`
 *   exit                      how QEMU ended, by its keeper: its exit code
 *   log, log.1                the console, stamped
 *   run/                      QEMU's own, mode 0700, and where it is started; nothing in it is believed
 *     qmp, events             its sockets
 *     serial                  what the guest wrote to its serial line
 *     …                       what the guest's kind adds
 * ```
 */
export class VmFolder {
  readonly path: string;

  constructor(stateDir: string, name: string) {
    this.path = join(stateDir, name);
  }

  get record(): string {
    return join(this.path, "vm.json");
  }
  get pid(): string {
    return join(this.path, "pid");
  }
  get exit(): string {
    return join(this.path, "exit");
  }
  get log(): string {
    return join(this.path, "log");
  }
  get run(): string {
    return join(this.path, "run");
  }
}
