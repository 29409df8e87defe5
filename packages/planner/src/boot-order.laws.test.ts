import fc from "fast-check";
import { describe, it } from "vitest";
import { type BootProgress, type BootStage, currentStage, mayRecover, nextStageState } from "./boot-order.ts";

/** Stages `s0`, `s1`, … with services of their own, which take so many looks until they are well; 0: never. */
interface Story {
  readonly stages: readonly BootStage[];
  readonly wellAfter: readonly number[];
}

const stories: fc.Arbitrary<Story> = fc
  .array(
    fc.record({
      services: fc.integer({ min: 0, max: 3 }),
      timeoutMs: fc.integer({ min: 1, max: 6 }),
      blocks: fc.boolean(),
      wellAfter: fc.integer({ min: 0, max: 12 }),
    }),
    { maxLength: 5 },
  )
  .map((drawn) => ({
    stages: drawn.map(({ services, timeoutMs, blocks }, index) => ({
      name: `s${index}`,
      services: Array.from({ length: services }, (_, number) => `v${index}-${number}`),
      timeoutMs,
      blocks,
    })),
    wellAfter: drawn.map(({ wellAfter }) => wellAfter),
  }));

const everyService = ({ stages }: Story): string[] => [
  ...stages.flatMap(({ services }) => services),
  "other",
];

/** Looks once a millisecond; a killed agent begins to count a stage anew, but knows how far it came. */
function live(story: Story, kills: ReadonlySet<number>, see: (progress: BootProgress) => void): BootProgress {
  let progress: BootProgress = {};
  let beganMs = 0;
  const looks = new Map<number, number>();
  for (let nowMs = 0; nowMs < 200; nowMs++) {
    if (kills.has(nowMs)) beganMs = nowMs;
    see(progress);
    const current = currentStage(story.stages, progress);
    if (current === undefined) return progress;
    const stage = story.stages[current] as BootStage;
    const seen = (looks.get(current) ?? 0) + 1;
    looks.set(current, seen);
    const needed = story.wellAfter[current] as number;
    const waitingFor = needed > 0 && seen >= needed ? [] : ["something"];
    const next = nextStageState(stage, progress[stage.name], { waitingFor, elapsedMs: nowMs - beganMs });
    if (next === undefined) continue;
    progress = { ...progress, [stage.name]: next };
    if (next !== "late") beganMs = nowMs;
  }
  return progress;
}

const kills = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 3 }).map((some) => new Set(some));

describe("whatever happens in a boot", () => {
  it("nothing of a stage is let go before all stages ahead of it have passed, or do not block and gave up", () => {
    fc.assert(
      fc.property(stories, kills, (story, killed) => {
        live(story, killed, (progress) => {
          for (const [index, { services }] of [...story.stages, { services: ["other"], name: "" }].entries())
            for (const service of services)
              if (mayRecover(story.stages, progress, service))
                for (const { name, blocks } of story.stages.slice(0, index))
                  if (progress[name] !== "passed" && (blocks || progress[name] !== "gave-up"))
                    throw new Error(`${service} was let go before ${name} had ended`);
        });
      }),
    );
  });

  it("what was let go is never held again", () => {
    fc.assert(
      fc.property(stories, kills, (story, killed) => {
        const free = new Set<string>();
        live(story, killed, (progress) => {
          for (const service of everyService(story)) {
            const may = mayRecover(story.stages, progress, service);
            if (!may && free.has(service)) throw new Error(`${service} is held again`);
            if (may) free.add(service);
          }
        });
      }),
    );
  });

  it("every service is let go at last, unless a blocking stage never passes", () => {
    fc.assert(
      fc.property(stories, kills, (story, killed) => {
        const progress = live(story, killed, () => {});
        const stuck = story.stages.findIndex(({ blocks }, index) => blocks && story.wellAfter[index] === 0);
        for (const service of everyService(story)) {
          const own = story.stages.findIndex(({ services }) => services.includes(service));
          const shouldBe = stuck === -1 || (own !== -1 && own <= stuck);
          if (mayRecover(story.stages, progress, service) !== shouldBe)
            throw new Error(`${service} is ${shouldBe ? "held for ever" : "let go past a blocking stage"}`);
        }
      }),
    );
  });
});
