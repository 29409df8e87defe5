import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { operation } from "./agent.ts";
import { rig } from "./rig.ts";

const mcp = rig();

describe("a definition", () => {
  const valid = 'name = "hello"\n[[components]]\nname = "web"\nimage = "localhost:5000/hello:2"\n';

  it("is shown with all its mistakes, each with its place, before any agent is asked", async () => {
    const file = await mcp.cli.write(
      "bad.toml",
      'name = "hello"\nversoin = "2"\n[[components]]\nname = "web"\nmemory = "lots"\n',
    );
    const [stderr, exit] = await mcp.failure(`deploy --file ${file}`);
    expect(exit).toBe(2);
    expect(stderr).toContain(`error: ${file} has `);
    expect(stderr).toMatch(new RegExp(`^  ${file}:2: versoin: .*version`, "m"));
    expect(stderr).toMatch(new RegExp(`^  ${file}:5: components\\[0\\]\\.memory: `, "m"));
    const json = await mcp.cli.run(`deploy --json --file ${file}`);
    expect(json.exit).toBe(2);
    expect(JSON.parse(json.stdout).problem).toMatchObject({
      code: "definition_invalid",
      mistakes: expect.arrayContaining([expect.objectContaining({ key: "versoin", line: 2 })]),
    });
  });

  it("may come from standard input", async () => {
    let toml = "";
    await mcp.answerWith({
      async *deploy({ definition }) {
        toml = definition?.toml ?? "";
        yield operation("succeeded");
      },
    });
    expect((await mcp.cli.run("deploy --file -", { input: valid })).exit).toBe(0);
    expect(toml).toBe(valid);
    const [stderr, exit] = await mcp.failure("deploy --file -", { input: "" });
    expect(stderr).toContain("error: stdin has 1 mistake [definition_invalid]");
    expect(exit).toBe(2);
  });

  it("may be named as a file from where one stands", async () => {
    await mcp.cli.write("project/hello.toml", valid);
    await mcp.answerWith({
      async *deploy() {
        yield operation("succeeded");
      },
    });
    expect((await mcp.cli.run("deploy -f hello.toml", { cwd: join(mcp.cli.home, "project") })).exit).toBe(0);
  });

  it("is looked for in the services folder, and the nearest is suggested", async () => {
    await mcp.cli.write(".config/mcp/services/hallo.toml", valid);
    const folder = `${mcp.cli.home}/.config/mcp/services`;
    expect(await mcp.failure("deploy hello/web")).toEqual([
      `error: there is no definition of hello: ${folder}/hello.toml does not exist [file_not_found]\n  → did you mean: mcp deploy hallo\n`,
      4,
    ]);
    expect(await mcp.failure("plan mail")).toEqual([
      `error: there is no definition of mail: ${folder}/mail.toml does not exist [file_not_found]\n  → write it there, or name the file: mcp plan --file hello.toml\n`,
      4,
    ]);
  });

  it("of another name is not deployed by mistake", async () => {
    const file = await mcp.cli.write(".config/mcp/services/other.toml", valid);
    expect(await mcp.failure("deploy other")).toEqual([
      `error: ${file} defines hello, and you asked for other [definition_invalid]\n` +
        '  → rename one of the two: the file to hello.toml, or the service with name = "other"\n',
      2,
    ]);
  });

  it("that is named with a service has to be that service's", async () => {
    const file = await mcp.cli.write("t.toml", valid);
    const correct = 'or correct name = "hello" in the file';
    for (const [typed, right] of [
      ["other", `leave other out: mcp plan --file ${file}, ${correct}`],
      ["other/web", `leave other out: mcp plan hello/web --file ${file}, ${correct}`],
    ])
      expect(await mcp.failure(`plan ${typed} --file ${file}`)).toEqual([
        `error: ${file} defines hello, and you asked for other [definition_invalid]\n  → ${right}\n`,
        2,
      ]);
  });

  it("has the component that was asked for, before any agent is asked", async () => {
    const file = await mcp.cli.write(
      "two.toml",
      `${valid}[[components]]\nname = "db"\nimage = "localhost:5000/db:1"\n`,
    );
    for (const [typed, hint] of [
      ["hello/nosuch", "it has: web, db"],
      ["hello/wbe", "did you mean web? it has: web, db"],
    ] as const)
      expect(await mcp.failure(`deploy ${typed} --file ${file}`)).toEqual([
        `error: there is no component ${typed.slice(6)} in ${file} [component_not_found]\n  → ${hint}\n`,
        4,
      ]);
  });

  it("is a file that is there, and a file", async () => {
    expect(await mcp.failure("deploy --file /nonexistent/hello.toml")).toEqual([
      "error: there is no file /nonexistent/hello.toml [file_not_found]\n  → look at the path after --file\n",
      4,
    ]);
    expect(await mcp.failure(`deploy --file ${mcp.cli.home}`)).toEqual([
      `error: ${mcp.cli.home} is a folder, not a definition [usage]\n  → name the file in it: --file hello.toml\n`,
      2,
    ]);
    expect(await mcp.failure("deploy")).toEqual([
      "error: nothing was named to deploy [usage]\n  → name a service or its file: mcp deploy hello, or: mcp deploy --file hello.toml\n",
      2,
    ]);
  });

  it("is text, and at most 1 MiB of it", async () => {
    const binary = await mcp.cli.write("binary.toml", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0xff, 0xfe]));
    const [stderr, exit] = await mcp.failure(`deploy --file ${binary}`);
    expect(stderr).toContain("[definition_invalid]");
    expect(stderr).toContain("is not a text file");
    expect(exit).toBe(2);
    const large = await mcp.cli.write("large.toml", "#".repeat(10 * 1024 * 1024));
    expect(await mcp.failure(`deploy --file ${large}`)).toEqual([
      `error: ${large} is larger than 1 MiB, the most a definition may be [definition_too_large]\n` +
        "  → keep data in files below the service's folder, and mount them with volumes\n",
      2,
    ]);
    expect((await mcp.cli.run("deploy --file /dev/zero")).exit).toBe(2);
  });

  it("cannot be read by everybody", async () => {
    const isRoot = process.getuid?.() === 0;
    const file = await mcp.cli.write("secret.toml", valid);
    await chmod(file, isRoot ? 0o600 : 0);
    expect(await mcp.failure(`deploy --file ${file}`, isRoot ? { uid: 65_534 } : {})).toEqual([
      `error: you may not read ${file} [permission_denied]\n  → look at: ls -l ${file}\n`,
      8,
    ]);
  });

  it("for a node that is not in the configuration is not sent to another", async () => {
    const file = await mcp.cli.write("far.toml", `node = "straylight"\n${valid}`);
    const [stderr, exit] = await mcp.failure(`deploy --file ${file}`);
    expect(stderr).toContain("error: there is no node straylight in ");
    expect(exit).toBe(4);
    expect((await mcp.cli.run(`deploy --file ${file} --node rift`)).exit).toBe(7);
  });
});
