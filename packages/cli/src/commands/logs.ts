import type { AgentClient, LogLineJson } from "@mcp/client";
import { boolean, integer, string } from "@oclif/core/flags";
import { AgentCommand } from "../agent-command.ts";
import { requiredArgument } from "../argument.ts";
import { parseMoment } from "../definition/moment.ts";
import { parseTarget, printTarget, type Target } from "../definition/target.ts";
import { writeText } from "../terminal/write-text.ts";
import { logView, successions } from "../views/log-view.ts";

export default class Logs extends AgentCommand {
  static override summary = "show what a service writes";
  static override description =
    "The lines of all its components, in the order they were written, each with its component before it where there " +
    "are several. --follow goes on with what a deploy, a start or a restart begins, and says on standard error when a new " +
    "instance takes over; it ends when the service is undeployed. " +
    "With --json each line is an object on a line of its own: at, component, instance, stream, text, and found, which is " +
    "true for a line that was written earlier than its time, when nobody was there to read it.";
  static override args = {
    service: requiredArgument({ description: "service, or service/component" }),
  };
  static override flags = {
    follow: boolean({ char: "f", summary: "go on as more is written, also after a deploy or a restart" }),
    tail: integer({
      char: "n",
      summary: "only the last lines of each component",
      helpValue: "LINES",
      min: 0,
    }),
    since: string({ summary: "only what was written since: 10m, 2h, or a time", helpValue: "TIME" }),
    timestamps: boolean({
      char: "t",
      summary: "begin each line with its time; ~ before one that was written earlier than that",
    }),
  };
  static override examples = [
    "<%= config.bin %> logs hello",
    "<%= config.bin %> logs hello/web --follow --tail 20",
    "<%= config.bin %> logs hello --since 10m --timestamps",
  ];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Logs);
    const target = parseTarget(args.service);
    const since = flags.since === undefined ? undefined : parseMoment(flags.since, Date.now());
    const agent = await this.agentFor(flags);
    const isJson = this.jsonEnabled();
    const show = isJson
      ? jsonLine
      : logView({
          style: this.style,
          components: await componentsOf(target, agent, this.signal),
          hasTimestamps: flags.timestamps,
        });
    const request = {
      ...target,
      follow: flags.follow,
      ...(flags.tail !== undefined && { tail: flags.tail }),
      ...(since !== undefined && { since }),
    };
    const takesOver = successions();
    for await (const { lines = [] } of agent.logs(request, { signal: this.signal })) {
      if (flags.follow && !isJson)
        for (const line of lines)
          if (takesOver(line)) process.stderr.write(`-- ${line.component}: now ${line.instance} --\n`);
      await writeText(lines.map((line) => `${show(line)}\n`).join(""), this.signal);
    }
    if (flags.follow && !isJson) process.stderr.write(`-- ${printTarget(target)} is not there any more --\n`);
  }
}

/** For the prefixes; none where only one component was asked for. */
async function componentsOf(
  { service, component }: Target,
  agent: AgentClient,
  signal: AbortSignal,
): Promise<string[]> {
  if (component !== undefined) return [component];
  const { service: summary } = await agent.getService({ service }, { signal });
  return (summary?.components ?? []).map(({ name = "" }) => name);
}

const streams = { STREAM_STDOUT: "stdout", STREAM_STDERR: "stderr", STREAM_UNSPECIFIED: "stdout" } as const;

const jsonLine = ({ at, component, instance, stream, text, found }: LogLineJson): string =>
  JSON.stringify({
    at: at ?? null,
    component: component ?? "",
    instance: instance ?? "",
    stream: streams[(stream as keyof typeof streams) ?? "STREAM_STDOUT"] ?? "stdout",
    text: text ?? "",
    found: found ?? false,
  });
