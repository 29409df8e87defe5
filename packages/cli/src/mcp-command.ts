import { Command } from "@oclif/core/command";
import { Config } from "@oclif/core/config";
import { boolean } from "@oclif/core/flags";
import { Interrupted } from "./failure/interrupted.ts";
import { type Style, styleFor } from "./terminal/style.ts";
import { outputLost } from "./terminal/watched-output.ts";

/**
 * The base of every command of mcp: what it returns is what `--json` prints, and what it throws is shown by whoever ran
 * it, as a Problem where it is one.
 */
export abstract class McpCommand extends Command {
  static override enableJsonFlag = true;
  static override baseFlags = {
    json: boolean({ summary: "print the result as JSON", helpGroup: "GLOBAL" }),
  };

  /** As oclif's own, but for the configuration: given one, that would load it all over again. */
  static override async run<T extends Command>(
    this: new (
      argv: string[],
      config: Config,
    ) => T,
    argv: string[] = process.argv.slice(2),
    options?: Parameters<typeof Command.run>[1],
  ): Promise<ReturnType<T["run"]>> {
    const config = isLoaded(options) ? options : await Config.load(options);
    const command: unknown = new this(argv, config);
    return (command as McpCommand)._run();
  }

  #interruption: AbortController | undefined;

  /** Aborts on ctrl-c, on a request to end, and when nobody reads the output any more; a second ctrl-c ends the process. */
  protected get signal(): AbortSignal {
    this.#interruption ??= interruption();
    return this.#interruption.signal;
  }

  /** For standard output. */
  protected get style(): Style {
    return styleFor(process.stdout, process.env);
  }

  /** For people: nothing with `--json`. */
  protected print(text: string): void {
    if (!this.jsonEnabled()) process.stdout.write(`${text}\n`);
  }

  protected override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
  }

  protected override async init(): Promise<void> {}

  // Whoever ran the command shows it; oclif would print part of it here.
  protected override async catch(thrown: Error): Promise<never> {
    throw thrown;
  }
}

/** Also by another copy of oclif: that of the program a plugin was linked into. */
const isLoaded = (options: unknown): options is Config =>
  typeof options === "object" && options !== null && "runCommand" in options;

function interruption(): AbortController {
  const controller = new AbortController();
  const interrupt = (by: "SIGINT" | "SIGTERM" | "SIGPIPE") => controller.abort(new Interrupted(by));
  process.once("SIGINT", () => interrupt("SIGINT"));
  process.once("SIGTERM", () => interrupt("SIGTERM"));
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") interrupt("SIGPIPE");
  });
  // What it was is told once the command has ended.
  outputLost.addEventListener("abort", () => interrupt("SIGPIPE"));
  return controller;
}
