import { join } from "node:path";
import { Problem } from "@mcp/base";

/**
 * Where one virtual machine keeps what must outlive the agent:
 *
 * ```
 * <state_dir>/<instance>/     the agent's, mode 0711
 *   vm.json                   what it is: version, spec, image, when it was made; written beside and renamed
 *   pid                       of QEMU, by its keeper: `PID STARTTIME BOOTID`; `pid.due-*` until it is taken
 *   exit                      how QEMU ended, by its keeper: whose end, and its exit code
 *   failure                   why QEMU was ended by us, though nobody asked: QEMU's own word for it
 *   qemu.err                  what QEMU itself complained of
 *   log, log.1                the console, stamped
 *   run/                      QEMU's own, mode 0700, and where it is started; nothing in it is believed
 *     qmp, events             its sockets
 *     serial                  what the guest wrote to its serial line
 *     …                       what the guest's kind adds
 * ```
 */
export class VmFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @throws Problem `request_invalid` for a name that is no instance's, such as one that leads elsewhere. */
  static of(stateDir: string, name: string): VmFolder {
    if (!isInstanceName(name)) {
      throw new Problem(
        "request_invalid",
        `${JSON.stringify(name.slice(0, 80))} is not the name of an instance`,
        "names are lower-case letters, digits, hyphens and dots: see them with mcp ps",
      );
    }
    return new VmFolder(join(stateDir, name));
  }

  /** Of one that is being made, and has no name yet. */
  static at(path: string): VmFolder {
    return new VmFolder(path);
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
  get failure(): string {
    return join(this.path, "failure");
  }
  get errors(): string {
    return join(this.path, "qemu.err");
  }
  get log(): string {
    return join(this.path, "log");
  }
  get run(): string {
    return join(this.path, "run");
  }
}

/** Names that begin with a dot are kept for what is being made or removed. */
export const isInstanceName = (name: string): boolean =>
  /^[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*$/.test(name) && name.length <= 200;
