/** What an ordinary user can do, in the rig whose folder is given; prints it as JSON. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openQemuRig } from "../rig.ts";

const rig = openQemuRig(process.argv[2] ?? "");
const signal = AbortSignal.timeout(60_000);
const { microvm, close } = rig.connect();
const probe = await microvm.probe(signal);
const volume = async (name: string, readOnly: boolean) => {
  const host = join(rig.folder, name);
  await mkdir(host);
  await chmod(host, 0o755);
  await writeFile(join(host, "greeting"), "hello\n");
  return { host, guest: `/${name}`, readOnly, relabel: false };
};
const script =
  "trap 'echo bye; exit 3' TERM; cat /ro/greeting; touch /ro/x || echo refused; echo written >/rw/file; echo ready; while :; do sleep 0.1; done";
const spec = rig.spec(
  { does: "sleeps" },
  { cmd: ["sh", "-c", script], user: "0:0", volumes: [await volume("ro", true), await volume("rw", false)] },
);
const lines: string[] = [];
try {
  await microvm.start(spec, signal);
  for await (const { text, stream } of microvm.logs(spec.name, { follow: true }, signal)) {
    if (stream === "stdout") lines.push(text);
    if (text === "ready") await microvm.stop(spec.name, { graceMs: 20_000 }, signal);
  }
  const ended = await microvm.inspect(spec.name, signal);
  const written = await readFile(join(rig.folder, "rw", "file"), "utf8");
  await microvm.remove(spec.name, signal);
  console.log(JSON.stringify({ probe, lines, exit: ended?.exit, written, left: await microvm.list(signal) }));
} finally {
  await microvm.remove(spec.name, signal);
  await close();
}
