import type { LogLine, LogOptions } from "@mcp/runtime";
import { AsyncQueue } from "../engine/async-queue.ts";
import type { Engine } from "../engine/engine.ts";
import { componentNotFound } from "../operations/operations.ts";

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
  const sources = record.instances
    .filter((instance) => component === undefined || instance.component === component)
    .filter(({ startedAtMs }) => startedAtMs !== undefined)
    .map(({ name, component: of, kind }): Source => {
      const { runtime } = engine.runtimes.require(kind as Parameters<typeof engine.runtimes.require>[0]);
      return { component: of, instance: name, lines: runtime.logs(name, options, joined) };
    });
  try {
    yield* options.follow ? asTheyCome(sources, joined) : byTime(sources);
  } finally {
    ending.abort();
  }
}

/** A merge of sources that are each in order. */
async function* byTime(sources: readonly Source[]): AsyncGenerator<ComponentLogLine, void> {
  const heads = await Promise.all(
    sources.map(async (source) => {
      const iterator = source.lines[Symbol.asyncIterator]();
      return { source, iterator, next: await iterator.next() };
    }),
  );
  for (;;) {
    const open = heads.filter(({ next }) => !next.done);
    const first = open.reduce<(typeof open)[number] | undefined>(
      (best, head) => (best && best.next.value.atMs <= head.next.value.atMs ? best : head),
      undefined,
    );
    if (!first) return;
    yield { ...first.next.value, component: first.source.component, instance: first.source.instance };
    first.next = await first.iterator.next();
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
