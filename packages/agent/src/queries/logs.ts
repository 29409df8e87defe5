import { isProblem } from "@mcp/base";
import type { LogLine, LogOptions, RuntimeKind } from "@mcp/runtime";
import { AsyncQueue } from "../engine/async-queue.ts";
import type { Engine } from "../engine/engine.ts";
import { componentNotFound } from "../operations/proposal.ts";

export interface ComponentLogLine extends LogLine {
  readonly component: string;
  readonly instance: string;
}

interface Source {
  readonly component: string;
  readonly instance: string;
  readonly lines: AsyncIterable<LogLine>;
}

/** How many lines may wait for a slow reader before the sources are held back. */
const mostWaiting = 1_000;

/**
 * The lines of a service or of one component, merged by time; with `follow`, of all its instances as they are written.
 * @throws Problem `service_not_found`, `component_not_found`; what the runtime says.
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
    throw componentNotFound(service, component, `${service} has no such component`);
  const ending = new AbortController();
  const joined = AbortSignal.any([signal, engine.signal, ending.signal]);
  const instances = record.instances
    .filter((instance) => component === undefined || instance.component === component)
    .filter(({ startedAtMs }) => startedAtMs !== undefined);
  const sources = instances.map(({ name, component: of, kind }): Source => {
    const { runtime } = engine.runtimes.require(kind as RuntimeKind);
    const lines = linesOf(runtime.logs(name, options, joined), instances.length === 1);
    return { component: of, instance: name, lines };
  });
  try {
    yield* options.follow ? asTheyCome(sources, joined) : byTime(sources);
  } finally {
    ending.abort();
  }
}

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
    if (isOnlyOne || !isProblem(thrown) || thrown.code !== "workload_not_found") throw thrown;
  }
}

async function* asTheyCome(
  sources: readonly Source[],
  signal: AbortSignal,
): AsyncGenerator<ComponentLogLine, void> {
  const queue = new AsyncQueue<ComponentLogLine>();
  let failure: { thrown: unknown } | undefined;
  const reading = Promise.all(
    sources.map(async ({ component, instance, lines }) => {
      for await (const line of lines) {
        queue.push({ ...line, component, instance });
        while (queue.length > mostWaiting && !signal.aborted) await queue.drained();
      }
    }),
  )
    .catch((thrown: unknown) => {
      if (!signal.aborted) failure = { thrown };
    })
    .finally(() => queue.end());
  signal.addEventListener("abort", () => queue.end(), { once: true });
  yield* queue;
  if (failure) throw failure.thrown;
  if (!signal.aborted) await reading;
}
