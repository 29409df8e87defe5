import type { AgentClient, CallOptions } from "@mcp/client";
import { boolean, string } from "@oclif/core/flags";
import { loadConfig } from "./config/config-file.ts";
import type { McpConfig } from "./config/mcp-config.ts";
import { chooseNode } from "./config/node-choice.ts";
import { McpCommand } from "./mcp-command.ts";

/** The base of a command that talks to an agent: parse, one call, print. */
export abstract class AgentCommand extends McpCommand {
  static override baseFlags = {
    ...McpCommand.baseFlags,
    node: string({
      summary: "the node to talk to, by its name in mcp.toml",
      helpGroup: "GLOBAL",
      helpValue: "NAME",
    }),
    config: string({
      summary: "another configuration than ~/.config/mcp/mcp.toml (also: MCP_CONFIG)",
      helpGroup: "GLOBAL",
      helpValue: "FILE",
    }),
    direct: boolean({ summary: "talk to the node itself, past a master", helpGroup: "GLOBAL" }),
  };

  #config: Promise<McpConfig> | undefined;
  #agent: AgentClient | undefined;

  /** For calls in which the agent may have to ask a registry. */
  protected get patience(): CallOptions {
    return { signal: this.signal, timeoutMs: 120_000 };
  }

  /** @throws Problem of `loadConfig`. */
  protected mcpConfig(flags: { readonly config?: string | undefined }): Promise<McpConfig> {
    this.#config ??= loadConfig(flags.config, process.env);
    return this.#config;
  }

  /**
   * The agent of the node that was asked for; its connection is closed when the command ends.
   *
   * @param definitionNode  the node that a definition names.
   * @throws Problem of `loadConfig`, `chooseNode`, `connect`.
   */
  protected async agentFor(
    flags: { readonly config?: string | undefined; readonly node?: string | undefined },
    definitionNode?: string,
  ): Promise<AgentClient> {
    const node = chooseNode(await this.mcpConfig(flags), {
      ...(flags.node !== undefined && { flag: flags.node }),
      ...(definitionNode !== undefined && { definition: definitionNode }),
    });
    // Loaded here, so that no other command pays for it.
    const { connect } = await import("@mcp/client");
    this.#agent = connect({ address: node.address });
    return this.#agent;
  }

  protected override async finally(thrown: Error | undefined): Promise<void> {
    this.#agent?.close();
    await super.finally(thrown);
  }
}
