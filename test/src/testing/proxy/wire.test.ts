import { once } from "node:events";
import { createConnection, createServer, type Socket } from "node:net";
import { connect } from "nats";
import { describe, expect, it } from "vitest";
import {
  isAnswerTo,
  isPubAck,
  isTo,
  type NatsProxy,
  type NatsProxyOptions,
  natsProxy,
  type ProxyReport,
} from "../../../../src/testing/proxy/index.ts";
import { hasOpenssl, testServer, tlsFiles } from "../../../support/nats-server.ts";
import { waits } from "./support.ts";

const openssl = await hasOpenssl();

/** One end of a connection, and what has come to it. */
class End {
  readonly socket: Socket;
  text = "";
  ended: "no" | "end" | "reset" = "no";

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
      this.text += chunk.toString("latin1");
    });
    socket.on("end", () => {
      this.ended = "end";
    });
    socket.on("error", () => {
      this.ended = "reset";
    });
  }

  /** Writes in pieces, with a turn of the event loop between them. */
  async write(text: string, pieceBytes = text.length): Promise<void> {
    for (let at = 0; at < text.length; at += pieceBytes) {
      this.socket.write(Buffer.from(text.slice(at, at + pieceBytes), "latin1"));
      await new Promise(setImmediate);
    }
  }
}

interface Wire extends AsyncDisposable {
  readonly proxy: NatsProxy;
  readonly client: End;
  readonly server: End;
  readonly reports: readonly ProxyReport[];
}

