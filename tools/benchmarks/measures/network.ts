import type { BenchNode } from "../bench-node.ts";
import type { Measure, Taken } from "../measure.ts";
import { middle, type Pair, takePairs } from "../pairs.ts";
import { median } from "../ratio.ts";
import { NetworkNode } from "./network-node.ts";
import { TapByHand } from "./tap-by-hand.ts";
import { type Kind, Traffic } from "./traffic.ts";

/** Until QEMU begins, of a deploy that gives an address anew, and of one that knows it. */
interface Deployed {
  readonly first: number;
  readonly again: number;
}

const addedLimitMs = 30;
/** A machine that others use takes turns of some milliseconds: so many pairs that their middle is known this exactly. */
const addedKnownToMs = 10;

/** What a machine that has ended leaves behind is taken away meanwhile. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1_000));

async function deployedOn(node: NetworkNode): Promise<Deployed> {
  await settle();
  const first = await node.untilQemu("first");
  await node.stop();
  await settle();
  const again = await node.untilQemu("again");
  await node.undeploy();
  return { first, again };
}

async function takeAdded(node: BenchNode): Promise<readonly Pair<Deployed>[]> {
  await using bridged = await NetworkNode.start(node, "mcp-br0");
  await using user = await NetworkNode.start(node, "");
  // The images are built, and what is found out once is, before anything counts.
  for (const each of [bridged, user]) await deployedOn(each);
  const enough = (pairs: readonly Pair<Deployed>[]): boolean =>
    (["first", "again"] as const).every((which) => {
      const { from, to } = added(pairs, which);
      return to - from <= 2 * addedKnownToMs;
    });
  return await takePairs(
    () => deployedOn(bridged),
    () => deployedOn(user),
    { least: 6, most: 10, enough },
  );
}

const added = (pairs: readonly Pair<Deployed>[], which: keyof Deployed) =>
  middle(pairs.map(({ ours, theirs }) => ours[which] - theirs[which]));

function adds(
  which: keyof Deployed,
  name: string,
  pairsOf: (node: BenchNode) => Promise<readonly Pair<Deployed>[]>,
): Measure {
  return {
    name,
    limit: addedLimitMs,
    unit: "ms",
    needs: "network",
    async take(node) {
      const pairs = await pairsOf(node);
      const { median: value, from, to } = added(pairs, which);
      const all = (of: (pair: Pair<Deployed>) => number): string => median(pairs.map(of)).toFixed(0);
      return {
        value,
        detail:
          `${from.toFixed(0)} to ${to.toFixed(0)} ms in 95 of 100 cases, ${pairs.length} pairs; ` +
          `${all(({ ours }) => ours[which])} ms until QEMU begins, on user networking ${all(({ theirs }) => theirs[which])} ms`,
      };
    },
  };
}

/** Both rows are of the same deploys. */
const takenOnce = <T>(take: (node: BenchNode) => Promise<T>): ((node: BenchNode) => Promise<T>) => {
  let taken: Promise<T> | undefined;
  return (node) => {
    taken ??= take(node);
    return taken;
  };
};

const pairsAdded = takenOnce(takeAdded);

/** 0.9 × of the throughput, and 0.9 × as quick. */
const slowestRatio = 1 / 0.9;
const rounds = 5;
/** Of each round, in turn, and so short that many are not held up by what else the machine does. */
const slices = 24;
/** The first that a bridge gives. */
const address = "10.99.0.2";
const sliceMiB = 8;

interface Way {
  readonly kind: Kind;
  readonly name: string;
  readonly count: number;
  readonly print: (ms: number) => string;
}

const throughput = (ms: number): string => `${((sliceMiB * 1_000) / ms).toFixed(0)} MiB/s`;
const ways: readonly Way[] = [
  { kind: "to", name: "a stream to a guest on the bridge", count: sliceMiB * 16, print: throughput },
  { kind: "from", name: "a stream from a guest on the bridge", count: sliceMiB * 16, print: throughput },
  {
    kind: "round trips",
    name: "a round trip of 64 bytes to a guest on the bridge",
    count: 200,
    print: (ms) => `${(ms * 1_000).toFixed(0)} µs`,
  },
];

/** What others do on this machine can only make a slice slower: the slowest of the quickest quarter. */
const undisturbed = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 4)] ?? Number.NaN;

async function takeWays(node: BenchNode): Promise<ReadonlyMap<Kind, Taken>> {
  await using ours = await NetworkNode.start(node, "mcp-br0");
  await ours.untilQemu("traffic");
  await using hand = await TapByHand.like(await ours.pid());
  await using toOurs = new Traffic(ours.namespace, address);
  await using toHand = new Traffic(hand.namespace, address);
  const found = new Map<Kind, Taken>();
  for (const { kind, count, print } of ways) {
    const order = { kind, count };
    // What QEMU translates once, it has for both.
    for (const each of [toOurs, toHand]) await each.send(order);
    const taken: Pair<number>[] = [];
    for (let round = 0; round < rounds; round++) {
      const pairs = await takePairs(
        () => toOurs.send(order),
        () => toHand.send(order),
        { least: slices },
      );
      taken.push({
        ours: undisturbed(pairs.map((pair) => pair.ours)),
        theirs: undisturbed(pairs.map((pair) => pair.theirs)),
      });
    }
    const ratios = taken.map((pair) => pair.ours / pair.theirs);
    found.set(kind, {
      value: median(ratios),
      detail:
        `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}; ${print(median(taken.map((pair) => pair.ours)))}, ` +
        `by hand ${print(median(taken.map((pair) => pair.theirs)))}`,
    });
  }
  return found;
}

const waysTaken = takenOnce(takeWays);

export const network: readonly Measure[] = [
  adds(
    "first",
    "network: TAP, rules and a new address in a deploy of a microVM, over user networking",
    pairsAdded,
  ),
  adds("again", "network: the same with the address that it has already", pairsAdded),
  ...ways.map(
    ({ kind, name }): Measure => ({
      name: `network: ${name}: its time, over a TAP set up by hand without rules`,
      limit: slowestRatio,
      unit: "×",
      needs: "network",
      async take(node) {
        const taken = (await waysTaken(node)).get(kind);
        if (!taken) throw new Error(`nothing was sent: ${kind}`);
        return taken;
      },
    }),
  ),
];
