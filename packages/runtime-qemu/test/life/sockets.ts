import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";

export interface Listener {
  readonly port: number;
  /** How many have connected. */
  readonly count: () => number;
  close(): Promise<void>;
}

/** On this host's loopback. */
export async function listenOnLoopback(): Promise<Listener> {
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections++;
    socket.end("HTTP/1.0 200 OK\r\n\r\nthe host's own\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    count: () => connections,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

/** Ports of this host that were free a moment ago, each another. */
export async function freePorts(count: number): Promise<number[]> {
  const listeners = await Promise.all(Array.from({ length: count }, listenOnLoopback));
  await Promise.all(listeners.map((listener) => listener.close()));
  return listeners.map(({ port }) => port);
}

/** A connection to a guest that does not listen yet is taken and never answered: so each try is a short one. */
export async function askHttp(port: number): Promise<string> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(500) })
      .then((response) => response.text())
      .catch(() => undefined);
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function sendUdp(port: number, packet: Buffer): Promise<void> {
  const socket = createSocket("udp4");
  await new Promise((resolve) => socket.send(packet, port, "127.0.0.1", resolve));
  socket.close();
}

/** What a machine without an address asks (RFC 2131, DHCPDISCOVER), to which busybox's server answers in its log. */
export function dhcpDiscover(): Buffer {
  const packet = Buffer.alloc(300);
  packet.set([1, 1, 6, 0, 0x12, 0x34, 0x56, 0x78]);
  packet.set([2, 0, 0, 0, 0, 1], 28);
  packet.set([0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255], 236);
  return packet;
}
