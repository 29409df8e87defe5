import { describe, expect, it } from "vitest";
import { componentMistakes, componentWith, mistakesOf } from "../../test/mistakes.ts";

/** The message alone, of the one mistake that a line of a component makes; undefined if it makes none. */
function mistake(line: string): string | undefined {
  const found = componentMistakes(line);
  expect(found.length, found.join("\n")).toBeLessThan(2);
  return found[0]?.replace(/^\S+ \S+ /, "");
}

describe("a name", () => {
  const nameMistake = (name: string) =>
    mistakesOf(`name = "${name}"\n[[components]]\nname = "${name}"\n`)[0]?.replace(/^\S+ \S+ /, "");

  it("is a DNS label", () => {
    for (const name of ["a", "hello", "a-b", "0", "a--b", "x".repeat(63)])
      expect(nameMistake(name)).toBeUndefined();
    for (const name of ["-a", "a-", "a_b", "a.b", "", "x".repeat(64), "café"])
      expect(nameMistake(name)).toBeDefined();
  });

  it("is told what would be right", () => {
    expect(nameMistake("Hello")).toContain('; write "hello"');
    expect(nameMistake("x".repeat(64))).toContain("is 64 characters long; at most 63 are allowed");
    expect(nameMistake("-a")).toContain('begins or ends with "-"');
    expect(nameMistake("")).toContain("is empty");
  });
});

describe("an image", () => {
  const digest = `sha256:${"0a".repeat(32)}`;

  it("is any reference with a tag or a digest", () => {
    for (const image of [
      "hello:1",
      "localhost/hello:1",
      "reg:5000/a/b:v1",
      `x@${digest}`,
      `reg:5000/x:v1@${digest}`,
      "127.0.0.1:5000/x:v1",
      "[::1]:5000/x:v1",
      "mcr.example.net:8443/team/hello__x.y--z:V1.0_rc-1",
    ])
      expect(mistake(`image = "${image}"`), image).toBeUndefined();
  });

  it("never means whatever is newest", () => {
    expect(mistake('image = "hello:latest"')).toContain('the tag "latest" is whatever was pushed last');
    expect(mistake(`image = "hello:latest@${digest}"`)).toContain('the tag "latest"');
    expect(mistake('image = "reg:5000/hello"')).toContain('has no tag, which would mean "latest"');
    expect(mistake('image = "reg:5000/hello"')).toContain("write a version, such as reg:5000/hello:v1");
    expect(mistakesOf('name = "a"\nversion = "latest"\n[[components]]\nname = "a"')[0]).toContain(
      'the tag "latest"',
    );
  });

  it("is told what would be right", () => {
    expect(mistake('image = "Hello:v1"')).toContain("it must be in lower case");
    expect(mistake('image = "https://reg/hello:v1"')).toContain("without a scheme");
    expect(mistake('image = "hello:v 1"')).toContain('"v 1" is not a tag');
    expect(mistake('image = "hello@sha256:12"')).toContain("64 hex digits");
    expect(mistake('image = ""')).toContain("leave the key out to use the convention");
    for (const image of ["/hello:v1", "a//b:v1", "-a:v1", "a/../b:v1", "a;b:v1", `${"x/".repeat(200)}x:v1`])
      expect(mistake(`image = "${image}"`), image).toContain("is not an image reference");
  });
});

