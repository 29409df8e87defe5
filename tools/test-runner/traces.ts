import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@mcp/host";

/** What programs can leave behind on a machine, by kind; each trace is a text that says what it is. */
export type Traces = ReadonlyMap<string, ReadonlySet<string>>;

/** What belongs to a test run even where nothing ties it to its parent. */
const started =
  /^(conmon|podman|runc|crun|netavark|slirp4netns|pasta|rootlessport|qemu-system-\S*|virtiofsd|docker-registry|mcp-agent)$/;

/** The name that the keeper of a virtual machine gives itself; it is a shell, and inherits nothing. */
const keeper = "mcp-vm-keeper";

/**
 * One aardvark-dns serves every podman of root's from this folder, for as long as there is a name in it; so the names are
 * traces, and the process, which names from before a test may keep alive, is not.
 */
const namesFolder = "/run/containers/networks/aardvark-dns";

/** Every process, container, network, link, namespace, table of ours, mount and temporary file there is now. */
export async function takeTraces(): Promise<Traces> {
  const podman = (...args: string[]) => lines(["podman", ...args]);
  const [processes, containers, networks, volumes, links, namespaces, tables, names, files, mounts] =
    await Promise.all([
      runningProcesses(),
      podman("ps", "--all", "--format", "{{.Names}} ({{.Image}})"),
      podman("network", "ls", "--format", "{{.Name}}"),
      podman("volume", "ls", "--format", "{{.Name}}"),
      lines(["ip", "-o", "link"]).then((all) =>
        all.map((link) => link.split(":")[1]?.trim().split("@")[0] ?? ""),
      ),
      lines(["ip", "netns", "list"]).then((all) => all.map((name) => name.split(" ")[0] ?? "")),
      ourTables(),
      containerNames(),
      temporaryFiles(),
      mountPoints(),
    ]);
  return new Map(
    Object.entries({
      process: processes,
      container: containers,
      "podman network": networks,
      "podman volume": volumes,
      link: links,
      "network namespace": namespaces,
      "table of nftables": tables,
      "name of a container": names,
      "temporary file": files,
      mount: mounts,
    }).map(([kind, found]) => [kind, new Set(found)]),
  );
}

/** What is there now and was not before: `container: hello-a1b2 (localhost/hello:1)`. */
export function newTraces(before: Traces, now: Traces): string[] {
  return [...now].flatMap(([kind, found]) =>
    [...found].filter((trace) => !before.get(kind)?.has(trace)).map((trace) => `${kind}: ${trace}`),
  );
}

async function lines(argv: readonly string[]): Promise<string[]> {
  const { stdout } = await run(argv, { anyExitCode: true });
  return stdout.split("\n").filter((text) => text !== "");
}

/** Marked by a variable that everything a test starts inherits, or of a kind that only tests start here. */
async function runningProcesses(): Promise<string[]> {
  const mark = `MCP_TEST_RUN=${process.env.MCP_TEST_RUN ?? "none"}`;
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        const [argv, environment, comm] = await Promise.all(
          ["cmdline", "environ", "comm"].map((file) =>
            readFile(`/proc/${pid}/${file}`, "utf8").catch(() => ""),
          ),
        );
        const isKeeper = argv?.split("\0").includes(keeper) ?? false;
        const ours = isKeeper || environment?.split("\0").includes(mark) || started.test(comm?.trim() ?? "");
        return ours && argv && !argv.includes(namesFolder)
          ? [`${argv.replaceAll("\0", " ").trim().slice(0, 160)} (pid ${pid})`]
          : [];
      } catch {
        return [];
      }
    }),
  );
  return found.flat();
}

/** Of the agent; others' come and go with others. Who may not list them, or has not nft in his path, makes none. */
async function ourTables(): Promise<string[]> {
  const all = await lines(["nft", "list", "tables"]).catch(() => []);
  return all.filter((table) => /^table \w+ mcp$/.test(table));
}

/** Those that aardvark-dns answers for. */
async function containerNames(): Promise<string[]> {
  const files = (await readdir(namesFolder).catch(() => [])).filter((name) => name !== "aardvark.pid");
  const texts = await Promise.all(
    files.map((name) => readFile(join(namesFolder, name), "utf8").catch(() => "")),
  );
  return texts.flatMap((text) => text.split("\n").filter((line) => /^[0-9a-f]{64} /.test(line)));
}

/**
 * What package managers and compilers keep for themselves is no test's. Rigs of podman and of virtual machines lie in `/tmp`
 * itself, since the paths of their sockets must be short; and some tests name it.
 */
async function temporaryFiles(): Promise<string[]> {
  const own = (await readdir(tmpdir())).filter((name) => !/^(pnpm-|node-compile-cache|tsx-)/.test(name));
  const rigs = (await readdir("/tmp")).filter((name) => /^mcpt?-/.test(name));
  return [...own.map((name) => join(tmpdir(), name)), ...rigs.map((name) => join("/tmp", name))];
}

async function mountPoints(): Promise<string[]> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  return table.split("\n").flatMap((row) => row.split(" ")[4] ?? []);
}
