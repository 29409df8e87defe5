import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { BlockList } from "node:net";
import { basename, join } from "node:path";
import { realClock, run } from "@mcp/host";

/** An IPv4 range. */
export interface Range {
  readonly address: string;
  readonly bits: number;
}

/**
 * The addresses of a rig's networks: one of 512 parts of 10.16.0.0 to 10.79.255.255, where no podman takes any unless it is
 * told to, so that a rig's are not those of another podman on the machine.
 */
export function rangeOf(folder: string): Range {
  const part = createHash("sha256").update(basename(folder)).digest().readUInt16BE() % 512;
  return { address: `10.${16 + Math.floor(part / 8)}.${(part % 8) * 32}.0`, bits: 19 };
}

/** What `[network]` of a rig's containers.conf says, so that its networks lie in its range: 32 of 253 containers. */
export function networkConfig(folder: string): string[] {
  const { address, bits } = rangeOf(folder);
  return [
    "[network]",
    `network_config_dir = "${folder}/networks"`,
    `default_subnet = "${address}/24"`,
    `default_subnet_pools = [{"base" = "${address}/${bits}", "size" = 24}]`,
  ];
}

/**
 * The bridges, network namespaces and DNS names of a rig's containers, which podman leaves behind when it is killed. The
 * rig's processes must have ended: a namespace with a process in it, or a bridge with a port, is somebody else's, and stays.
 * Only root has any on the host.
 */
export async function removeNetworks(folder: string, range: Range = rangeOf(folder)): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const ours = new BlockList();
  ours.addSubnet(range.address, range.bits, "ipv4");
  const named = await namespacesNamedIn(folder);
  for (const namespace of await podmanNamespaces()) {
    const isOurs = named.has(namespace) || ours.check(await gatewayOf(namespace), "ipv4");
    if (isOurs && !(await isInhabited(namespace))) await removeNamespace(namespace);
  }
  await forgetNames(ours);
  for (const network of await networksOf(folder)) await removeBridge(network);
  await removeEmptyNamespaces();
}

/** Each is named by an id that is nobody else's; those of containers that are gone may be among them. */
async function namespacesNamedIn(folder: string): Promise<ReadonlySet<string>> {
  const state = await readFile(join(folder, "root/libpod/bolt_state.db"), "latin1").catch(() => "");
  return new Set(state.match(/netns-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g));
}

async function podmanNamespaces(): Promise<string[]> {
  const all = await readdir("/run/netns").catch(() => []);
  return all.filter((name) => /^netns-[0-9a-f-]{36}$/.test(name));
}

/** "" where there is none. */
async function gatewayOf(namespace: string): Promise<string> {
  const routes = await run(["ip", "-n", namespace, "route", "show", "default"], { anyExitCode: true });
  return /via (\S+)/.exec(routes.stdout)?.[1] ?? "";
}

/** Also where that cannot be told. */
async function isInhabited(namespace: string): Promise<boolean> {
  const { stdout, exitCode } = await run(["ip", "netns", "pids", namespace], { anyExitCode: true });
  return exitCode !== 0 || stdout.trim() !== "";
}

const removeNamespace = (name: string) => run(["ip", "netns", "delete", name], { anyExitCode: true });

/** The parts of netavark's own description of a network that are read. */
interface Network {
  readonly network_interface?: string;
  readonly subnets?: readonly { readonly gateway: string; readonly subnet: string }[];
}

async function networksOf(folder: string): Promise<Network[]> {
  const names = (await readdir(join(folder, "networks")).catch(() => [])).filter((name) =>
    name.endsWith(".json"),
  );
  return Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(folder, "networks", name), "utf8")) as Network),
  );
}