describe("a port", () => {
  it("may have an address and a protocol, and is kept in one form", () => {
    const ports = ["8080:80", "127.0.0.1:1:65535/tcp", "[0:0:0:0:0:0:0:1]:53:53/udp", "[::FFFF:1.2.3.4]:2:2"];
    expect(componentWith(`ports = ${JSON.stringify(ports)}`).ports).toEqual([
      { address: "", host: 8080, guest: 80, protocol: "tcp" },
      { address: "127.0.0.1", host: 1, guest: 65_535, protocol: "tcp" },
      { address: "::1", host: 53, guest: 53, protocol: "udp" },
      { address: "::ffff:102:304", host: 2, guest: 2, protocol: "tcp" },
    ]);
  });

  it("is told what would be right", () => {
    for (const [port, message] of [
      ["0:80", "the host port must be a number from 1 to 65535"],
      ["80:65536", "the guest port must be a number from 1 to 65535"],
      ["080:80", "the host port must be a number from 1 to 65535"],
      ["80:-1", "the guest port must be a number"],
      ["80:80/sctp", "the protocol must be tcp or udp"],
      ["localhost:80:80", '"localhost" is not an IP address'],
      ["1.2.3:80:80", '"1.2.3" is not an IP address'],
      ["1.2.3.256:80:80", '"1.2.3.256" is not an IP address'],
      ["[1.2.3.4]:80:80", '"[1.2.3.4]" is not an IP address'],
      ["[:::1]:80:80", '"[:::1]" is not an IP address'],
      [":80:80", '"" is not an IP address'],
      ["::1:80:80", "an IPv6 address stands in brackets"],
      ["80", 'write "80:80"'],
      ["80:80:", "the guest port must be a number"],
      ["80-90:80-90", "the host port must be a number"],
      ["a", "is not a port; write [addr:]host:guest[/udp]"],
    ])
      expect(componentMistakes(`ports = ["${port}"]`).join("\n"), port).toContain(message);
    expect(mistake("ports = [8080]")).toBe("must be a string in quotes, not a number");
    expect(mistake('ports = "80:80"')).toBe("must be a list, not a string");
  });
});

describe("a volume", () => {
  it("is kept without needless slashes", () => {
    expect(componentWith('volumes = ["//srv/a//b/:/data/:Z,ro", "/:/host:ro"]').volumes).toEqual([
      { host: "/srv/a/b", guest: "/data", readOnly: true, relabel: true },
      { host: "/", guest: "/host", readOnly: true, relabel: false },
    ]);
  });

  it("is told what would be right", () => {
    for (const [volume, message] of [
      ["/srv/a", "is not a volume; write host:guest[:ro,Z]"],
      ["/a:/b:ro:Z", "is not a volume; write host:guest[:ro,Z]"],
      ["data:/data", "named volumes do not exist here"],
      ["./data:/data", "on the host"],
      ["/a:data", 'in the guest, "data" must be an absolute path'],
      ["/srv/../etc:/data", 'must be written without "." and ".." as steps'],
      ["/srv/a:/data/..", 'must be written without "." and ".." as steps'],
      ["/a:/", 'would hide the whole image; mount it below "/"'],
      ["/a:/b:rw", '"rw" is not an option of a volume; "ro" and "Z" are'],
      ["/a:/b:", '"" is not an option'],
      ["/a:/b:ro,ro", "gives an option twice"],
      ["/a\\nb:/c", "has a control character in it"],
      [`/${"x".repeat(5_000)}:/c`, "is longer than 4096 characters"],
    ])
      expect(mistake(`volumes = ["${volume}"]`), volume).toContain(message);
  });
});

describe("the environment", () => {
  it("takes any text as a value, and names that programs can read", () => {
    const env = componentWith('env = { _a1 = "", A = "x = y\\nz", __proto__ = "p" }').env;
    expect(Object.entries(env ?? {})).toEqual([
      ["_a1", ""],
      ["A", "x = y\nz"],
      ["__proto__", "p"],
    ]);
  });

  it("is told what would be right", () => {
    expect(mistake("env = { PORT = 80 }")).toBe("must be a string in quotes, not a number");
    expect(mistake("env = { ON = true }")).toBe("must be a string in quotes, not a boolean");
    expect(mistake('env = { "A=B" = "c" }')).toBe('has a "=" in its name; write NAME = "value"');
    expect(mistake('env = { "1A" = "c" }')).toContain('"1A" is not a variable\'s name');
    expect(mistake('env = { A.B = "c" }')).toBe("must be a string in quotes, not a table");
    expect(mistake('env = "A=B"')).toBe("must be a table, not a string");
    expect(mistake('env_from = ["DB"]')).toContain('must be "secret:NAME"');
  });
});

