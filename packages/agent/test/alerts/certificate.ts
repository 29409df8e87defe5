import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "@mcp/host";
import { newFolder } from "./example.ts";

/** One for 127.0.0.1 that only itself vouches for. */
export async function certificate(): Promise<{ readonly key: string; readonly cert: string }> {
  const folder = await newFolder();
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  await run([
    "openssl",
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-keyout", key, "-out", cert, "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"],
  ]);
  return { key: await readFile(key, "utf8"), cert: await readFile(cert, "utf8") };
}
