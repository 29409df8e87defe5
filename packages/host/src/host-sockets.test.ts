import { describe, expect, it } from "vitest";
import { type HostSocket, hinders, parseSockets } from "./host-sockets.ts";

const header =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const line = (local: string, state: string, inode = 4711) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000000000000000 100 0 0 10 0\n`;

describe("the kernel's list of sockets", () => {
  it("tells who listens over tcp, and no connections", () => {
    const text =
      header + line("0100007F:1F90", "0A") + line("00000000:0016", "0A", 7) + line("0100007F:C350", "01");
    expect(parseSockets(text, "tcp")).toEqual([
      { family: 4, address: "127.0.0.1", port: 8_080, protocol: "tcp", inode: 4_711 },
      { family: 4, address: "0.0.0.0", port: 22, protocol: "tcp", inode: 7 },
    ]);
  });

  it("tells every socket of udp, which have no listeners", () => {
    const text = header + line("3500007F:0035", "07") + line("0100007F:0043", "01");
    expect(parseSockets(text, "udp").map(({ address, port }) => `${address}:${port}`)).toEqual([
      "127.0.0.53:53",
      "127.0.0.1:67",
    ]);
  });

  it("has addresses of IPv6 in words of four bytes", () => {
    const text =
      header +
      line("00000000000000000000000000000000:0050", "0A") +
      line("00000000000000000000000001000000:0051", "0A") +
      line("B80D0120000000000000000001000000:0052", "0A") +
      line("0000000000000000FFFF00000100007F:0053", "0A");
    expect(parseSockets(text, "tcp").map(({ family, address }) => [family, address])).toEqual([
      [6, "::"],
      [6, "::1"],
      [6, "2001:db8::1"],
      [4, "127.0.0.1"],
    ]);
  });

  it("may be empty, or cut off", () => {
    expect(parseSockets("", "tcp")).toEqual([]);
    expect(parseSockets(`${header}   0: 0100`, "tcp")).toEqual([]);
  });
});

describe("a socket", () => {
  const socket = (address: string, protocol = "tcp"): HostSocket => ({
    family: address.includes(":") ? 6 : 4,
    address,
    port: 80,
    protocol,
    inode: 1,
  });
  const wanted = (address: string, port = 80, protocol = "tcp") => ({ address, port, protocol });

  it.each([
    ["0.0.0.0", "", true],
    ["0.0.0.0", "127.0.0.1", true],
    ["127.0.0.1", "", true],
    ["127.0.0.1", "0.0.0.0", true],
    ["127.0.0.1", "127.0.0.1", true],
    ["127.0.0.1", "::ffff:127.0.0.1", true],
    ["127.0.0.1", "127.0.0.2", false],
    ["::", "::", true],
    ["::", "::1", true],
    ["::1", "[::]", true],
    ["::1", "0:0:0:0:0:0:0:1", true],
    ["::", "", "perhaps"],
    ["::", "127.0.0.1", "perhaps"],
    ["::1", "", false],
    ["0.0.0.0", "::", false],
    ["127.0.0.1", "::1", false],
  ] as const)("on %s keeps %j from being bound: %s", (held, address, answer) => {
    expect(hinders(socket(held), wanted(address))).toBe(answer);
  });

  it("of another port or protocol hinders nobody", () => {
    expect(hinders(socket("0.0.0.0"), wanted("", 81))).toBe(false);
    expect(hinders(socket("0.0.0.0", "udp"), wanted(""))).toBe(false);
    expect(hinders(socket("0.0.0.0", "udp"), wanted("", 80, "udp"))).toBe(true);
  });
});
