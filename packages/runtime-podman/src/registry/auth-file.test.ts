import { describe, expect, it } from "vitest";
import { authFiles, credentialsIn } from "./auth-file.ts";

const basic = (user: string) => ({ auth: Buffer.from(`${user}:pass:word`).toString("base64") });
const file = (auths: object) => JSON.stringify({ auths });
const find = (auths: object, path = "shop/api") =>
  credentialsIn(file(auths), "auth.json", "registry.example:8443", path)?.username;

describe("the auth file", () => {
  it("is the configured one alone, or those that podman reads", () => {
    expect(authFiles("/etc/auth.json", { HOME: "/root" }, 0)).toEqual(["/etc/auth.json"]);
    expect(authFiles(undefined, { REGISTRY_AUTH_FILE: "/a.json" }, 0)).toEqual(["/a.json"]);
    expect(authFiles(undefined, { HOME: "/home/ann", XDG_RUNTIME_DIR: "/run/user/1000" }, 1000)).toEqual([
      "/run/user/1000/containers/auth.json",
      "/home/ann/.config/containers/auth.json",
      "/home/ann/.docker/config.json",
    ]);
    expect(authFiles(undefined, { HOME: "/root" }, 0)[0]).toBe("/run/containers/0/auth.json");
  });

  it("has a name and a password, which may hold a colon", () => {
    const text = file({ "registry.example:8443": basic("ann") });
    expect(credentialsIn(text, "auth.json", "registry.example:8443", "hello")).toEqual({
      username: "ann",
      password: "pass:word",
    });
  });

  it("prefers a login for a part of the registry", () => {
    const auths = {
      "registry.example:8443": basic("all"),
      "registry.example:8443/shop": basic("shop"),
      "registry.example:8443/shop/api": basic("api"),
    };
    expect(find(auths)).toBe("api");
    expect(find(auths, "shop/web")).toBe("shop");
    expect(find(auths, "hello")).toBe("all");
  });

  it("never gives one registry the login of another", () => {
    expect(find({ "registry.example": basic("ann"), "evil.example:8443": basic("eve") })).toBeUndefined();
    expect(
      find({ "registry.example:84433": basic("eve"), "registry.example:8443/sho": basic("eve") }),
    ).toBeUndefined();
  });

  it("reads addresses as docker writes them", () => {
    expect(find({ "https://registry.example:8443/v1/": basic("ann") })).toBe("ann");
  });

  it("passes over entries without a login", () => {
    expect(find({ "registry.example:8443": {} })).toBeUndefined();
    expect(credentialsIn("{}", "auth.json", "registry.example", "hello")).toBeUndefined();
  });

  it("is not shown when it is broken", () => {
    expect(() => credentialsIn("{ hunter2", "/a/auth.json", "registry.example", "hello")).toThrow(
      "/a/auth.json is no auth file: it is not JSON",
    );
  });
});
