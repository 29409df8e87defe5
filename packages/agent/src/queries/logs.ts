import { isProblem } from "@mcp/base";
import type { InstanceRecord } from "@mcp/registry";
import type { LogLine, LogOptions, RuntimeKind } from "@mcp/runtime";
import type { Engine } from "../engine/engine.ts";
import { componentNotFound } from "../operations/proposal.ts";
import { followLogs } from "./logs-follow.ts";

export interface ComponentLogLine extends LogLine {
  readonly component: string;
  readonly instance: string;
}

interface Source {
  readonly component: string;
  readonly instance: string;
  readonly lines: AsyncIterable<LogLine>;
}

/**
 * The lines of a service or of one component, merged by time; with `follow`, as they are written, also by instances that
 * are started later, until there is no such service or component any more.
 * @throws Problem `service_not_found`, `component_not_found`; what the runtime says; `draining` when the agent ends.
 */
export async function* logs(
  engine: Engine,
  service: string,
  component: string | undefined,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<ComponentLogLine, void> {
  const { record } = await engine.states.load(service);
  if (component !== undefined && !record.components.some(({ name }) => name === component))
    throw componentNotFound(service, component);
  if (options.follow) return yield* followLogs(engine, { service, component }, options, signal);
  const joined = AbortSignal.any([signal, engine.signal]);
  const instances = startedOnes(record.instances, component);
  const sources = instances.map(({ name, component: of, kind }): Source => {
    const { runtime } = engine.runtimes.require(kind as RuntimeKind);
    const lines = linesOf(runtime.logs(name, options, joined), instances.length === 1);
    return { component: of, instance: name, lines };
  });
  yield* byTime(sources);
}

/** Those that have a log: of one component, or of all. */
export const startedOnes = (
  instances: readonly InstanceRecord[],
  component: string | undefined,
): InstanceRecord[] =>
  instances.filter(
    (one) => one.startedAtMs !== undefined && (component === undefined || one.component === component),
  );

/** A merge of sources that are each in order. */
async function* byTime(sources: readonly Source[]): AsyncGenerator<ComponentLogLine, void> {
  const heads = sources.map((source) => ({ source, iterator: source.lines[Symbol.asyncIterator]() }));
  try {
    const next = new Map(
      await Promise.all(heads.map(async (head) => [head, await head.iterator.next()] as const)),
    );
    for (;;) {
      let first: { head: (typeof heads)[number]; line: LogLine } | undefined;
      for (const [head, { done, value }] of next)
        if (!done && (!first || value.atMs < first.line.atMs)) first = { head, line: value };
      if (!first) return;
      const { component, instance } = first.head.source;
      yield { ...first.line, component, instance };
      next.set(first.head, await first.head.iterator.next());
    }
  } finally {
    // A reader that leaves early leaves files and connections open otherwise.
    await Promise.all(heads.map(({ iterator }) => iterator.return?.()));
  }
}

/** The lines of an instance; none if its runtime has lost it, so that the others' can still be read. */
async function* linesOf(lines: AsyncIterable<LogLine>, isOnlyOne: boolean): AsyncGenerator<LogLine, void> {
  try {
    yield* lines;
  } catch (thrown) {
    if (isOnlyOne || !isLost(thrown)) throw thrown;
  }
}

export const isLost = (thrown: unknown): boolean => isProblem(thrown) && thrown.code === "workload_not_found";
