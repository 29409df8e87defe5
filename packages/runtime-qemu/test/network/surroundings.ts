import { spawn } from "node:child_process";
import { Namespace } from "./namespace.ts";

/** What a node could lead its guests to, if it let them: addresses of its own, a LAN and somebody on it. */
export class Surroundings {
  readonly #lan: Namespace;
  readonly #stops: (() => Promise<void>)[] = [];

  private constructor(lan: Namespace) {
    this.#lan = lan;
  }

  static async around(node: Namespace): Promise<Surroundings> {
    const lan = await Namespace.make();
    const made = new Surroundings(lan);
    try {
      await made.#connect(node);
      return made;
    } catch (error) {
      await made.close();
      throw error;
    }
  }

  async #connect(node: Namespace): Promise<void> {
    const lan = this.#lan;
    await node.run(
      ["ip", "-batch", "-"],
      [
        "link add overlay0 type bridge",
        "addr add 10.200.0.1/24 dev overlay0",
        "link set overlay0 up",
        `link add lan0 type veth peer name lan1 netns ${lan.name}`,
        "addr add 192.0.2.1/24 dev lan0",
        "link set lan0 up",
        "route add 169.254.169.254 via 192.0.2.2",
        "",
      ].join("\n"),
    );
    // The host routes, as one with containers does.
    await node.run(["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"]);
    await lan.run(
      ["ip", "-batch", "-"],
      [
        "addr add 192.0.2.2/24 dev lan1",
        "addr add 169.254.169.254/32 dev lan1",
        "link set lan1 up",
        "route add 10.99.0.0/24 via 192.0.2.1",
        "",
      ].join("\n"),
    );
    const [program = "", ...args] = [
      ...lan.words,
      "busybox",
      "nc",
      "-ll",
      "-p",
      "8443",
      "-e",
      "/bin/echo",
      "lan",
    ];
    const listener = spawn(program, args, { stdio: "ignore" });
    const ended = new Promise<void>((resolve) => listener.once("close", () => resolve()));
    this.#stops.push(async () => {
      listener.kill("SIGKILL");
      await ended;
    });
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) await stop();
    await this.#lan.close();
  }
}
