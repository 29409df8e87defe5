import { spawn } from "node:child_process";
import { Namespace } from "../../../packages/runtime-qemu/test/network/namespace.ts";

export interface NeighbourOptions {
  /** Of the node's end of the wire. */
  readonly device: string;
  readonly address: string;
  /** More that it answers for. */
  readonly alsoAt?: string;
  /** The node's own on that wire; without one, the wire is a port of the node's bridge of this name. */
  readonly node: { readonly address: string } | { readonly bridge: string };
}

/** Somebody on a wire to the node, in a namespace of his own, who says `neighbour` on port 8443. */
export class Neighbour {
  readonly #network: Namespace;
  readonly #stop: () => Promise<void>;

  private constructor(network: Namespace, stop: () => Promise<void>) {
    this.#network = network;
    this.#stop = stop;
  }

  static async of(node: Namespace, options: NeighbourOptions): Promise<Neighbour> {
    const { device, address, alsoAt, node: end } = options;
    const network = await Namespace.make();
    try {
      await node.run(
        ["ip", "-batch", "-"],
        [
          `link add ${device} type veth peer name theirs netns ${network.name}`,
          "address" in end
            ? `addr add ${end.address}/24 dev ${device}`
            : `link set ${device} master ${end.bridge}`,
          `link set ${device} up`,
          ...(alsoAt === undefined ? [] : [`route add ${alsoAt} via ${address}`]),
          "",
        ].join("\n"),
      );
      await network.run(
        ["ip", "-batch", "-"],
        [
          `addr add ${address}/24 dev theirs`,
          ...(alsoAt === undefined ? [] : [`addr add ${alsoAt}/32 dev theirs`]),
          "link set theirs up",
          ...("address" in end ? [`route add 10.99.0.0/24 via ${end.address}`] : []),
          "",
        ].join("\n"),
      );
      return new Neighbour(network, listen(network, 8443, "neighbour"));
    } catch (error) {
      await network.close();
      throw error;
    }
  }

  /** His end of the wire goes with him, and with that the node's. */
  async close(): Promise<void> {
    await this.#stop();
    await this.#network.close();
  }
}

/** Somebody who says this to each who connects to a port there, until what is returned is called. */
export function listen(network: Namespace, port: number, says: string): () => Promise<void> {
  const nc = ["busybox", "nc", "-ll", "-p", String(port), "-e", "/bin/echo", says];
  const [program = "", ...args] = [...network.words, ...nc];
  const listener = spawn(program, args, { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => listener.once("close", () => resolve()));
  return async () => {
    listener.kill("SIGKILL");
    await ended;
  };
}
