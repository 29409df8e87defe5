import { access, readdir, readFile, rm } from "node:fs/promises";
import { BlockList } from "node:net";
import { join } from "node:path";
import { realClock, run } from "@mcp/host";

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * The processes that were started for a rig: its folder is in their arguments or their environment, or, of those inside of
 * a container that lost its supervisor, their root lies in it.
 */
export async function processesOf(folder: string): Promise<{ pid: number; command: string }[]> {
  const found: { pid: number; command: string }[] = [];
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const [cmdline, environ, mounts] = await Promise.all(
      ["cmdline", "environ", "mountinfo"].map((name) =>
        readFile(`/proc/${pid}/${name}`, "utf8").catch(() => ""),
      ),
    );
    const root = mounts?.split("\n").find((line) => line.split(" ")[4] === "/") ?? "";
    // A zombie has none of them.
    if (`${cmdline}${environ}${root}`.includes(folder))
      found.push({ pid, command: (cmdline ?? "").replaceAll("\0", " ").trim() });
  }
  return found;
}

/**
 * By their ids, and only those. @param patience  how many looks they have to end by themselves.
 * @returns what did not end by itself.
 */
export async function endProcessesOf(folder: string, patience = 30): Promise<string[]> {
  const stubborn = new Set<string>();
  for (let tries = 0; tries < patience + 30; tries++) {
    const left = await processesOf(folder);
    if (left.length === 0) break;
    const mayEnd = tries < patience && !left.every(({ command }) => isPauseProcess(command));
    for (const { pid, command } of mayEnd ? [] : left) {
      stubborn.add(command);
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended.
      }
    }
    await realClock.sleep(100);
  }
  return [...stubborn];
}

/** What outlives every container of an ordinary user, until the user logs out. */
const isPauseProcess = (command: string): boolean => command.startsWith("catatonit");

export async function removeMounts(folder: string): Promise<void> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8"))
    .split("\n")
    .flatMap((line) => line.split(" ")[4] ?? [])
    .filter((path) => path.startsWith(`${folder}/`));
  for (const path of mounts.reverse()) await run(["umount", "--lazy", path], { anyExitCode: true });
}

/** What the OCI runtimes remember of a rig's containers: outside of its folder, and lost in a reboot. */
export async function removeRuntimeState(folder: string): Promise<void> {
  for (const root of ["/run/runc", "/run/crun"]) {
    for (const id of await readdir(root).catch(() => [])) {
      const texts = ["state.json", "status"].map((name) =>
        readFile(join(root, id, name), "utf8").catch(() => ""),
      );
      const isOurs = (await Promise.all(texts)).some((text) => text.includes(`${folder}/`));
      if (isOurs) await rm(join(root, id), { recursive: true, force: true });
    }
  }
}

/**
 * The bridges, network namespaces and DNS names of a rig's containers, which podman leaves behind when it is killed: told by the
 * networks that the rig's podman has made. Only root has any on the host.
 */
export async function removeNetworks(folder: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const networks = await Promise.all(
    (await readdir(join(folder, "networks")).catch(() => []))
      .filter((name) => name.endsWith(".json"))
      .map(async (name) => JSON.parse(await readFile(join(folder, "networks", name), "utf8")) as Network),
  );
  const gateways = new Set(networks.flatMap(({ subnets }) => subnets?.map(({ gateway }) => gateway) ?? []));
  for (const namespace of await readdir("/run/netns").catch(() => [])) {
    const routes = await run(["ip", "-n", namespace, "route", "show", "default"], { anyExitCode: true });
    const via = /via (\S+)/.exec(routes.stdout)?.[1];
    if (via && gateways.has(via)) await run(["ip", "netns", "delete", namespace], { anyExitCode: true });
  }
  await forgetNames(networks);
  for (const { network_interface: bridge } of networks)
    if (bridge) await run(["ip", "link", "delete", bridge], { anyExitCode: true });
  await removeEmptyNamespaces();
}

/** Of all of root's podmans on a machine; the format: a line of listening addresses, then `id ipv4 ipv6 names servers`. */
const namesFolder = "/run/containers/networks/aardvark-dns";

/**
 * What aardvark-dns still answers for a rig's containers, told by their addresses. It serves every podman of the machine from
 * one folder, reads that again at SIGHUP, and ends by itself when nothing is left in it.
 */
async function forgetNames(networks: readonly Network[]): Promise<void> {
  const ours = new BlockList();
  for (const { subnet } of networks.flatMap(({ subnets }) => subnets ?? [])) {
    const [address = "", bits] = subnet.split("/");
    if (address.includes(".")) ours.addSubnet(address, Number(bits), "ipv4");
  }
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

/** Those of podman's that hold no process and no interface, now and after a while: nothing will come into them. */
async function removeEmptyNamespaces(): Promise<void> {
  const empty = await emptyNamespaces();
  if (empty.length === 0) return;
  await realClock.sleep(fillsWithinMs);
  const still = await emptyNamespaces();
  for (const namespace of empty.filter((name) => still.includes(name)))
    await run(["ip", "netns", "delete", namespace], { anyExitCode: true });
}

async function emptyNamespaces(): Promise<string[]> {
  const all = (await readdir("/run/netns").catch(() => [])).filter((name) =>
    /^netns-[0-9a-f-]{36}$/.test(name),
  );
  const looked = await Promise.all(
    all.map(async (name) => {
      const links = await run(["ip", "-n", name, "-brief", "link"], { anyExitCode: true });
      const pids = await run(["ip", "netns", "pids", name], { anyExitCode: true });
      const isEmpty = links.stdout.trim().split("\n").length <= 1 && pids.stdout.trim() === "";
      return isEmpty ? [name] : [];
    }),
  );
  return looked.flat();
}

/** The parts of netavark's own description of a network that are read. */
interface Network {
  readonly network_interface?: string;
  readonly subnets?: readonly { readonly gateway: string; readonly subnet: string }[];
}

/** Mounts first: removing what is mounted would fail, or remove what is behind it. */
export async function removeTree(folder: string): Promise<void> {
  await removeMounts(folder);
  await removeRuntimeState(folder);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
