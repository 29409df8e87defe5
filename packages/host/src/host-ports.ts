import { createSocket } from "node:dgram";
import { readdir, readFile, readlink } from "node:fs/promises";
import { createServer } from "node:net";
import { basename } from "node:path";
import { canonicalAddress, type HostPort } from "@mcp/base";
import { type HostSocket, hinders, parseSockets } from "./host-sockets.ts";

/** Who holds the ports of this host. A seam: where workloads are not real, their ports are not held. */
export interface HostPorts {
  /**
   * The sockets that would keep these ports from being bound now. A courtesy: a bind may fail all the same, since it
   * comes later, and what cannot be known is left out.
   */
  inTheWayOf<Wanted extends HostPort>(wanted: readonly Wanted[]): Promise<readonly Obstacle<Wanted>[]>;
  /** The program that holds a socket; undefined where this user may not see that, or the kernel does itself. */
  holderOf(socket: HostSocket): Promise<PortHolder | undefined>;
}

export interface Obstacle<Wanted extends HostPort = HostPort> {
  readonly wanted: Wanted;
  readonly socket: HostSocket;
}

export interface PortHolder {
  readonly pid: number;
  /** Of the program, for people. */
  readonly name: string;
}

const tables = ["tcp", "tcp6", "udp", "udp6"] as const;

/**
 * As the kernel lists them: nothing is bound to find out, since another program could be about to take its port, and would
 * fail. Only what the list cannot tell, about a port that is held by `::`, is tried.
 */
export const kernelHostPorts: HostPorts = {
  async inTheWayOf(wanted) {
    if (wanted.length === 0) return [];
    const lists = await Promise.all(
      tables.map(async (table) => {
        // Without IPv6 its tables are not there.
        const text = await readFile(`/proc/net/${table}`, "utf8").catch(() => "");
        return parseSockets(text, table.startsWith("tcp") ? "tcp" : "udp");
      }),
    );
    const sockets = lists.flat();
    const obstacles = await Promise.all(
      wanted.map(async (each) => {
        const found = sockets.find((socket) => hinders(socket, each) === true);
        if (found) return [{ wanted: each, socket: found }];
        const perhaps = sockets.find((socket) => hinders(socket, each) === "perhaps");
        return perhaps && (await isInUse(each)) ? [{ wanted: each, socket: perhaps }] : [];
      }),
    );
    return obstacles.flat();
  },

  async holderOf({ inode }) {
    if (inode === 0) return undefined;
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
    // The first of a family of processes that share it is the one that people know.
    for (const pid of pids.sort((a, b) => a - b)) {
      if (!(await hasSocket(pid, inode))) continue;
      // Its file and not `comm`, which a program sets as it likes: node is a "MainThread" there.
      const path = await readlink(`/proc/${pid}/exe`).catch(() => "a program");
      const name = basename(path.replace(/ \(deleted\)$/, ""));
      // This is shown on terminals.
      return { pid, name: name.replace(/[^ -~]/g, "?") };
    }
    return undefined;
  },
};

/** False also where it has ended, or is not ours to look into. */
async function hasSocket(pid: number, inode: number): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const descriptors = await readdir(folder).catch(() => []);
  const targets = await Promise.all(descriptors.map((each) => readlink(`${folder}/${each}`).catch(() => "")));
  return targets.includes(`socket:[${inode}]`);
}

/** Whether a bind is refused for that reason and no other. It is held for a moment only where nobody holds it. */
function isInUse({ address, port, protocol }: HostPort): Promise<boolean> {
  const host = canonicalAddress(address) || "0.0.0.0";
  return new Promise((resolve) => {
    const refused = (error: NodeJS.ErrnoException): void => resolve(error.code === "EADDRINUSE");
    if (protocol === "udp") {
      const socket = createSocket("udp4");
      socket.once("error", (error) => {
        socket.close();
        refused(error);
      });
      socket.bind({ address: host, port, exclusive: true }, () => socket.close(() => resolve(false)));
    } else {
      const server = createServer((connection) => connection.destroy());
      server.once("error", refused);
      server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(false)));
    }
  });
}
