import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { realClock, run } from "@mcp/host";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RegistryClient } from "../src/registry/registry-client.ts";

const digest = `sha256:${"a".repeat(64)}`;
type Handler = (request: IncomingMessage, response: ServerResponse) => void;

describe("asking a registry", () => {
  const servers: Server[] = [];
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcp-registry-"));
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await rm(folder, { recursive: true });
  });

  const serve = (handler: Handler) => listen(createServer(handler), servers);
  const login = async (...registries: string[]) => {
    const auth = Buffer.from("ann:hunter2").toString("base64");
    const auths = Object.fromEntries(registries.map((registry) => [registry, { auth }]));
    await writeFile(join(folder, "auth.json"), JSON.stringify({ auths }));
  };
  const client = (insecure: readonly string[] = []) =>
    new RegistryClient({
      clock: realClock,
      authFiles: [join(folder, "auth.json")],
      insecure: async () => insecure,
      env: { HOME: folder },
    });
  const ask = (reference: string, signal = AbortSignal.timeout(30_000), insecure: readonly string[] = []) =>
    client(insecure).digestOf(reference, signal);

  it("says what a tag means, asking for every kind of manifest", async () => {
    const asked: string[] = [];
    const address = await serve((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.accept}`);
      response.setHeader("docker-content-digest", digest).end();
    });
    expect(await ask(`${address}/shop/api:v1`)).toEqual({ digest });
    expect(asked).toEqual([
      expect.stringMatching(/^HEAD \/v2\/shop\/api\/manifests\/v1 .*oci\.image\.index.*manifest\.v2/),
    ]);
  });

  it("works the digest out where the registry does not tell", async () => {
    const manifest = '{"schemaVersion":2}';
    const address = await serve((request, response) =>
      response.end(request.method === "GET" ? manifest : undefined),
    );
    const expected = `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
    expect(await ask(`${address}/hello:v1`)).toEqual({ digest: expected });
  });

  it.each([
    [404, { missing: true }],
    [500, { unreachable: "it answered with status 500" }],
    [429, { unreachable: "it answered with status 429" }],
    [302, { unreachable: "it answered with status 302" }],
  ])("takes status %i for what it is", async (status, answer) => {
    const address = await serve((_, response) =>
      response.writeHead(status, { location: "http://elsewhere/" }).end(),
    );
    expect(await ask(`${address}/hello:v1`)).toEqual(answer);
  });

  it("says why a registry cannot be reached", async () => {
    const address = await serve(() => {});
    const server = servers.pop();
    await new Promise((resolve) => server?.close(resolve));
    expect(await ask(`${address}/hello:v1`)).toEqual({ unreachable: "it refuses connections" });
    expect(await ask("registry.invalid/hello:v1")).toMatchObject({
      unreachable: expect.stringMatching(/its name/),
    });
  });

  it("rethrows the reason of an abort while a registry hangs", async () => {
    const address = await serve(() => {});
    const controller = new AbortController();
    const asking = ask(`${address}/hello:v1`, controller.signal);
    setTimeout(() => controller.abort("enough"), 50);
    await expect(asking).rejects.toBe("enough");
  });

  it("gets a token where the registry says, with the login, and shows it to the registry alone", async () => {
    const atRealm: (string | undefined)[] = [];
    const realm = await serve((request, response) => {
      atRealm.push(request.url, request.headers.authorization);
      response.end(JSON.stringify({ token: "the-token" }));
    });
    const atRegistry: (string | undefined)[] = [];
    const address = await serve((request, response) => {
      atRegistry.push(request.headers.authorization);
      if (request.headers.authorization === "Bearer the-token") {
        return response.setHeader("docker-content-digest", digest).end();
      }
      const challenge = `Bearer realm="http://${realm}/token",service="test",scope="repository:shop/api:pull"`;
      return response.writeHead(401, { "www-authenticate": challenge }).end();
    });
    await login(address);
    expect(await ask(`${address}/shop/api:v1`)).toEqual({ digest });
    expect(atRealm).toEqual([
      "/token?service=test&scope=repository%3Ashop%2Fapi%3Apull",
      `Basic ${Buffer.from("ann:hunter2").toString("base64")}`,
    ]);
    expect(atRegistry).toEqual([undefined, "Bearer the-token"]);
  });

  it("asks for a token without a login too, since reading may be free", async () => {
    const realm = await serve((request, response) => {
      expect(request.headers.authorization).toBeUndefined();
      response.end(JSON.stringify({ access_token: "free" }));
    });
    const address = await serve((request, response) => {
      if (request.headers.authorization) return response.setHeader("docker-content-digest", digest).end();
      return response.writeHead(401, { "www-authenticate": `Bearer realm="http://${realm}/t"` }).end();
    });
    await login("another.example");
    expect(await ask(`${address}/hello:v1`)).toEqual({ digest });
  });

  it("does not show the login to a redirect's target", async () => {
    const seen: (string | undefined)[] = [];
    const elsewhere = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.end();
    });
    const address = await serve((request, response) => {
      if (!request.headers.authorization)
        return response.writeHead(401, { "www-authenticate": "Basic" }).end();
      return response.writeHead(307, { location: `http://${elsewhere}/` }).end();
    });
    await login(address);
    expect(await ask(`${address}/hello:v1`)).toEqual({ unreachable: "it answered with status 307" });
    expect(seen).toEqual([]);
  });

  it.each(["Basic", 'Bearer realm="http://127.0.0.1:1/t"', "Negotiate"])(
    "is refused plainly without a way in: %s",
    async (challenge) => {
      const address = await serve((_, response) =>
        response.writeHead(401, { "www-authenticate": challenge }).end(),
      );
      const answer = await ask(`${address}/hello:v1`).catch((error: unknown) => error);
      expect(answer).toSatisfy(
        (got: { code?: string; unreachable?: string }) =>
          got.code === "registry_refused" || got.unreachable === "it refuses connections",
      );
    },
  );

  describe("on another machine", () => {
    const other = Object.values(networkInterfaces())
      .flat()
      .find((each) => each && !each.internal && each.family === "IPv4")?.address;
    const own = async (handler: Handler, address: string) => {
      await run([
        ...["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"],
        ...[
          "-addext",
          `subjectAltName=IP:${address}`,
          "-keyout",
          `${folder}/key.pem`,
          "-out",
          `${folder}/cert.pem`,
        ],
      ]);
      const [key, cert] = await Promise.all(["key", "cert"].map((name) => readFile(`${folder}/${name}.pem`)));
      return listen(createTlsServer({ key, cert }, handler), servers, address);
    };
    const yes: Handler = (_, response) => response.setHeader("docker-content-digest", digest).end();

    it("is only by TLS", async ({ skip }) => {
      if (!other) return skip("this machine has no address but its own");
      const address = await listen(createServer(yes), servers, other);
      expect(await ask(`${address}/hello:v1`)).toMatchObject({ unreachable: expect.any(String) });
      expect(await ask(`${address}/hello:v1`, undefined, [address])).toEqual({ digest });
    });

    it("is only by a certificate that is trusted, for instance for this registry", async ({ skip }) => {
      if (!other) return skip("this machine has no address but its own");
      const address = await own(yes, other);
      expect(await ask(`${address}/hello:v1`)).toMatchObject({
        unreachable: expect.stringMatching(/self.signed/i),
      });
      const authorities = join(folder, ".config/containers/certs.d", address);
      await mkdir(authorities, { recursive: true });
      await writeFile(join(authorities, "ca.crt"), await readFile(join(folder, "cert.pem")));
      expect(await ask(`${address}/hello:v1`)).toEqual({ digest });
    });

    it("is never sent a login for its tokens without TLS", async ({ skip }) => {
      if (!other) return skip("this machine has no address but its own");
      let asked = 0;
      const realm = await listen(
        createServer(() => asked++),
        servers,
        other,
      );
      const challenge = { "www-authenticate": `Bearer realm="http://${realm}/token"` };
      const address = await own((_, response) => response.writeHead(401, challenge).end(), other);
      const authorities = join(folder, ".config/containers/certs.d", address);
      await mkdir(authorities, { recursive: true });
      await writeFile(join(authorities, "ca.crt"), await readFile(join(folder, "cert.pem")));
      await login(address);
      await expect(ask(`${address}/hello:v1`)).rejects.toMatchObject({ code: "registry_refused" });
      expect(asked).toBe(0);
    });
  });
});

async function listen(server: Server, servers: Server[], host = "127.0.0.1"): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  servers.push(server);
  const address = server.address();
  return typeof address === "object" && address ? `${host}:${address.port}` : expect.fail("it has no port");
}
