import { chmod, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { FakeClock } from "@mcp/base/fake-clock";
import { realClock } from "@mcp/host";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { describe, expect, it, onTestFinished } from "vitest";
import { type EmailOptions, emailChannel } from "../../src/index.ts";
import { certificate } from "./certificate.ts";
import { alertOf, forEver, newFolder, problemOf } from "./example.ts";

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly wasSecure: boolean;
  readonly text: string;
}

/** A real mail server on loopback, and what it took. */
async function serve(options: SMTPServerOptions = {}) {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: options.key ? [] : ["STARTTLS"],
    onAuth: ({ username, password }, _session, done) =>
      password === "s3cret"
        ? done(null, { user: username })
        : done(new Error(`no such password: ${password}`)),
    onData: async (stream, { envelope, user, secure }, done) => {
      let text = "";
      for await (const chunk of stream) text += chunk;
      mails.push({
        from: envelope.mailFrom ? envelope.mailFrom.address : "",
        to: envelope.rcptTo.map(({ address }) => address),
        user: user as string | undefined,
        wasSecure: secure,
        text,
      });
      done();
    },
    ...options,
  });
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { mails, port: (server.server.address() as AddressInfo).port };
}

const channel = (port: number, more: Partial<EmailOptions> = {}) =>
  emailChannel({
    host: "127.0.0.1",
    port,
    tls: "none",
    from: "mcp@rift.example",
    to: ["ada@example.org", "grace@example.org"],
    clock: realClock,
    ...more,
  });

async function file(text: string, mode = 0o600): Promise<string> {
  const path = join(await newFolder(), "file");
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
}

describe("the mail of an alert", () => {
  it("goes to everybody as plain text, with what to type", async () => {
    const { mails, port } = await serve();
    await channel(port).send(alertOf(), forEver);
    expect(mails).toMatchObject([
      { from: "mcp@rift.example", to: ["ada@example.org", "grace@example.org"], wasSecure: false },
    ]);
    const [head = "", body] = mails[0]?.text.split("\r\n\r\n", 1) ?? [];
    expect(body).toBeUndefined();
    expect(head).toContain("Subject: [rift] critical: web of hello keeps crashing");
    expect(head).toContain("To: ada@example.org, grace@example.org");
    expect(head).toContain("Date: Sat, 21 Nov 2026 12:00:00 +0000");
    expect(head).toContain("Content-Type: text/plain; charset=utf-8");
    expect(decoded(mails[0]?.text ?? "")).toContain("It exited with code 1.\n\n→ mcp logs hello/web\n");
  });

  it("has no header that an alert could add", async () => {
    const { mails, port } = await serve();
    const title = "web\r\nBcc: eve@example.org\r\n\r\nhello";
    await channel(port).send(alertOf({ title, service: "a\r\nX-Eve: 1" }), forEver);
    const head = mails[0]?.text.split("\r\n\r\n")[0] ?? "";
    expect(head).not.toMatch(/^(Bcc|X-Eve)/im);
    expect(head).toContain("Subject: [rift] critical: web Bcc: eve@example.org hello");
    expect(mails[0]?.to).toEqual(["ada@example.org", "grace@example.org"]);
  });

  it("is sent by STARTTLS with the password from its file, where the certificate is trusted", async () => {
    const tls = await certificate();
    const { mails, port } = await serve({ ...tls, authOptional: false });
    const secrets = { user: "mcp", passwordFile: await file("s3cret\n"), tls: "starttls" as const };
    const refused = await problemOf(channel(port, secrets).send(alertOf(), forEver));
    expect(refused.message).toMatch(/^127\.0\.0\.1:\d+ did not take it: self-signed certificate/);
    expect(refused.hint).toContain("monitor.alert_ca_file");
    expect(mails).toEqual([]);
    await channel(port, { ...secrets, caFile: await file(tls.cert, 0o644) }).send(alertOf(), forEver);
    expect(mails).toMatchObject([{ user: "mcp", wasSecure: true }]);
  });

  it("is sent by TLS from the first byte where that is wanted", async () => {
    const tls = await certificate();
    const { mails, port } = await serve({ ...tls, secure: true });
    await channel(port, { tls: "tls", caFile: await file(tls.cert, 0o644) }).send(alertOf(), forEver);
    expect(mails).toMatchObject([{ wasSecure: true }]);
  });

  it("is not sent in the clear by a server that lost its STARTTLS", async () => {
    const { mails, port } = await serve();
    const problem = await problemOf(channel(port, { tls: "starttls" }).send(alertOf(), forEver));
    expect(problem.code).toBe("alert_failed");
    expect(mails).toEqual([]);
  });

  it("that is refused is told without the password, also where the server repeats it", async () => {
    const tls = await certificate();
    const { port } = await serve(tls);
    const passwordFile = await file("wr0ng-one");
    const secrets = { user: "mcp", passwordFile, tls: "starttls", caFile: await file(tls.cert) } as const;
    const problem = await problemOf(channel(port, secrets).send(alertOf(), forEver));
    expect(problem.message).toMatch(/did not take it: 535 no such password: \[redacted\]$/);
    expect(`${JSON.stringify(problem)} ${problem.stack} ${String(problem.cause)}`).not.toContain("wr0ng");
  });

  it("for somebody that the server does not know is told, and not sent again to the others", async () => {
    const { mails, port } = await serve({
      onRcptTo: ({ address }, _session, done) =>
        address.startsWith("ada") ? done() : done(new Error("nobody of that name")),
    });
    const problem = await channel(port).send(alertOf(), forEver);
    expect(problem?.message).toMatch(/does not take mail for grace@example.org$/);
    expect(mails).toMatchObject([{ to: ["ada@example.org"] }]);
  });

  it("is given up after 45 s where nobody answers", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void silent.close());
    const connected = new Promise<Socket>((resolve) => silent.once("connection", resolve));
    const { port } = silent.address() as AddressInfo;
    const clock = new FakeClock();
    const sent = problemOf(channel(port, { clock }).send(alertOf(), forEver));
    const socket = await connected;
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.resume();
    await clock.advance(45_000);
    expect((await sent).message).toBe(`127.0.0.1:${port} did not take it within 45 s`);
    await closed;
  });

  it("is given up where nobody listens", async () => {
    const { port } = await freed();
    expect((await problemOf(channel(port).send(alertOf(), forEver))).message).toMatch(/ECONNREFUSED/);
  });
});

/** A port on which nobody listens any more. */
async function freed(): Promise<AddressInfo> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return address;
}

/** The body of a mail, whatever encoding it travels in. */
function decoded(mail: string): string {
  const [head = "", ...rest] = mail.split("\r\n\r\n");
  const body = rest.join("\r\n\r\n");
  if (/^content-transfer-encoding: base64/im.test(head))
    return Buffer.from(body, "base64").toString("utf8").replaceAll("\r\n", "\n");
  const bytes = body
    .replaceAll(/=\r\n/g, "")
    .replaceAll("\r\n", "\n")
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}