describe("the other keys of a component", () => {
  it("read what they should", () => {
    const component = componentWith(
      'memory = 4\nvcpus = 0.5\ncmd = ["", "a b"]\nentrypoint = []\nworkdir = "/a/"\nuser = "web:1000"',
      'network = "back.end_1"\nrestart = "on-failure"\ngrace = "0s"\nstart_period = "1h"\nupdate = "start-first"',
    );
    expect(component).toStrictEqual({
      name: "api",
      memoryMiB: 4,
      vcpus: 0.5,
      cmd: ["", "a b"],
      entrypoint: [],
      workdir: "/a",
      user: "web:1000",
      network: "back.end_1",
      restart: { policy: "on-failure" },
      graceMs: 0,
      startPeriodMs: 3_600_000,
      update: "start-first",
    });
  });

  it("are told what would be right", () => {
    for (const [line, message] of [
      ["memory = 3", "must be a whole number from 4 to 16777216, not 3"],
      ["memory = 64.5", "not 64.5"],
      ["memory = nan", "not NaN"],
      ["vcpus = 0", "must be a number from 0.01 to 1024, not 0"],
      ["vcpus = inf", "not Infinity"],
      ['vcpus = "2"', "not a string"],
      ['cmd = "run it"', "must be a list, not a string"],
      ["cmd = [1]", "must be a string in quotes, not a number"],
      ['cmd = ["a\\u0000"]', "has a NUL character in it"],
      ['workdir = "app"', "must be an absolute path"],
      ['user = "a b"', 'write "uid:gid"'],
      ["user = 0", "must be a string in quotes"],
      ['network = "a b"', "is not a network's name"],
      ['network = "host"', "name a network"],
      ['restart = "never"', '"never" is not one of "unless-stopped"'],
      ['restart = "on-failure:0"', "n from 1"],
      ['grace = "10"', '"10" is not a duration; write a number with ms, s, m, h or d, such as "10s"'],
      ["grace = 10", "must be a string in quotes, not a number"],
      ['grace = "2d"', "too long; at most 1d"],
      ['update = "start-frist"', 'did you mean "start-first"?'],
      ['runtime = "vm"', 'is not one of "container", "unikernel", "microvm"'],
      ['health = "x"', "must be a table, not a string"],
      ['health = { http = "healthz" }', "must be a path"],
      ['health = { grpc = "a b" }', "is not a gRPC service's name"],
      ["health = { exec = [] }", "is empty; name the program to run"],
      ['health = { tcp = 80, interval = "0s" }', "too short; at least 100ms"],
      ["health = { tcp = 80, retries = 0 }", "must be a whole number from 1"],
      ["health = { tcp = 1979-05-27 }", "not a date or time"],
      ["routes = [1]", "must be a table, not a number"],
      ['depends_on = ["A"]', "a name is made of"],
    ] as const)
      expect(mistake(line), line).toContain(message);
  });

  it("need what is needed in a route", () => {
    expect(componentMistakes("[[components.routes]]", 'hostname = "a..b"')).toEqual([
      '5 components[0].routes[0].name: is missing; write it like: name = "web"',
      "5 components[0].routes[0].port: is missing; write it like: port = 443",
      '5 components[0].routes[0].mode: is missing; write it like: mode = "l7"',
      '6 components[0].routes[0].hostname: "a..b" is not a host name: a part of it is empty',
    ]);
  });
});

describe("the other keys of a service", () => {
  const serviceMistake = (lines: string) => mistakesOf(`${lines}\nname = "a"\n[[components]]\nname = "a"`);

  it("read what they should", () => {
    expect(
      serviceMistake(
        'node = "rift"\nactive = false\nmanaged = "ignore"\npath = "a/b"\nbuild.images.hello = "x/Dockerfile"\nbuild.args = { A = "1" }\nsnapshot = { method = "full", exclude = ["tmp"] }',
      ),
    ).toEqual([]);
  });

  it("are told what would be right", () => {
    for (const [line, message] of [
      ['active = "no"', "must be true or false, not a string"],
      ['managed = "heel"', 'did you mean "heal"?'],
      ['tier = "edge"', '"edge" is not one of "worker", "core"'],
      ['path = "/src"', 'must be relative: without "/" at its start'],
      ['path = "../src"', 'without "." and ".."'],
      ['path = ""', "is empty"],
      ['build.images."A B" = "Dockerfile"', "is not an image's name"],
      ['snapshot.method = " "', "must be one line"],
      ['version = "v 1"', "is not a tag"],
    ] as const)
      expect(serviceMistake(line).join("\n"), line).toContain(message);
  });
});
