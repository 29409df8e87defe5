/**
 * Talks to a guest whose port 7 is a shell, from where it is started: `traffic-program.ts ADDRESS`. Each line of its standard input is
 * an order; the answer is how many milliseconds that took. See `traffic.ts`.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Kind, Order } from "./traffic.ts";

const block = 65_536;
const [address = ""] = process.argv.slice(2);

/** A shell in the guest that has begun to do this. */
async function tell(script: string): Promise<Socket> {
  for (let tries = 1; ; tries++) {
    const socket = connect({ host: address, port: 7, noDelay: true });
    try {
      await once(socket, "connect");
      socket.write(`echo ready; exec ${script}\n`);
      const [said] = (await once(socket, "data")) as [Buffer];
      if (said.toString() !== "ready\n") throw new Error(`the guest says: ${said}`);
      return socket;
    } catch (error) {
      // It boots.
      socket.destroy();
      if (tries === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

const does: { readonly [Each in Kind]: (count: number) => Promise<number> } = {
  async to(count) {
    const socket = await tell("busybox dd of=/dev/null bs=64k iflag=fullblock 2>&1");
    let said = "";
    socket.on("data", (data: Buffer) => {
      said += data;
    });
    const ended = once(socket, "end");
    const zeros = Buffer.alloc(block);
    const began = performance.now();
    for (let sent = 0; sent < count; sent++) if (!socket.write(zeros)) await once(socket, "drain");
    socket.end();
    await ended;
    const ms = performance.now() - began;
    if (!said.includes(`${count}+0 records in`)) throw new Error(`the guest has not got all: ${said}`);
    return ms;
  },
  async from(count) {
    // It waits for a line, so that nothing comes before it is told to.
    const socket = await tell(
      `sh -c 'read -r go; exec busybox dd if=/dev/zero bs=64k count=${count} 2>/dev/null'`,
    );
    let got = 0;
    socket.on("data", ({ length }: Buffer) => {
      got += length;
    });
    const ended = once(socket, "end");
    const began = performance.now();
    socket.write("go\n");
    await ended;
    if (got !== count * block) throw new Error(`${got} bytes came from the guest`);
    return performance.now() - began;
  },
  async "round trips"(count) {
    const socket = await tell("busybox cat");
    const message = Buffer.alloc(64, "x");
    const taken: number[] = [];
    for (let trip = 0; trip < count; trip++) {
      const began = performance.now();
      let got = 0;
      socket.write(message);
      while (got < message.length) got += ((await once(socket, "data")) as [Buffer])[0].length;
      taken.push(performance.now() - began);
    }
    socket.destroy();
    return taken.sort((a, b) => a - b)[Math.floor(count / 2)] ?? Number.NaN;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { kind, count } = JSON.parse(line) as Order;
  process.stdout.write(`${await does[kind](count)}\n`);
}
