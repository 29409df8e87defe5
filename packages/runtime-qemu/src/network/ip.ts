import type { Run } from "@mcp/host";
import { type Link, type Neighbour, parseLinks, parseNeighbours } from "./links.ts";
import { asToolMissing, toolFailed } from "./network-problems.ts";

const withinMs = 10_000;

export interface BatchResult {
  readonly ok: boolean;
  readonly stderr: string;
}

/** The program `ip` of iproute2: what it is asked, and what it is told as one text on its standard input. */
export class Ip {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Every device of this network namespace, with its addresses. */
  async links(signal: AbortSignal): Promise<readonly Link[]> {
    const { exitCode, stdout, stderr } = await this.#call(["-j", "-d", "addr", "show"], "", signal);
    if (exitCode !== 0) throw toolFailed("the network devices of this host cannot be listed", stderr);
    return parseLinks(stdout);
  }

  /** Those on a link who have answered so far. */
  async neighbours(link: string, signal: AbortSignal): Promise<readonly Neighbour[]> {
    const { exitCode, stdout, stderr } = await this.#call(
      ["-j", "-4", "neigh", "show", "dev", link],
      "",
      signal,
    );
    if (exitCode !== 0) throw toolFailed(`who answers on ${link} cannot be listed`, stderr);
    return parseNeighbours(stdout);
  }

  /** As `links` and `neighbours`, of one link, by one process. A link that is not there has no neighbours. */
  async look(
    link: string,
    signal: AbortSignal,
  ): Promise<{ readonly links: readonly Link[]; readonly neighbours: readonly Neighbour[] }> {
    const questions = `addr show\nneigh show dev ${link}\n`;
    const { stdout, stderr } = await this.#call(["-j", "-d", "-force", "-batch", "-"], questions, signal);
    const [first, second = ""] = stdout.split("\n");
    if (!first) throw toolFailed("the network devices of this host cannot be listed", stderr);
    return { links: parseLinks(first), neighbours: parseNeighbours(second) };
  }

  /**
   * Do these one after another, by one process. Their words are ours or checked: each line is one command.
   * @param goOn  also after one that fails, such as the removal of what is gone.
   */
  async batch(lines: readonly string[], signal: AbortSignal, goOn = false): Promise<BatchResult> {
    const argv = [...(goOn ? ["-force"] : []), "-batch", "-"];
    const { exitCode, stderr } = await this.#call(argv, `${lines.join("\n")}\n`, signal);
    return { ok: exitCode === 0, stderr };
  }

  async #call(argv: readonly string[], stdin: string, signal: AbortSignal) {
    const options = { stdin, signal, timeoutMs: withinMs, anyExitCode: true, keepsCapabilities: true };
    // Its words are looked at.
    return this.#run(["ip", ...argv], { ...options, env: { LC_ALL: "C" } }).catch((error: unknown) => {
      throw asToolMissing(error, "ip");
    });
  }
}