/** Two podmans may have named theirs alike, and then share it: of that only the addresses go. */
async function removeBridge({ network_interface: bridge, subnets = [] }: Network): Promise<void> {
  if (!bridge) return;
  const { stdout } = await run(["ip", "-o", "addr", "show", "dev", bridge], { anyExitCode: true });
  const addresses = [...stdout.matchAll(/ inet6? (\S+) (?=.*scope global)/g)].map(([, address]) => address);
  const own = subnets.map(({ gateway, subnet }) => `${gateway}/${subnet.split("/")[1]}`);
  if (!own.some((address) => addresses.includes(address))) return;
  if (await losesItsPorts(bridge)) await run(["ip", "link", "delete", bridge], { anyExitCode: true });
  else if (addresses.some((address) => !own.includes(address ?? "")))
    for (const address of own)
      await run(["ip", "addr", "del", address, "dev", bridge], { anyExitCode: true });
}

/** Those of a namespace that was deleted go a moment later. */
async function losesItsPorts(bridge: string): Promise<boolean> {
  for (let tries = 0; tries < 20; tries++) {
    const ports = await run(["ip", "-o", "link", "show", "master", bridge], { anyExitCode: true });
    if (ports.exitCode === 0 && ports.stdout.trim() === "") return true;
    await realClock.sleep(50);
  }
  return false;
}

/** Of all of root's podmans on a machine; the format: a line of listening addresses, then `id ipv4 ipv6 names servers`. */
const namesFolder = "/run/containers/networks/aardvark-dns";

/**
 * What aardvark-dns still answers for a rig's containers, told by their addresses. It serves every podman of the machine from
 * one folder, reads that again at SIGHUP, and ends by itself when nothing is left in it.
 */
async function forgetNames(ours: BlockList): Promise<void> {
  const isStale = (line: string) => {
    const address = line.split(" ")[1] ?? "";
    return /^[0-9a-f]{64} /.test(line) && address !== "" && ours.check(address, "ipv4");
  };
  let found = false;
  for (const name of (await readdir(namesFolder).catch(() => [])).filter((file) => file !== "aardvark.pid")) {
    const path = join(namesFolder, name);
    const stale = (await readFile(path, "utf8").catch(() => "")).split("\n").filter(isStale);
    const edits = stale.flatMap((line) => ["--expression", `/^${line.slice(0, 64)} /d`]);
    // Netavark's own lock, since other podmans write there too.
    if (stale.length > 0)
      await run(["flock", `${namesFolder}/../aardvark.lock`, "sed", "--in-place", ...edits, path]);
    found ||= stale.length > 0;
    const left = await readFile(path, "utf8").catch(() => "");
    if (stale.length > 0 && left.trim().split("\n").length <= 1) await rm(path, { force: true });
  }
  const server = Number(await readFile(join(namesFolder, "aardvark.pid"), "utf8").catch(() => ""));
  if (found && server > 1) await run(["kill", "-HUP", String(server)], { anyExitCode: true });
}

/** Podman fills one within a moment of making it. */
const fillsWithinMs = 3_000;

/**
 * Those of podman's that hold no process and no interface, now and after a while, and that no podman is left to fill: a killed
 * one notes no owner. Where another podman lives they stay, for the last rig that is closed.
 */
async function removeEmptyNamespaces(): Promise<void> {
  const empty = await emptyNamespaces();
  if (empty.length === 0 || (await anyPodmanLives())) return;
  await realClock.sleep(fillsWithinMs);
  const still = await emptyNamespaces();
  if (await anyPodmanLives()) return;
  for (const namespace of empty.filter((name) => still.includes(name))) await removeNamespace(namespace);
}

async function anyPodmanLives(): Promise<boolean> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const names = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")));
  return names.some((name) => /^(podman|netavark)$/.test(name.trim()));
}

async function emptyNamespaces(): Promise<string[]> {
  const looked = await Promise.all(
    (await podmanNamespaces()).map(async (name) => {
      const links = await run(["ip", "-n", name, "-brief", "link"], { anyExitCode: true });
      const isBare = links.exitCode === 0 && links.stdout.trim().split("\n").length <= 1;
      return isBare && !(await isInhabited(name)) ? [name] : [];
    }),
  );
  return looked.flat();
}
