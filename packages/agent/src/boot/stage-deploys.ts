import { asProblem, type Backoff, backoffMs, type ProblemJSON } from "@mcp/base";
import type { Engine } from "../engine/engine.ts";
import { isFinished } from "../engine/operation-feed.ts";
import type { Operations } from "../operations/operations.ts";
import { type BootDefinition, readDefinitions, standingOf } from "./definitions.ts";
import type { ConfiguredStage } from "./stage.ts";

const pauses: Backoff = { firstMs: 2_000, maxMs: 120_000 };

interface Attempt {
  readonly number: number;
  /** Absent where it was refused. */
  readonly operationId?: string;
  /** Why it did not come to be; absent while it is under way. */
  readonly failure?: string;
  /** By the clock that cannot jump: when the next one may be made. */
  readonly againAtMs: number;
}

/** Deploys what a stage names and the registry does not know, from the definitions of the agent's config. */
export class StageDeploys {
  readonly #engine: Engine;
  readonly #operations: Operations;
  /** By service. */
  readonly #attempts = new Map<string, Attempt>();

  constructor(engine: Engine, operations: Operations) {
    this.#engine = engine;
    this.#operations = operations;
  }

  /** What of the stage cannot run yet since it is not deployed, for people. */
  async bring({ services, definitions: files }: ConfiguredStage): Promise<string[]> {
    if (files.length === 0) return [];
    const missing: string[] = [];
    for (const service of services)
      if ((await standingOf(service, this.#engine.deps.registry)) === "unknown") missing.push(service);
    if (missing.length === 0) return [];
    const definitions = await readDefinitions(files);
    const waitingFor: string[] = [];
    for (const service of missing) waitingFor.push(...(await this.#bringOne(service, definitions)));
    return waitingFor;
  }

  async #bringOne(service: string, definitions: readonly BootDefinition[]): Promise<string[]> {
    const definition = definitions.find((each) => each.service === service);
    // One of those that cannot be read may be the one.
    if (definition?.service === undefined)
      return definitions.flatMap((each) =>
        each.service === undefined ? [`${service} (${each.problem.message})`] : [],
      );
    const known = await this.#judge(this.#attempts.get(service));
    const isDue =
      known === undefined ||
      (known.failure !== undefined && this.#engine.deps.clock.monotonic() >= known.againAtMs);
    const attempt = isDue ? await this.#deploy(await this.#nextNumber(known, service), definition) : known;
    this.#attempts.set(service, attempt);
    return [
      attempt.failure === undefined
        ? `${service} (being deployed from ${definition.file})`
        : `${service} (it could not be deployed: ${attempt.failure})`,
    ];
  }

  /** The service is not there: if its operation has ended, it ended badly. */
  async #judge(attempt: Attempt | undefined): Promise<Attempt | undefined> {
    if (attempt?.operationId === undefined || attempt.failure !== undefined) return attempt;
    const operation = await this.#engine.deps.registry.operation(attempt.operationId);
    if (operation && !isFinished(operation)) return attempt;
    const problem = operation?.problem as ProblemJSON | undefined;
    return this.#failed(attempt.number, problem?.message ?? "it was removed again");
  }

  /** What an earlier agent tried and failed with says nothing now: the file may have been mended since. */
  async #nextNumber(known: Attempt | undefined, service: string): Promise<number> {
    if (known) return known.number + 1;
    for (let number = 1; ; number++) {
      const operation = await this.#engine.deps.registry.operation(this.#requestId(service, number));
      if (!operation || !isFinished(operation)) return number;
    }
  }

  #requestId(service: string, number: number): string {
    return `boot-${this.#engine.boot.record.bootId}-${service}-${number}`;
  }

  /** An ordinary operation. Asked for by a name of its own, so that a new agent meets what the last one began. */
  async #deploy(number: number, definition: BootDefinition & { service: string }): Promise<Attempt> {
    const { file, toml, service } = definition;
    try {
      const { id } = await this.#operations.deploy(this.#requestId(service, number), {
        toml,
        file,
        imageRegistry: "",
      });
      return { number, operationId: id, againAtMs: 0 };
    } catch (thrown) {
      return this.#failed(number, asProblem(thrown).message);
    }
  }

  #failed(number: number, failure: string): Attempt {
    const { clock, random } = this.#engine.deps;
    return { number, failure, againAtMs: clock.monotonic() + backoffMs(pauses, number, random()) };
  }
}
