import { rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Stands between us and podman's socket: counts what is asked, holds it back, or breaks it off. */
export class SocketProxy {
  /** `GET /containers/json`, below the API's root and without queries; ids shortened. */
  readonly asked: string[] = [];
  /** `hang`: it takes what it is sent and never answers. */
  mode: "pass" | "hang" = "pass";
  /** Awaited before a request, told as in `asked`, is passed on. */
  before: (request: string) => Promise<void> | void = () => {};
  /** Where it leads. */
  target: string;
  readonly path: string;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(path: string, target: string) {
    this.path = path;
    this.target = target;
    this.#server = createServer((client) => this.#serve(client));
  }

  static async open(path: string, target: string): Promise<SocketProxy> {
    const proxy = new SocketProxy(path, target);
    await new Promise<void>((resolve) => proxy.#server.listen(path, resolve));
    return proxy;
  }

  /** How many connections are open. */
  get open(): number {
    return [...this.#sockets].filter((socket) => !socket.destroyed).length;
  }

  /** Every connection, in the middle of whatever it was for. */
  breakOff(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.breakOff();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.path, { force: true });
  }

  #serve(client: Socket): void {
    this.#sockets.add(client);
    client.on("error", () => {});
    client.on("close", () => this.#sockets.delete(client));
    if (this.mode === "hang") {
      client.on("data", (chunk) => this.#note(chunk));
      return;
    }
    const podman = connect(this.target);
    podman.on("error", () => client.destroy());
    podman.on("close", () => client.destroy());
    client.on("close", () => podman.destroy());
    podman.pipe(client);
    this.#pass(client, podman).catch(() => podman.destroy());
  }

  async #pass(client: Socket, podman: Socket): Promise<void> {
    for await (const chunk of client) {
      for (const request of this.#note(chunk)) await this.before(request);
      if (client.destroyed) break;
      podman.write(chunk);
    }
    podman.end();
  }

  #note(chunk: Buffer): string[] {
    const begun = chunk
      .toString("latin1")
      .matchAll(/^(GET|POST|DELETE) \/v4\.0\.0\/libpod(\S*?)(?:\?\S*)? HTTP\/1\.1/gm);
    const requests = [...begun].map(
      ([, method, path]) => `${method} ${path?.replace(/[0-9a-f]{64}/, "<id>")}`,
    );
    this.asked.push(...requests);
    return requests;
  }
}
