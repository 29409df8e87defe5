import { Problem } from "@mcp/base";
import type { AgentClient, FollowEventsOptions } from "@mcp/client";
import { boolean, integer, string } from "@oclif/core/flags";
import { AgentCommand } from "../agent-command.ts";
import { optionalArgument } from "../argument.ts";
import { parseMoment } from "../definition/moment.ts";
import { parseTarget, type Target } from "../definition/target.ts";
import type { EventsReport } from "../reports/event-report.ts";
import { type EventReport, eventReport } from "../reports/status-report.ts";
import { writeText } from "../terminal/write-text.ts";
import { eventView } from "../views/event-view.ts";

const mostEvents = 10_000;

export default class Events extends AgentCommand {
  static override summary = "show what happened";
  static override description =
    "What changed, by whom it was asked for or by itself, oldest first: the last 100 events, or with --since all from then " +
    "on, at most 10000. A line has the time, the service and component (- is the node), the kind of event and what " +
    "happened. --follow goes on with what happens, also over a restart of the agent. With --json --follow each event is " +
    "an object on a line of its own.";
  static override args = {
    service: optionalArgument({ description: "only this service, or service/component" }),
  };
  static override flags = {
    service: string({ summary: "the same as the argument", helpValue: "SERVICE" }),
    since: string({ summary: "only what happened since: 10m, 2h, or a time", helpValue: "TIME" }),
    follow: boolean({ char: "f", summary: "go on as more happens" }),
    limit: integer({
      char: "n",
      summary: "only the last ones",
      helpValue: "COUNT",
      min: 0,
      max: mostEvents,
    }),
  };
  static override examples = [
    "<%= config.bin %> events",
    "<%= config.bin %> events hello --since 1h",
    "<%= config.bin %> events hello/web --follow",
  ];

  async run(): Promise<EventsReport | undefined> {
    const { args, flags } = await this.parse(Events);
    const target = targetOf(args.service, flags.service);
    const { limit = flags.since === undefined ? 100 : mostEvents } = flags;
    const agent = await this.agentFor(flags);
    const since = flags.since === undefined ? {} : { since: parseMoment(flags.since, Date.now()) };
    // One is always asked for: what is followed begins after it.
    const request = { ...target, ...since, limit: Math.max(limit, 1) };
    const { events: kept = [] } = await agent.listEvents(request, { signal: this.signal });
    const events = limit === 0 ? [] : kept.map(eventReport);
    if (flags.since !== undefined && flags.limit === undefined && events.length === mostEvents)
      process.stderr.write(`-- only the last ${mostEvents}: there are more since then --\n`);
    if (!flags.follow) return this.#printed(events);
    const show = this.jsonEnabled()
      ? (event: EventReport) => JSON.stringify(event)
      : eventView(this.style, events);
    await this.#write(events.map(show));
    const last = kept.map(eventReport).at(-1);
    await this.#follow(
      agent,
      { ...target, ...(last ? { afterId: last.id } : { afterId: 0, ...since }) },
      show,
    );
    return undefined;
  }

  async #printed(events: readonly EventReport[]): Promise<EventsReport> {
    if (!this.jsonEnabled()) await this.#write(events.map(eventView(this.style, events)));
    return { events };
  }

  async #follow(
    client: AgentClient,
    from: Omit<FollowEventsOptions, "client" | "signal">,
    show: (event: EventReport) => string,
  ): Promise<void> {
    const { followEvents } = await import("@mcp/client");
    for await (const followed of followEvents({ client, ...from, signal: this.signal }))
      if (followed.type === "event") await this.#write([show(eventReport(followed.event))]);
      else process.stderr.write("-- the agent went away: waiting for it --\n");
  }

  #write(lines: readonly string[]): Promise<void> {
    return writeText(lines.map((line) => `${line}\n`).join(""), this.signal);
  }
}

/** @throws Problem `usage` where two different ones are named. */
function targetOf(argument: string | undefined, flag: string | undefined): Partial<Target> {
  if (argument !== undefined && flag !== undefined && argument !== flag)
    throw new Problem(
      "usage",
      `both ${argument} and ${flag} are asked for`,
      "name one service: mcp events SERVICE",
    );
  const named = argument ?? flag;
  return named === undefined ? {} : parseTarget(named);
}
