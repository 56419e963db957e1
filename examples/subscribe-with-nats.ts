// A client that knows nothing of coxswain: the `nats` package and JSON, as from any language.
//   coxswain run examples/tally.ts                         in one terminal
//   node examples/subscribe-with-nats.ts nats://127.0.0.1:<port>   in another
import { connect, JSONCodec } from "nats";

interface Envelope {
  readonly kind?: "event" | "reply" | "refusal";
  readonly type: string;
  readonly body?: unknown;
}

const json = JSONCodec<Envelope>();
const nc = await connect({ servers: process.argv[2] ?? process.env.NATS_URL ?? "nats://127.0.0.1:4222" });

// What actors emit, and the facts of their lives: cx.<system>.ev.<address>.<type>
const events = nc.subscribe("cx.tally.ev.crew.bow.*", { max: 3 });

// A message is a type and a body, published to cx.<system>.in.<zone>.<address>
const inbox = "cx.tally.in.main.crew.bow";
nc.publish(inbox, json.encode({ type: "add", body: { by: 2 } }));
nc.publish(inbox, json.encode({ type: "add", body: { by: 3 } }));

// A question is a request; its reply is JSON because the question was.
const reply = await nc.request(inbox, json.encode({ type: "read", body: {} }), { timeout: 5_000 });
console.log("reply", JSON.stringify(json.decode(reply.data).body));

// What does not fit is refused with a code, and the refusal is a fact that anybody sees.
const refusal = await nc.request(inbox, json.encode({ type: "read", body: [] }), { timeout: 5_000 });
console.log("refusal", JSON.stringify(json.decode(refusal.data).body));

for await (const { subject, data } of events) {
  console.log(subject, JSON.stringify(json.decode(data).body));
}
await nc.close();
