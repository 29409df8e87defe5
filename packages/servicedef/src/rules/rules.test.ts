import { describe, expect, it } from "vitest";
import { componentMistakes, mistakesOf } from "../../test/mistakes.ts";

/** Mistakes of a service with these components, each given by its lines; without lines, since those vary. */
function mistakes(components: Record<string, string>, service = 'name = "hello"'): string[] {
  const text = Object.entries(components).map(
    ([name, lines]) => `[[components]]\nname = "${name}"\n${lines}\n`,
  );
  return mistakesOf(`${service}\n${text.join("")}`).map((line) => line.replace(/^\S+ /, ""));
}

describe("names", () => {
  it("are given once", () => {
    expect(mistakesOf('name = "a"\n[[components]]\nname = "b"\n[[components]]\nname = "b"')).toEqual([
      '5 components[1].name: "b" is the name of components[0] already; give this one another',
    ]);
  });

  it("make a known name that is a hostname", () => {
    const service = "s".repeat(60);
    expect(mistakes({ ab: "", [service]: "" }, `name = "${service}"`)).toEqual([]);
    expect(mistakes({ abc: "" }, `name = "${service}"`)[0]).toContain(
      `known as "${service}-abc", 64 characters; a hostname has at most 63`,
    );
  });

  it("of node and tier are not both given", () => {
    expect(mistakes({ a: "" }, 'name = "a"\nnode = "rift"\ntier = "core"')).toEqual([
      'tier: "node" says already where the service runs; write one of the two',
    ]);
  });
});

describe("depends_on", () => {
  it("names other components, once each", () => {
    expect(mistakes({ api: 'depends_on = ["cache", "api", "cach", "cache"]', cache: "" })).toEqual([
      'components[0].depends_on[1]: component "api" cannot depend on itself',
      'components[0].depends_on[2]: there is no component "cach"; did you mean "cache"?',
      'components[0].depends_on[3]: "cache" stands here twice',
    ]);
  });

  it("is not said to mean the component itself", () => {
    expect(mistakes({ t: 'depends_on = ["x"]' })).toEqual([
      'components[0].depends_on[0]: there is no component "x"',
    ]);
  });

  it("has no circles", () => {
    const circle = {
      a: 'depends_on = ["b"]',
      b: 'depends_on = ["c"]',
      c: 'depends_on = ["a"]',
      d: 'depends_on = ["a"]',
    };
    expect(mistakes(circle)).toEqual([
      "components[0].depends_on: the components wait for each other in a circle: a → b → c → a; take one of these out",
    ]);
  });

  it("is not blamed for a component whose own name is wrong", () => {
    expect(mistakes({ api: 'depends_on = ["db"]', "db!": "" })).toHaveLength(1);
  });
});

describe("host ports", () => {
  const ports = (...each: string[]) => `ports = ${JSON.stringify(each)}`;

  it("have one owner, and both are named", () => {
    expect(mistakes({ web: ports("80:1"), api: ports("443:2", "80:3") })).toEqual([
      'components[1].ports[1]: host port 80/tcp is wanted by component "api" and by component "web"; pick another host port',
    ]);
    expect(mistakes({ web: ports("80:1", "80:1") })).toEqual([
      'components[0].ports[1]: host port 80/tcp is wanted by component "web" twice; pick another host port',
    ]);
  });

  it("are judged by protocol and address, where some addresses stand for all", () => {
    for (const [one, other, collide] of [
      ["80:1", "80:1/udp", false],
      ["80:1", "81:1", false],
      ["127.0.0.1:80:1", "127.0.0.2:80:1", false],
      ["127.0.0.1:80:1", "[::1]:80:1", false],
      ["0.0.0.0:80:1", "[::]:80:1", false],
      ["0.0.0.0:80:1", "[::1]:80:1", false],
      ["127.0.0.1:80:1", "127.0.0.1:80:2", true],
      ["[::1]:80:1", "[0::1]:80:2", true],
      ["0.0.0.0:80:1", "127.0.0.1:80:1", true],
      ["[::]:80:1", "[::1]:80:1", true],
      ["80:1", "127.0.0.1:80:1", true],
      ["80:1", "[::1]:80:1", true],
      ["80:1", "0.0.0.0:80:1", true],
      ["80:1/udp", "[::]:80:1/udp", true],
    ] as const) {
      expect(mistakes({ a: ports(one), b: ports(other) }), `${one} ${other}`).toHaveLength(collide ? 1 : 0);
      expect(mistakes({ a: ports(other), b: ports(one) }), `${other} ${one}`).toHaveLength(collide ? 1 : 0);
    }
  });

  it("are told together with a port that cannot be read", () => {
    expect(mistakes({ a: ports("80:1", "x", "80:2") })).toHaveLength(2);
  });
});

describe("volumes", () => {
  it("are mounted at a path of their own", () => {
    expect(mistakes({ a: 'volumes = ["/srv/a:/data", "/srv/b:/data/"]' })).toEqual([
      "components[0].volumes[1]: two volumes are mounted at /data; only one can be",
    ]);
  });
});