/** Two plain sockets with the proxy between them. */
async function wire(options: Partial<NatsProxyOptions> = {}): Promise<Wire> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as { port: number };
  const reports: ProxyReport[] = [];
  const onReport = (report: ProxyReport): void => void reports.push(report);
  const proxy = await natsProxy({ target: `127.0.0.1:${port}`, onReport, ...options });
  const arrived = once(listener, "connection");
  const client = new End(createConnection({ host: proxy.host, port: proxy.port }));
  const server = new End((await arrived)[0] as Socket);
  return {
    ...{ proxy, client, server, reports },
    [Symbol.asyncDispose]: async () => {
      await proxy.close();
      client.socket.destroy();
      server.socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

const head = "NATS/1.0\r\nA: 1\r\n\r\n";
const up = `CONNECT {"name":"w"}\r\nPING\r\nSUB a.> 1\r\nPUB a.1 r 3\r\none\r\nHPUB a.2 ${head.length} ${head.length + 3}\r\n${head}two\r\nUNSUB 1 5\r\nPONG\r\n`;
const down = `PONG\r\n+OK\r\nMSG a.1 1 r 3\r\none\r\nHMSG a.2 1 ${head.length} ${head.length + 3}\r\n${head}two\r\n-ERR 'no'\r\nPING\r\n`;

describe("bytes", () => {
  it.each([1, 2, 3, 7, 1_000])("in pieces of %i are handed on as they are, both ways", async (pieceBytes) => {
    await using w = await wire();
    await Promise.all([w.client.write(up, pieceBytes), w.server.write(down, pieceBytes)]);
    await expect.poll(() => [w.server.text, w.client.text], waits).toEqual([up, down]);
    const { framesToServer, framesToClient, bytesToServer, bytesToClient } = w.proxy.counts;
    expect([framesToServer, framesToClient]).toEqual([7, 6]);
    expect([bytesToServer, bytesToClient]).toEqual([up.length, down.length]);
    expect(w.proxy.connections).toMatchObject([{ number: 1, name: "w", open: true }]);
  });

  it("cut in two at every byte, with rules at work, give the same frames", async () => {
    await using w = await wire();
    const all = { times: Number.POSITIVE_INFINITY };
    w.proxy.drop(isTo("a.1"), all);
    w.proxy.duplicate(isTo("a.2"), all);
    const one = "PUB a.1 r 3\r\none\r\n";
    const two = `HPUB a.2 ${head.length} ${head.length + 3}\r\n${head}two\r\n`;
    const oneDown = "MSG a.1 1 r 3\r\none\r\n";
    const twoDown = `HMSG a.2 1 ${head.length} ${head.length + 3}\r\n${head}two\r\n`;
    const expectedUp = up.replace(one, "").replace(two, two + two);
    const expectedDown = down.replace(oneDown, "").replace(twoDown, twoDown + twoDown);
    for (let at = 1; at < Math.max(up.length, down.length); at++) {
      await Promise.all([w.client.write(up.slice(0, at)), w.server.write(down.slice(0, at))]);
      await Promise.all([w.client.write(up.slice(at)), w.server.write(down.slice(at))]);
      await expect
        .poll(() => [w.server.text.length, w.client.text.length], { ...waits, interval: 1 })
        .toEqual([expectedUp.length, expectedDown.length]);
      expect([w.server.text, w.client.text], `cut at ${at}`).toEqual([expectedUp, expectedDown]);
      w.server.text = "";
      w.client.text = "";
    }
  });

  it("that are no NATS are handed on unread, with a report, and rules see them no more", async () => {
    await using w = await wire();
    const rule = w.proxy.drop(isTo("a"), { times: 2 });
    await w.client.write("PUB a 1\r\nx\r\nHELLO there\r\nPUB a 1\r\ny\r\n");
    await expect.poll(() => w.server.text, waits).toBe("HELLO there\r\nPUB a 1\r\ny\r\n");
    await w.client.write("PUB a 1\r\nz\r\n");
    await expect.poll(() => w.server.text, waits).toContain("z");
    expect([rule.count, w.proxy.counts.unreadable]).toEqual([1, 1]);
    expect(w.reports).toContainEqual(expect.objectContaining({ kind: "problem", connection: 1 }));
  });

  it("of a frame that never becomes whole arrive when its sender ends", async () => {
    await using w = await wire();
    await w.client.write("PUB a 10\r\nhalf");
    w.client.socket.end();
    await expect.poll(() => [w.server.text, w.server.ended], waits).toEqual(["PUB a 10\r\nhalf", "end"]);
  });

  it("of a frame larger than the buffer reset the connection, with a report", async () => {
    await using w = await wire({ bufferMaxBytes: 4_096 });
    await w.client.write("PUB a 5000\r\n");
    await expect.poll(() => [w.client.ended, w.server.ended], waits).toEqual(["reset", "reset"]);
    expect(w.proxy.counts.overflows).toBe(1);
    expect(w.proxy.log.some((line) => line.includes("larger than bufferMaxBytes (4096 bytes)"))).toBe(true);
  });
});

describe("an answer", () => {
  it("is known by a request that went before there was a rule", async () => {
    await using w = await wire();
    const asks = `PUB ask.1 in.1 1\r\nx\r\nHPUB ask.2 in.2 ${head.length} ${head.length}\r\n${head}\r\nPUB told 1\r\nx\r\n`;
    await w.client.write(asks);
    await expect.poll(() => w.server.text, waits).toBe(asks);
    const rule = w.proxy.drop(isAnswerTo("ask.*"), { times: Number.POSITIVE_INFINITY });
    await w.server.write("MSG in.1 1 1\r\na\r\nMSG in.2 1 1\r\nb\r\nMSG in.3 1 1\r\nc\r\n");
    await expect.poll(() => w.client.text, waits).toBe("MSG in.3 1 1\r\nc\r\n");
    expect(rule.count).toBe(2);
  });

  it("is an acknowledgement if it names a stream and a place in it, and no type", async () => {
    await using w = await wire();
    await w.client.write("PUB orders in 1\r\nx\r\n");
    await expect.poll(() => w.server.text, waits).toContain("orders");
    const told: string[] = [];
    using _watching = w.proxy.drop((frame) => {
      if (isPubAck()(frame)) told.push(Buffer.from(frame.payload).toString());
      return false;
    });
    const acks = ['{"stream":"S","seq":1}', '{"error":{"code":400},"stream":"S","seq":0}'];
    const others = ['{"type":"t","stream":"S","seq":1}', '{"seq":1}', '{"stream":"S"}', "{broken", "text"];
    for (const text of [...acks, ...others]) await w.server.write(`MSG in 1 ${text.length}\r\n${text}\r\n`);
    await w.server.write(`MSG nobodys 1 ${acks[0]?.length}\r\n${acks[0]}\r\nPING\r\n`);
    await expect.poll(() => w.client.text, waits).toContain("PING");
    expect(told).toEqual(acks);
  });
});

describe("a frame", () => {
  it("that was held goes on when it is let go, with nothing else on its way", async () => {
    await using w = await wire();
    const rule = w.proxy.hold(isTo("a"));
    await w.client.write("PUB a 1\r\nx\r\n");
    await rule.matched;
    expect(rule.release()).toBe(1);
    await expect.poll(() => w.server.text, waits).toBe("PUB a 1\r\nx\r\n");
  });

  it("that is delayed for less than the one before it does not overtake that one", async () => {
    await using w = await wire();
    const all = { times: Number.POSITIVE_INFINITY };
    w.proxy.delay(isTo("slow"), { byMs: 150, ...all });
    w.proxy.delay(isTo("quick"), { byMs: 10, ...all });
    const text = "PUB slow 1\r\n1\r\nPUB quick 1\r\n2\r\nPING\r\nPUB quick 1\r\n3\r\n";
    const startedMs = performance.now();
    await w.client.write(text);
    await expect.poll(() => w.server.text, waits).toBe(text);
    expect(performance.now() - startedMs).toBeGreaterThan(145);
    expect(w.proxy.counts.delayed).toBe(3);
  });
});

describe("a reset after byte n", () => {
  it("lets exactly n bytes pass, for every n, each way", async () => {
    for (const direction of ["toServer", "toClient"] as const) {
      const text = direction === "toServer" ? up : down;
      for (let n = 0; n < text.length; n++) {
        await using w = await wire();
        const [from, to] = direction === "toServer" ? [w.client, w.server] : [w.server, w.client];
        const rule = w.proxy.resetAfter(n, { direction });
        await from.write(text);
        await rule.matched;
        await expect
          .poll(() => [from.ended, to.ended], { ...waits, interval: 1 })
          .toEqual(["reset", "reset"]);
        expect(to.text, `${direction}, n = ${n}`).toBe(text.slice(0, n));
      }
    }
  }, 60_000);

  it("counts from the rule's beginning, and resets one connection when two are on their way", async () => {
    await using w = await wire();
    await w.client.write("PING\r\n");
    await expect.poll(() => w.server.text, waits).toBe("PING\r\n");
    const first = w.proxy.resetAfter(8);
    const second = w.proxy.resetAfter(20);
    await w.client.write("PING\r\nPING\r\n");
    await expect.poll(() => w.server.ended, waits).toBe("reset");
    expect(w.server.text).toBe("PING\r\nPING\r\nPI");
    expect([first.count, second.count]).toEqual([1, 0]);
  });
});

describe("the ends of a connection", () => {
  it("pass through as they are: an orderly one as one, a reset as a reset", async () => {
    {
      await using w = await wire();
      w.client.socket.end("PING\r\n");
      await expect.poll(() => [w.server.text, w.server.ended], waits).toEqual(["PING\r\n", "end"]);
    }
    await using w = await wire();
    w.server.socket.resetAndDestroy();
    await expect.poll(() => w.client.ended, waits).toBe("reset");
  });

  it("are not told while the connection is stalled, and are after it", async () => {
    await using w = await wire();
    const rule = w.proxy.stall();
    await w.client.write("PING\r\n");
    w.client.socket.end();
    await w.server.write("+OK\r\n");
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    expect([w.server.text, w.server.ended, w.client.text]).toEqual(["", "no", ""]);
    rule.close();
    await expect
      .poll(() => [w.server.text, w.server.ended, w.client.text], waits)
      .toEqual(["PING\r\n", "end", "+OK\r\n"]);
  });

  it("of a half-open connection are not told: what the side that is left sends is taken and lost", async () => {
    await using w = await wire();
    w.proxy.halfOpen({ keeps: "client" });
    await expect.poll(() => w.server.ended, waits).toBe("end");
    await w.client.write("PUB a 1\r\nx\r\n".repeat(10_000));
    expect(w.client.socket.writableNeedDrain).toBe(false);
    expect([w.client.ended, w.server.text]).toEqual(["no", ""]);
    w.client.socket.end();
    await expect.poll(() => w.proxy.connections, waits).toEqual([]);
  });
});

describe("the server's INFO", () => {
  it("names the proxy in the place of the server and its cluster, each time, and is else as it was", async () => {
    await using w = await wire();
    const info = {
      ...{ server_id: "S", host: "10.0.0.1", port: 4222, max_payload: 1_024, nonce: "n", headers: true },
      ...{ tls_available: true, connect_urls: ["10.0.0.1:4222", "10.0.0.2:4222"], ws_connect_urls: ["x"] },
    };
    const { tls_available, ws_connect_urls, ...kept } = info;
    const { host, port } = w.proxy;
    const expected = `INFO ${JSON.stringify({ ...kept, host, port, connect_urls: [`${host}:${port}`] })}\r\n`;
    await w.server.write(`INFO ${JSON.stringify(info)}\r\nPING\r\n`);
    await w.server.write(`INFO ${JSON.stringify(info)} \r\n`);
    await expect.poll(() => w.client.text, waits).toBe(`${expected}PING\r\n${expected}`);
  });

  it("that asks for TLS ends the connection, with the reason told to both the client and the test", async () => {
    await using w = await wire();
    await w.server.write('INFO {"tls_required":true}\r\n');
    await expect.poll(() => w.client.ended, waits).toBe("end");
    expect(w.client.text).toMatch(/^-ERR 'TLS is not supported by natsProxy: .*'\r\n$/);
    expect(w.reports.at(-1)?.kind === "connection" ? w.reports.at(-2) : w.reports.at(-1)).toMatchObject({
      kind: "problem",
      text: expect.stringContaining("cannot read TLS"),
    });
    expect(w.proxy.counts.secure).toBe(1);
  });

  it.skipIf(!openssl)("of a real server with TLS makes a client's connect fail", async () => {
    await using files = await tlsFiles();
    await using server = await testServer({ config: files.config() });
    await using proxy = await natsProxy({ target: server.url });
    await expect(connect({ servers: proxy.url, reconnect: false, timeout: 2_000 })).rejects.toThrow();
    expect(proxy.counts.secure).toBe(1);
  });
});

it("a TLS handshake that comes first is ended, with a report", async () => {
  await using w = await wire();
  await w.client.write("\u0016\u0003\u0001\u0000\u0005hello");
  await expect.poll(() => w.client.ended, waits).toBe("end");
  expect([w.proxy.counts.secure, w.proxy.counts.unreadable, w.server.text]).toEqual([1, 0, ""]);
});

it("reports say what was done and to what, without a payload; a listener that throws changes nothing", async () => {
  const reports: ProxyReport[] = [];
  const onReport = (report: ProxyReport): void => {
    reports.push(report);
    throw new Error("planted");
  };
  await using w = await wire({ onReport });
  w.proxy.drop((frame) => frame.op === "CONNECT");
  w.proxy.duplicate(isTo("a.1"));
  await w.client.write('CONNECT {"pass":"secret"}\r\nPUB a.1 r 6\r\nhidden\r\n');
  await expect.poll(() => w.server.text, waits).toBe("PUB a.1 r 6\r\nhidden\r\n".repeat(2));
  const faults = reports.filter(({ kind }) => kind === "fault").map(({ text }) => text);
  expect(faults).toEqual([
    "drop #1: CONNECT, 17 bytes, to the server",
    "duplicate #1: PUB a.1 (reply r), 6 bytes, to the server",
  ]);
  expect(w.proxy.log.filter((line) => line.includes("planted")).length).toBe(reports.length);
  expect(JSON.stringify([reports, w.proxy.log])).not.toMatch(/secret|hidden/);
});

it("a login in the target is in the proxy's address, and a port that is taken is told", async () => {
  await using proxy = await natsProxy({ target: "nats://me:a%20b@127.0.0.1:1" });
  expect(proxy.url).toBe(`nats://me:a%20b@127.0.0.1:${proxy.port}`);
  const second = natsProxy({ target: "127.0.0.1", port: proxy.port });
  await expect(second).rejects.toMatchObject({ code: "SERVER_FAILED" });
});
