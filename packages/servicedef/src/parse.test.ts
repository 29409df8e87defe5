import { describe, expect, it } from "vitest";
import { componentMistakes, mistakesOf, problemOf } from "../test/mistakes.ts";
import { maxDefinitionBytes, parseDefinition } from "./parse.ts";

const parse = (text: string, file = "hello.toml") => parseDefinition(text, { file });

describe("parseDefinition", () => {
  it("gives what was written and nothing else", () => {
    const text = `
name = "hello"
version = "v1.2.0"
update = "start-first"

[[components]]
name = "api"
memory = 128
ports = ["8080:80", "[::1]:53:53/udp"]
volumes = ["/srv/hello/data/:/data:ro,Z"]
grace = "1m30s"
restart = "on-failure:3"
routes = [{ name = "web", port = 443, mode = "l7", container_port = 80 }]
  [components.env]
  A = "1"
  [components.health]
  http = "/healthz"
  port = 80
`;
    expect(parse(text)).toStrictEqual({
      name: "hello",
      version: "v1.2.0",
      update: "start-first",
      components: [
        {
          name: "api",
          memoryMiB: 128,
          ports: [
            { address: "", host: 8080, guest: 80, protocol: "tcp" },
            { address: "::1", host: 53, guest: 53, protocol: "udp" },
          ],
          volumes: [{ host: "/srv/hello/data", guest: "/data", readOnly: true, relabel: true }],
          env: { A: "1" },
          restart: { policy: "on-failure", maxRetries: 3 },
          graceMs: 90_000,
          health: { http: "/healthz", port: 80 },
          routes: [{ name: "web", port: 443, mode: "l7", containerPort: 80 }],
        },
      ],
    });
  });

  it("keeps an empty list apart from a key that was left out", () => {
    const [component] = parse('name="hello"\n[[components]]\nname="hello"\nvolumes=[]\ncmd=[]').components;
    expect(component).toStrictEqual({ name: "hello", volumes: [], cmd: [] });
  });

  it("tells all mistakes at once, in the order of the file, each with its line and what would be right", () => {
    const text = `name = "Hello"
versoin = "v1"

[[components]]
name = "api"
image = "hello:latest"
memory = "128M"

[[components]]
name = "api"
ports = ["80"]
depends_on = ["bd"]
`;
    const problem = problemOf(() => parse(text));
    expect(problem.message).toBe("hello.toml has 7 mistakes");
    expect(problem.hint).toContain("docs/definition.md");
    expect(problem.code).toBe("definition_invalid");
    expect(mistakesOf(text)).toEqual([
      '1 name: "Hello" has the character "H" in it; a name is made of a-z, 0-9 and "-"; write "hello"',
      '2 versoin: unknown key; did you mean "version"?',
      '6 components[0].image: the tag "latest" is whatever was pushed last, so what runs could change without anyone asking; write a version, such as v1.2.0',
      "7 components[0].memory: must be a whole number from 4 to 16777216, not a string; memory is in MiB, such as memory = 256",
      '10 components[1].name: "api" is the name of components[0] already; give this one another',
      '11 components[1].ports[0]: "80" names one port; write "80:80" (host:guest)',
      '12 components[1].depends_on[0]: there is no component "bd"',
    ]);
  });

  it("names the table of a key that is missing, and no line for one of the whole file", () => {
    expect(mistakesOf('version = "v1"\n\n[[components]]\ngrace = "1s"')).toEqual([
      '- name: is missing; write it like: name = "hello"',
      '3 components[0].name: is missing; write it like: name = "api"',
    ]);
  });

  it("wants components", () => {
    expect(mistakesOf('name = "hello"')).toEqual([
      '- components: is missing; write it like: components = [{ name = "api" }]',
    ]);
    expect(mistakesOf('name = "hello"\ncomponents = []')).toEqual([
      "2 components: is empty; a service has at least one component",
    ]);
  });

  it("tells a misspelt key once, and not that the right one is missing as well", () => {
    expect(mistakesOf('name = "hello"\n[[component]]\nname = "api"\n[[component]]\nname = "db"')).toEqual([
      "2 component: [[component]] should be [[components]]",
    ]);
    expect(mistakesOf('nam = "hello"\n[[components]]\nname = "api"')).toEqual([
      '1 nam: unknown key; did you mean "name"?',
    ]);
    expect(componentMistakes("[[components.route]]", 'name = "web"')).toEqual([
      "5 components[0].route: [[components.route]] should be [[components.routes]]",
    ]);
    expect(mistakesOf('name = "hello"\ncomponent = "api"')).toEqual([
      '2 component: unknown key; did you mean "components"?',
    ]);
  });

  it("says where a key belongs that stands below the wrong header", () => {
    expect(mistakesOf('name = "hello"\nports = ["80:80"]\n[[components]]\nname = "api"')).toEqual([
      "2 ports: does not belong here: write it below [[components]]",
    ]);
    expect(componentMistakes('version = "v1"', 'http = "/"', 'mode = "l4"')).toEqual([
      "5 components[0].version: does not belong here: it is a key of the service; write it above the first [[components]]",
      "6 components[0].http: does not belong here: write it below [components.health]",
      "7 components[0].mode: does not belong here: write it below [[components.routes]]",
    ]);
  });

  it("lists the known keys where none is near", () => {
    expect(mistakesOf('name = "hello"\nzzzzzz = 1\n[[components]]\nname = "api"')).toEqual([
      "2 zzzzzz: unknown key; known here: name, node, tier, active, managed, version, path, runtime, update, build, snapshot, components",
    ]);
  });

  it("never shows a value where a secret may stand", () => {
    const shown = [
      ...componentMistakes(
        "[components.env]",
        'TOKEN = ["s3cret"]',
        '"PASS=s3cret" = ""',
        '"A" = "s3cret\\u0000"',
      ),
      ...componentMistakes('env_from = ["s3cret!"]', 'image = "user:s3cret@registry/x:v1"'),
      ...componentMistakes('env = { A = "s3cret }'),
    ].join("\n");
    expect(shown).toContain("components[0].env.TOKEN: must be a string in quotes, not a list");
    expect(shown).toContain('components[0].env."PASS=...": has a "=" in its name; write NAME = "value"');
    expect(shown).toContain("components[0].env.A: has a NUL character in it");
    expect(shown).toContain('must be "secret:NAME"');
    expect(shown).toContain("the file is not valid TOML");
    expect(shown).not.toContain("s3cret");
  });

  it("shows a hostile name on one line and in plain letters", () => {
    for (const [name, shown] of [
      ["../etc", '"../etc" has the character "." in it'],
      ["a;b", '"a;b" has the character ";" in it'],
      ["a\\nb", '"a\\nb" has the character U+000A in it'],
      ["h\\u0435llo", '"h\\u{435}llo" has the character U+0435 in it'],
      ["hello\\u202E", '"hello\\u{202e}" has the character U+202E in it'],
      ["a b", '"a b" has the character U+0020 in it'],
    ]) {
      const mistakes = mistakesOf(`name = "${name}"\n[[components]]\nname = "api"`);
      expect(mistakes).toEqual([`1 name: ${shown}; a name is made of a-z, 0-9 and "-"`]);
    }
    expect(mistakesOf('name = "hello"\n[[components]]\nname = "api"\n"e\\u001bvil" = 1')[0]).toMatch(
      /^4 components\[0\]\."e\\u\{1b\}vil": unknown key; known here/,
    );
    expect(problemOf(() => parse("", "a\nb.toml")).message).toBe('"a\\nb.toml" has 1 mistake');
  });
});

