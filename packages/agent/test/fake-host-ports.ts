import { type HostPort, hostPortsOverlap } from "@mcp/base";
import type { HostPorts, HostSocket, Obstacle, PortHolder } from "@mcp/host";

/** Programs in memory that hold ports of the host. The workloads of the fake host hold none. */
export class FakeHostPorts implements HostPorts {
  readonly #holders = new Map<HostSocket, PortHolder | undefined>();
  /** How often it was asked. */
  looks = 0;

  /** @param name  of the program; absent where the agent may not see it. Returns how to end it. */
  listen(
    port: number,
    { address = "0.0.0.0", protocol = "tcp", name = undefined as string | undefined } = {},
  ) {
    const family = address.includes(":") ? (6 as const) : (4 as const);
    const socket: HostSocket = { family, address, port, protocol, inode: this.#holders.size + 1 };
    this.#holders.set(socket, name === undefined ? undefined : { pid: 4_711, name });
    return () => void this.#holders.delete(socket);
  }

  async inTheWayOf<Wanted extends HostPort>(wanted: readonly Wanted[]): Promise<Obstacle<Wanted>[]> {
    this.looks++;
    return wanted.flatMap((each) => {
      const socket = [...this.#holders.keys()].find((held) => hostPortsOverlap(held, each));
      return socket ? [{ wanted: each, socket }] : [];
    });
  }

  async holderOf(socket: HostSocket): Promise<PortHolder | undefined> {
    return this.#holders.get(socket);
  }
}
