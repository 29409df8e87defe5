import { addressesOf, countAddresses, isAddressOf, Problem, printSubnet, type Subnet } from "@mcp/base";
import type { Queries, Reads } from "./database.ts";

/** A component of a proposal that is to have an address of a subnet, in which the bridge has `subnet.address`. */
export interface AddressWish {
  readonly component: string;
  readonly subnet: Subnet;
}

/** What decides about the addresses of a proposal. */
export interface AddressWishes {
  readonly service: string;
  readonly addresses: readonly AddressWish[];
  /** Given to nobody anew, since strangers answer for them. */
  readonly answered?: readonly string[];
}

export interface GivenAddress {
  readonly component: string;
  readonly address: string;
}

export interface HeldAddress extends GivenAddress {
  readonly service: string;
}

/**
 * Each address once. An instance keeps its own until it is removed, whatever became of its revision: it may run still.
 * Of one component the newest comes first.
 */
export async function loadHeldAddresses(queries: Reads): Promise<HeldAddress[]> {
  const claimed = await queries
    .selectFrom("address_claim")
    .select(["service", "component", "address"])
    .orderBy("service")
    .orderBy("component")
    .orderBy("revision", "desc")
    .execute();
  const kept = await queries
    .selectFrom("instance")
    .select(["service", "component", "address"])
    .where("address", "is not", null)
    .orderBy("service")
    .orderBy("component")
    .orderBy("created_at_ms", "desc")
    .orderBy("name")
    .execute();
  const all = [...claimed, ...kept.map((each) => ({ ...each, address: each.address ?? "" }))];
  return [...new Map(all.toReversed().map((held) => [held.address, held])).values()].toReversed();
}

/**
 * The address that each component has already, if its subnet has that still, else the lowest that nobody has.
 *
 * @throws Problem `addresses_exhausted`, which counts who has them.
 */
export async function giveAddresses(queries: Reads, wishes: AddressWishes): Promise<GivenAddress[]> {
  if (wishes.addresses.length === 0) return [];
  const held = await loadHeldAddresses(queries);
  const taken = takenBy(held, wishes);
  const given: GivenAddress[] = [];
  for (const wish of wishes.addresses) {
    const address = ownAddress(held, wishes.service, wish) ?? firstFree(wish.subnet, taken);
    if (address === undefined) throw exhausted(wish, held, given, wishes);
    taken.add(address);
    given.push({ component: wish.component, address });
  }
  return given;
}

/**
 * Those that the proposal would be given anew, and after them as many as `spare` more: others may be given the first
 * ones meanwhile. Nothing where each component has its own already.
 */
export async function findNewAddresses(
  queries: Reads,
  wishes: AddressWishes,
  spare: number,
): Promise<string[]> {
  const held = await loadHeldAddresses(queries);
  const taken = takenBy(held, wishes);
  const anew = wishes.addresses.filter((wish) => ownAddress(held, wishes.service, wish) === undefined);
  const found: string[] = [];
  for (const { subnet } of anew.length === 0 ? [] : [...anew, ...Array(spare).fill(anew[0])]) {
    const address = firstFree(subnet, taken);
    if (address === undefined) continue;
    taken.add(address);
    found.push(address);
  }
  return found;
}

/** See `Registry.propose`. */
export async function claimAddresses(
  queries: Queries,
  revision: number,
  { service, addresses }: AddressWishes,
  given: readonly GivenAddress[],
): Promise<void> {
  for (const { component, address } of given) {
    const wish = addresses.find((each) => each.component === component);
    if (!wish) continue;
    const subnet = printSubnet(wish.subnet);
    await queries
      .insertInto("address_claim")
      .values({ service, revision, component, subnet, address })
      .execute();
  }
}

const takenBy = (held: readonly HeldAddress[], { answered = [] }: AddressWishes): Set<string> =>
  new Set([...held.map(({ address }) => address), ...answered]);

/** A component never has two of one subnet, so that whatever of it runs is at the one that it is given again. */
const ownAddress = (
  held: readonly HeldAddress[],
  service: string,
  { component, subnet }: AddressWish,
): string | undefined =>
  held.find(
    (each) => each.service === service && each.component === component && isAddressOf(subnet, each.address),
  )?.address;

function firstFree(subnet: Subnet, taken: ReadonlySet<string>): string | undefined {
  for (const address of addressesOf(subnet)) if (!taken.has(address)) return address;
  return undefined;
}

const mostNamed = 3;

function exhausted(
  { component, subnet }: AddressWish,
  held: readonly HeldAddress[],
  given: readonly GivenAddress[],
  { service, answered = [] }: AddressWishes,
): Problem {
  const anew = given.filter(({ address }) => !held.some((each) => each.address === address));
  const inIt = [...held, ...anew.map((each) => ({ ...each, service }))].filter(({ address }) =>
    isAddressOf(subnet, address),
  );
  const byService = [...Map.groupBy(inIt, (each) => each.service)]
    .map(([name, addresses]) => ({ name, count: addresses.length }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  const strangers = answered.filter((address) => isAddressOf(subnet, address)).length;
  const named = byService.slice(0, mostNamed).map(({ name, count }) => `${name} has ${count}`);
  const more = byService.length - named.length;
  const parts = [
    ...named,
    ...(more > 0 ? [`${more} more services have the others`] : []),
    ...(strangers > 0 ? [`strangers on the bridge answer for ${strangers}`] : []),
  ];
  const largest = byService.find(({ name }) => name !== service);
  return new Problem(
    "addresses_exhausted",
    `no address is left for ${service}/${component}: of the ${countAddresses(subnet)} of ${printSubnet(subnet)} ${parts.join(", ")}`,
    `${largest ? `undeploy what is not needed, such as: mcp undeploy ${largest.name}; or ` : ""}give the bridge a larger subnet`,
  );
}