describe("a file that is no definition at all", () => {
  const onlyMistake = (text: string) => mistakesOf(text).join("\n");

  it("is told so when it is empty", () => {
    for (const text of ["", " \n\t\n", "\ufeff"])
      expect(onlyMistake(text)).toMatch(/^- : the file is empty;/);
  });

  it("is told so when it is not text", () => {
    expect(onlyMistake('name = "a"\n\0')).toBe("2 : the file is not a text file: it has a NUL byte in it");
    expect(onlyMistake("\u007fELF\ufffd\ufffd")).toBe(
      "1 : the file is not a text file: it is not valid UTF-8",
    );
    expect(onlyMistake('name = "\ud800"')).toBe("1 : the file is not a text file: it is not valid UTF-8");
  });

  it("is told the line where it is no TOML", () => {
    expect(onlyMistake('name = "hello"\nversion = v1\n')).toBe(
      "2 : the file is not valid TOML: invalid value; text needs quotes around it",
    );
    for (const quote of ['"', "'"])
      for (const end of ["\nb = 1", "\r\nb = 1", ""])
        expect(onlyMistake(`name = "a"\nnode = ${quote}x${end}`)).toBe(
          "2 : the file is not valid TOML: a quote is not closed",
        );
    expect(onlyMistake('name = """x\n')).toBe("1 : the file is not valid TOML: a quote is not closed");
    expect(onlyMistake('name = "x\u0001"')).toMatch(/control characters/);
    expect(onlyMistake('name = "a"\nname = "b"')).toMatch(/^2 : the file is not valid TOML: .*redefine/);
  });

  it("is told so when it is nested too deeply, whichever way", () => {
    const deep = `name = "a"\nx = ${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    expect(onlyMistake(deep)).toBe("2 : the file has lists and tables nested more than 16 deep");
    expect(onlyMistake(`name = "hello"\n${"a.".repeat(100_000)}b = 1\n[[components]]\nname = "api"`)).toMatch(
      /^2 a: unknown key/,
    );
  });

  it("is told so when it is larger than a definition may be, counted in bytes", () => {
    for (const text of ["x".repeat(10 * maxDefinitionBytes), "é".repeat(maxDefinitionBytes)]) {
      const problem = problemOf(() => parse(text));
      expect(problem.code).toBe("definition_too_large");
      expect(problem.message).toMatch(/^hello\.toml is (10|2)\.0 MiB; a definition is at most 1 MiB$/);
    }
  });

  it("is refused quickly however it is made", { timeout: 60_000 }, () => {
    const fill = (piece: (n: number) => string) => {
      let text = 'name = "hello"\n';
      for (let n = 0; text.length < maxDefinitionBytes - 200; n++) text += piece(n);
      return text;
    };
    const component = (n: number) => `[[components]]\nname = "c${n}"\n`;
    const hostile = {
      "unknown keys": fill((n) => `imagee${n} = 1\n`),
      "wrong components": fill(() => "[[components]]\nimagee = 1\n"),
      "a chain of components": fill((n) => `${component(n)}depends_on = ["c${n + 1}"]\n`),
      "everyone waits for everyone": `name = "hello"\n${Array.from({ length: 300 }, (_, n) => `${component(n)}depends_on = [${Array.from({ length: 300 }, (_, m) => `"c${m}"`).join(",")}]\n`).join("")}`,
      "one port on many addresses": `name = "hello"\n${component(0)}ports = [\n${Array.from({ length: 40_000 }, (_, n) => `"10.${n >> 16}.${(n >> 8) & 255}.${n & 255}:80:80",\n`).join("")}"80:80"]`,
      "a long quoted key": `name = "hello"\n"${"\\n".repeat(500_000)}" = 1`,
      "a long string": `name = "${"\\\\".repeat(500_000)}"`,
      "comments only": `name = "a"\n${"#\n".repeat(500_000)}`,
      "a long header above many keys": `[${"k".repeat(500_000)}]\n${Array.from({ length: 50_000 }, (_, n) => `a${n}=1\n`).join("")}`,
      "long image": `name = "hello"\n${component(0)}image = "${"a-".repeat(500_000)}:v1"`,
      "long duration": `name = "hello"\n${component(0)}grace = "${"1s".repeat(500_000)}x"`,
    };
    for (const [what, text] of Object.entries(hostile)) {
      const start = performance.now();
      expect(problemOf(() => parse(text)).mistakes.length, what).toBeGreaterThan(0);
      expect(performance.now() - start, what).toBeLessThan(5_000);
    }
  });

  it("lists a hundred mistakes at most, and says that there are more", () => {
    const text = `name = "hello"\n${Array.from({ length: 300 }, (_, n) => `x${n} = 1\n`).join("")}`;
    const problem = problemOf(() => parse(text));
    expect(problem.message).toBe("hello.toml has more than 100 mistakes");
    expect(problem.mistakes).toHaveLength(100);
  });

  it("has 200 components at most, since it is planned and undone as a whole", () => {
    const components = Array.from(
      { length: 201 },
      (_, n) => `[[components]]\nname = "c${n}"\nimage = "x:1"\n`,
    );
    const text = `name = "a"\n${components.join("")}`;
    expect(() => parseDefinition(text, { file: "a.toml" })).toThrow(
      expect.objectContaining({
        mistakes: [expect.objectContaining({ message: expect.stringContaining("has 201 elements") })],
      }),
    );
  });
});
