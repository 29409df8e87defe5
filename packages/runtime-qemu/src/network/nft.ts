import type { Run } from "@mcp/host";
import { asToolMissing, toolFailed } from "./network-problems.ts";
import { families, tableName } from "./rules.ts";

const withinMs = 10_000;

/** The program `nft` of nftables. */
export class Nft {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /**
   * All of it, or nothing.
   * @throws Problem `network_not_permitted`, `tool_missing`, `network_failed` with what nft says.
   */
  async apply(text: string, signal: AbortSignal): Promise<void> {
    const { exitCode, stderr } = await this.#call(["-f", "-"], text, signal);
    if (exitCode !== 0) throw toolFailed("the rules of the virtual machines' network cannot be set", stderr);
  }

  /** Our tables as they are now; a table that is missing is no text. */
  async list(signal: AbortSignal): Promise<string> {
    // By two processes: as two commands of one, nft 1.0.6 finds only the last.
    const listings = await Promise.all(
      families.map((family) => this.#call(["list", "table", family, tableName], "", signal)),
    );
    for (const { exitCode, stderr } of listings)
      if (exitCode !== 0 && !/no such file or directory/i.test(stderr))
        throw toolFailed("the rules of the virtual machines' network cannot be read", stderr);
    return listings.map(({ stdout }) => stdout).join("");
  }

  async #call(argv: readonly string[], stdin: string, signal: AbortSignal) {
    const options = { stdin, signal, timeoutMs: withinMs, anyExitCode: true, keepsCapabilities: true };
    return this.#run(["nft", ...argv], { ...options, env: { LC_ALL: "C" } }).catch((error: unknown) => {
      throw asToolMissing(error, "nft");
    });
  }
}