describe("variables", () => {
  it("have one source", () => {
    expect(mistakes({ a: 'env = { A = "1" }\nenv_from = ["secret:A", "secret:B", "secret:B"]' })).toEqual([
      "components[0].env_from[0]: A is set by env too; write it in one of the two",
      "components[0].env_from[2]: B stands here twice",
    ]);
  });

  it("are not set by hand where a route sets them", () => {
    const route = (name: string, more = "") =>
      `{ name = "${name}", port = 44${name.length}, mode = "l4"${more} }`;
    const one = `routes = [${route("web")}]`;
    expect(mistakes({ a: `env = { PORT = "80" }\n${one}` })).toEqual([
      "components[0].routes[0]: the agent picks a port for this route and says it in PORT, which the component sets itself; add container_port, or take PORT out of the environment",
    ]);
    expect(
      mistakes({ a: `env = { PORT = "80" }\nroutes = [${route("web", ", container_port = 80")}]` }),
    ).toEqual([]);
    const wrong = `routes = [${route("web", ", container_port = 0")}]`;
    expect(mistakes({ a: `env = { PORT = "80" }\n${wrong}` })).toHaveLength(1);
    const two = `routes = [${route("web")}, ${route("my-admin")}]`;
    expect(mistakes({ a: `env = { PORT = "80" }\n${two}` })).toEqual([]);
    expect(mistakes({ a: `env_from = ["secret:PORT_MY_ADMIN"]\n${two}` })[0]).toContain(
      "routes[1]: the agent picks",
    );
  });
});

describe("virtual machines", () => {
  it("have a size, whole CPUs, and nothing run inside", () => {
    for (const runtime of ["unikernel", "microvm"])
      expect(mistakes({ a: `runtime = "${runtime}"\nvcpus = 1.5\nhealth = { exec = ["true"] }` })).toEqual([
        `components[0].memory: is missing; a ${runtime} needs its size in MiB, such as memory = 256`,
        `components[0].vcpus: must be a whole number for a ${runtime}, not 1.5`,
        `components[0].health.exec: cannot be used in a ${runtime}: nothing can be run inside; use http, tcp or grpc`,
      ]);
  });

  it("may be said of the whole service, and not of one component", () => {
    const service = 'name = "hello"\nruntime = "microvm"';
    expect(mistakes({ a: "memory = 64", b: 'runtime = "container"' }, service)).toEqual([]);
    expect(mistakes({ a: "" }, service)).toHaveLength(1);
  });

  it("are not told twice about a wrong size", () => {
    expect(mistakes({ a: 'runtime = "microvm"\nmemory = "64M"' })).toHaveLength(1);
  });

  it("alone may take a part of the image, if they are unikernels", () => {
    expect(mistakes({ a: 'runtime = "unikernel"\nmemory = 64\nfiles = ["/app"]' })).toEqual([]);
    expect(mistakes({ a: 'files = ["/app"]' })).toEqual([
      "components[0].files: is for unikernels; a container always has the whole image",
    ]);
  });
});

describe("a health check", () => {
  it("asks in exactly one way", () => {
    expect(componentMistakes("[components.health]", 'interval = "1s"')).toEqual([
      "5 components[0].health: must have exactly one of http, tcp, grpc, exec",
    ]);
    expect(mistakes({ a: 'health = { http = "/", tcp = 80 }' })).toEqual([
      "components[0].health: must have exactly one of http, tcp, grpc, exec; it has http and tcp",
    ]);
  });

  it("gives a port only where one is asked", () => {
    expect(mistakes({ a: "health = { tcp = 80, port = 80 }" })).toEqual([
      "components[0].health.port: does not go with tcp: tcp is the port already",
    ]);
    expect(mistakes({ a: 'health = { exec = ["true"], port = 80 }' })).toEqual([
      "components[0].health.port: does not go with exec: exec asks no port",
    ]);
  });

  it("may leave the port out where only one can be meant", () => {
    const http = 'health = { http = "/" }';
    const route = 'routes = [{ name = "web", port = 443, mode = "l7" }]';
    expect(mistakes({ a: `ports = ["8080:80", "53:53/udp", "8081:80"]\n${http}` })).toEqual([]);
    expect(mistakes({ a: `${route}\n${http}` })).toEqual([]);
    expect(mistakes({ a: http })[0]).toContain(
      "health.port: is missing; the component names no port of its own",
    );
    expect(mistakes({ a: `ports = ["80:80", "81:81"]\n${http}` })[0]).toContain(
      "the component has several ports",
    );
    expect(mistakes({ a: `ports = ["80:80"]\n${route}\n${http}` })[0]).toContain(
      "the component has several ports",
    );
  });

  it("is not blamed for ports or ways that cannot be read", () => {
    expect(mistakes({ a: 'ports = ["x"]\nhealth = { http = "/" }' })).toHaveLength(1);
    expect(mistakes({ a: "health = { http = 1 }" })).toHaveLength(1);
  });
});

describe("routes", () => {
  const route = (name: string, more: string) =>
    `[[components.routes]]\nname = "${name}"\nmode = "l7"\n${more}\n`;

  it("have names of their own within a component", () => {
    expect(mistakes({ a: route("web", "port = 443") + route("web", "port = 8443") })).toEqual([
      'components[0].routes[1].name: two routes of component "a" are called "web"; give this one another name',
    ]);
    expect(mistakes({ a: route("web", "port = 443"), b: route("web", "port = 8443") })).toEqual([]);
  });

  it("have an entry of the proxy of their own within the service", () => {
    expect(mistakes({ a: route("web", "port = 443"), b: route("api", "port = 443") })).toEqual([
      'components[1].routes[0].port: port 443 of the service\'s own host name leads to component "b" and to component "a"; give one another port or hostname',
    ]);
    const named = 'port = 443\nhostname = "x.example.net"';
    expect(mistakes({ a: route("web", "port = 443"), b: route("api", named) })).toEqual([]);
    expect(mistakes({ a: route("web", named), b: route("api", named) })[0]).toContain(
      "port 443 of x.example.net",
    );
  });
});
