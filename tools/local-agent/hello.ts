import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { Problem } from "@mcp/base";
import { realClock, run } from "@mcp/host";
import { staticBusybox } from "../podman-here/static-busybox.ts";
import type { Places } from "./places.ts";

export const helloImage = "localhost/mcp-hello:1";
/** On every image of hello, with what it was made of. */
export const contentLabel = "mcp.hello.content";
const files = ["Dockerfile", "serve.sh", "index.html"] as const;
const answersWithinMs = 15_000;

/** Build hello's image by podman; false if there is one of the same content. */
export async function buildHello(places: Places, env: Readonly<Record<string, string>>): Promise<boolean> {
  const example = join(places.checkout, "examples/hello");
  const busybox = await staticBusybox();
  const hash = createHash("sha256").update(await readFile(busybox));
  for (const file of files) hash.update(await readFile(join(example, file)));
  const content = hash.digest("hex");
  const label = ["podman", "image", "inspect", "--format", `{{index .Labels "${contentLabel}"}}`, helloImage];
  if ((await run(label, { env, anyExitCode: true })).stdout.trim() === content) return false;
  const context = join(places.state, "hello-image");
  await mkdir(context, { recursive: true });
  for (const file of files) await copyFile(join(example, file), join(context, file));
  await copyFile(busybox, join(context, "busybox"));
  const build = [
    "podman",
    "build",
    "--quiet",
    "--label",
    `${contentLabel}=${content}`,
    "--tag",
    helloImage,
    context,
  ];
  await run(build, { env, timeoutMs: 120_000 });
  await rm(context, { recursive: true });
  return true;
}

/** One of the services made from hello's image. */
export interface Hello {
  readonly name: string;
  /** For people. */
  readonly what: string;
}
export const asContainer: Hello = { name: "hello", what: "container" };
export const asVm: Hello = { name: "hello-vm", what: "microVM" };

/**
 * Put a definition where `tools/mcp deploy` finds it. One that is there already is left as it is, since somebody may have
 * edited it, unless a port is asked for.
 *
 * @param held  the port that it has now, if it runs.
 * @returns the port that it publishes.
 * @throws Problem `port_taken`, with the definition left as it was.
 */
export async function placeDefinition(
  places: Places,
  { name }: Hello,
  port: number | undefined,
  held: number | undefined,
): Promise<number> {
  const path = join(places.services, `${name}.toml`);
  const example = await readFile(join(places.checkout, `examples/hello/${name}.toml`), "utf8");
  const placed = await readFile(path, "utf8").catch(() => undefined);
  const text =
    port === undefined ? (placed ?? example) : (placed ?? example).replace(published, `$1${port}$3`);
  const wanted = portOf(text);
  if (wanted !== held) await mustBeFree(wanted);
  if (text !== placed) await writeFile(path, text);
  return wanted;
}

/** The host port that a definition of hello publishes. */
export const portOf = (toml: string): number => Number(published.exec(toml)?.[2] ?? 0);

const published = /(127\.0\.0\.1:)(\d+)(:8080)/;

async function mustBeFree(port: number): Promise<void> {
  const isFree = await new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
  if (isFree) return;
  throw new Problem(
    "port_taken",
    `port ${port} of this machine is held by another program`,
    `choose another: tools/quickstart --port ${port + 2}`,
  );
}

/** Ask hello over HTTP until it answers, and return the heading of its page with the kernel that it names. */
export async function askHello({ name }: Hello, port: number): Promise<string> {
  const deadline = realClock.monotonic() + answersWithinMs;
  for (;;) {
    // A virtual machine's port takes a connection before anything in the guest listens: short tries get through sooner.
    const page = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(500) })
      .then((answer) => (answer.ok ? answer.text() : undefined))
      .catch(() => undefined);
    if (page !== undefined) return said(page);
    if (realClock.monotonic() > deadline) {
      const what = `${name} runs, but does not answer on http://127.0.0.1:${port}/`;
      throw new Problem("timed_out", what, `see: tools/mcp status ${name}; tools/mcp logs ${name}`);
    }
    await realClock.sleep(50);
  }
}

function said(page: string): string {
  const heading = /<h1>(.*?)<\/h1>/.exec(page)?.[1] ?? page.slice(0, 60);
  const kernel = /<b>Linux ([^-<]+(?:-[^-<]+)?).*?<\/b>/.exec(page)?.[1];
  return kernel === undefined ? heading : `${heading}, on Linux ${kernel}`;
}
