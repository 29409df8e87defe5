import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, createServer, type ListenOptions } from "node:net";
import { basename } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { kernelHostPorts } from "./host-ports.ts";

/** A program that listens; its port. */
async function listen(options: ListenOptions): Promise<number> {
  const server = createServer();
  server.listen({ port: 0, ...options });
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const isTaken = async (address: string, port: number, protocol = "tcp") =>
  (await kernelHostPorts.inTheWayOf([{ address, port, protocol }])).length > 0;

it("a port that a program listens on is in the way, and the program is named", async () => {
  const port = await listen({ host: "127.0.0.1" });
  const wanted = { address: "", port, protocol: "tcp", for: "web" };
  const [obstacle, ...more] = await kernelHostPorts.inTheWayOf([{ ...wanted, protocol: "udp" }, wanted]);
  expect(more).toEqual([]);
  expect(obstacle?.wanted).toBe(wanted);
  expect(obstacle?.socket).toMatchObject({ address: "127.0.0.1", port });
  const holder = obstacle && (await kernelHostPorts.holderOf(obstacle.socket));
  expect(holder).toEqual({ pid: process.pid, name: basename(process.execPath) });
  expect(await isTaken("127.0.0.2", port)).toBe(false);
});

/** A kernel may be without IPv6; what is then to be known is in the tests of `host-sockets.ts`. */
const hasIpv6 = existsSync("/proc/net/if_inet6");

it.runIf(hasIpv6)("a program that listens on :: is in the way of IPv4 too", async () => {
  const port = await listen({ host: "::" });
  for (const address of ["", "0.0.0.0", "127.0.0.1", "::", "::1"])
    expect(await isTaken(address, port), address).toBe(true);
});

it.runIf(hasIpv6)("unless it listens for IPv6 alone", async () => {
  const port = await listen({ host: "::", ipv6Only: true });
  expect(await isTaken("::1", port)).toBe(true);
  expect(await isTaken("", port)).toBe(false);
  expect(await isTaken("127.0.0.1", port)).toBe(false);
});

it.each([["udp4", "127.0.0.1", true], ...(hasIpv6 ? ([["udp6", "::", true]] as const) : [])] as const)(
  "a socket of %s on %s is in the way of udp",
  async (type, address, answer) => {
    const socket = createSocket(type).bind(0, address);
    onTestFinished(() => void socket.close());
    await once(socket, "listening");
    const { port } = socket.address();
    expect(await isTaken("", port, "udp")).toBe(answer);
    expect(await isTaken("", port, "tcp")).toBe(false);
  },
);

it("nothing is in the way of a port that is free, nor held by nobody", async () => {
  const port = await listen({ host: "127.0.0.1" });
  expect(await kernelHostPorts.inTheWayOf([])).toEqual([]);
  expect(await isTaken("127.0.0.3", port)).toBe(false);
  const socket = { family: 4, address: "", port, protocol: "tcp", inode: 0 } as const;
  expect(await kernelHostPorts.holderOf(socket)).toBeUndefined();
  expect(await kernelHostPorts.holderOf({ ...socket, inode: 1 })).toBeUndefined();
});
