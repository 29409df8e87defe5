import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { commandIndex, groups } from "../src/command-index.ts";
import { commandHelp } from "../src/help/command-help.ts";
import { loadOclif } from "../src/oclif/load-oclif.ts";

const sources = join(import.meta.dirname, "../src");

const introduction = `# The command line

<!-- Made from the commands in packages/cli: change them there, then type: pnpm run docs -->

\`mcp\` runs on a workstation or on a node, and talks to the agent of one node at a time. A command names a service, or a
component of it: \`hello\`, \`hello/web\`. Definitions lie in \`~/.config/mcp/services\`, one file for each service;
[definition.md](definition.md) says what they may contain.

## Configuration

\`~/.config/mcp/mcp.toml\`, or the file that \`--config\` or \`MCP_CONFIG\` names. Without one there is one node, the agent of this
machine at \`unix:/run/mcp/agent.sock\`.

\`\`\`toml
[services]
dir = "~/.config/mcp/services"    # where \`mcp deploy hello\` looks for hello.toml

[images]
registry = "mcr.example.net:8443" # for images that definitions leave to convention

[[nodes]]                         # the first is used where neither --node nor a definition names another
name    = "rift"
address = "unix:/run/mcp/agent.sock"
\`\`\`

## Output

Results go to standard output; progress and problems go to standard error. On a terminal progress is drawn in place and states
are coloured; elsewhere it is plain lines. \`NO_COLOR\` and \`FORCE_COLOR\` decide about colour. \`MCP_DEBUG=1\` shows what caused a
problem. Plugins are remembered in \`~/.local/share/mcp\`, or where \`MCP_DATA_DIR\` says; what makes the next start faster is kept
in \`~/.cache/mcp\`, or where \`MCP_CACHE_DIR\` says. A program that runs mcp under another name sets \`MCP_COMMAND\` to what is typed
for it, and hints and help say that; so do \`MCP_AGENT_COMMAND\` for mcp-agent, \`MCP_AGENT_START\` for what starts the agent and
\`MCP_AGENT_LOG\` for its log.

With \`--json\` standard output is one JSON value of the shape that is named with each command, below, and standard error stays
empty. What fails is \`{ "problem": { "code", "message", "hint" } }\`, with \`mistakes\` where there are several, and with
\`operation\` where one was under way. Keys are always there; what is not known is \`null\`. New keys may come; none changes or goes.

| exit code | |
| --- | --- |
| 0 | all that was asked for is done |
| 1 | a bug in mcp |
| 2 | wrong usage or input: what was typed, a definition, the configuration |
| 3 | refused as things stand, such as a port that is taken |
| 4 | something named is not there |
| 5 | a workload failed: it did not start, or not stay up |
| 6 | the agent, a runtime or another part cannot be reached or fails; a check of \`mcp doctor\` failed |
| 7 | not built yet |
| 8 | no permission |
| 130, 141, 143 | interrupted by ctrl-c, by a reader that went away, by a request to end |

[problems.md](problems.md) has every code of a problem.

## Flags of every command

| | |
| --- | --- |
| \`--json\` | print the result as JSON |
| \`--node NAME\` | the node to talk to, by its name in the configuration; else the one a definition names, else the first |
| \`--config FILE\` | another configuration |
| \`--direct\` | talk to the node itself, past a master; there is none yet, so it changes nothing |
| \`--help\` | what the command takes, with examples |
`;

/** Said once, above. */
const globalFlags = /\n\nGLOBAL FLAGS\n(?: .*\n)*(?: .*)?(?=\n\n|$)/;

/** The text of docs/cli.md. */
export async function cliReference(): Promise<string> {
  const onBrokenPlugin = () => {};
  const config = await loadOclif({ root: sources, version: "0.0.0", onBrokenPlugin });
  const sections = await Promise.all(
    Object.entries(groups).map(async ([group, title]) => {
      const ids = Object.keys(commandIndex).filter((id) => commandIndex[id]?.group === group);
      const texts = await Promise.all(
        ids.map(async (id) => {
          const command = await config.findCommand(id, { must: true }).load();
          const help = commandHelp(command, config, { width: 100 }).replace(globalFlags, "");
          return `### mcp ${id.replaceAll(":", " ")}\n\n\`\`\`text\n${help}\n\`\`\`\n${await resultOf(id)}`;
        }),
      );
      return `## ${title}\n\n${texts.join("\n")}`;
    }),
  );
  return `${introduction}\n${sections.join("\n")}\n## JSON\n\n\`\`\`ts\n${await shapes()}\n\`\`\`\n`;
}

/** What a command's `run` returns. */
async function resultOf(id: string): Promise<string> {
  const source = await readFile(join(sources, "commands", `${id.replaceAll(":", "/")}.ts`), "utf8");
  const result = /async run\(\): Promise<([^>]+)>/.exec(source)?.[1]?.replace(/ \| undefined$/, "");
  if (result === undefined) throw new Error(`${id} does not say what it returns`);
  if (result === "void") return "";
  const shown = result.split(" | ").map((name) => `\`${name}\``);
  return `\nWith \`--json\`: ${shown.join(" or ")}\n`;
}

/** The interfaces of the reports, as they are written. */
async function shapes(): Promise<string> {
  const reports = (await readdir(join(sources, "reports"))).filter(
    (name) => name.endsWith("-report.ts") || name.endsWith("-reports.ts"),
  );
  const files = [
    ...reports.sort().map((name) => `reports/${name}`),
    "plugins/linked-plugins.ts",
    "views/plugins-view.ts",
    "commands/plugins/link.ts",
  ];
  const texts = await Promise.all(files.map((file) => readFile(join(sources, file), "utf8")));
  return texts
    .flatMap((text) =>
      [...text.matchAll(/^export (interface [\s\S]*?\n\})$/gm)].map((match) => match[1] ?? ""),
    )
    .map((text) => text.replaceAll("readonly ", ""))
    .join("\n\n");
}
