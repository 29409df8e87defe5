import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Problem } from "@mcp/base";
import { optionalArgument } from "../../argument.ts";
import { McpCommand } from "../../mcp-command.ts";
import { loadPlugin } from "../../oclif/load-oclif.ts";
import { dataDirOf, type LinkedPlugin, linkPlugin } from "../../plugins/linked-plugins.ts";

export interface LinkReport extends LinkedPlugin {
  /** As they are typed. */
  readonly commands: readonly string[];
}

export default class PluginsLink extends McpCommand {
  static override summary = "add the commands of a plugin from a folder";
  static override description =
    "The folder is that of an oclif plugin that is built, and is used where it is: build it again and its new commands " +
    "are there. To get a plugin onto this machine, use the tool it is published with.";
  static override args = {
    folder: optionalArgument({
      description: "folder with the plugin's package.json; the current one if left out",
    }),
  };
  static override examples = ["<%= config.bin %> plugins link ./examples/plugin-hello"];

  async run(): Promise<LinkReport> {
    const { args } = await this.parse(PluginsLink);
    const root = resolve(args.folder ?? ".");
    const name = nameOf(root);
    const { commands } = await loadPlugin(name, root);
    const ids = commands.map(({ id }) => id);
    if (ids.length === 0)
      throw new Problem("usage", `${name} has no commands in ${root}`, "build it first, then link it again");
    const taken = ids.find((id) => this.config.findCommand(id)?.pluginName === "mcp");
    if (taken !== undefined)
      throw new Problem(
        "usage",
        `${name} has a command ${JSON.stringify(spoken(taken))}, which mcp has itself`,
        "give it another name in the plugin",
      );
    linkPlugin(dataDirOf(process.env), { name, root });
    const report = { name, root, commands: ids.map(spoken) };
    const typed = report.commands.map((command) => `mcp ${command}`).join(", ");
    this.print(this.style.typed(`${name} is linked: ${typed}`));
    return report;
  }
}

const spoken = (id: string): string => id.replaceAll(":", " ");

function nameOf(root: string): string {
  const file = join(root, "package.json");
  try {
    const { name, oclif } = JSON.parse(readFileSync(file, "utf8"));
    if (typeof name === "string" && name !== "" && oclif?.commands !== undefined) return name;
  } catch (cause) {
    if (!(cause instanceof SyntaxError))
      throw new Problem(
        "file_not_found",
        `there is no ${file}`,
        "name the folder of a plugin: mcp plugins link ./my-plugin",
        {
          cause,
        },
      );
  }
  throw new Problem(
    "usage",
    `${file} is not that of an oclif plugin`,
    'it needs a name, and "oclif": { "commands": "./dist/commands" }',
  );
}
