/**
 * Asks a name server for one name with a fixed number of questions in the air, and prints questions per second and
 * latencies in milliseconds as JSON: run inside the network namespace that the questions are to come from.
 */
import { createSocket } from 'node:dgram';
import { encode } from 'dns-packet';

const [address = '', name = '', inFlight = '1', seconds = '1'] = process.argv.slice(2);
const query = encode({ type: 'query', id: 0, flags: 0x0100, questions: [{ type: 'A', name }] });
const sentMs = new Float64Array(0x10000);
const latencies: number[] = [];
const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
const startedMs = performance.now();
const endMs = startedMs + Number(seconds) * 1_000;
let next = 0;

function ask(): void {
  next = (next + 1) & 0xffff;
  const packet = Buffer.from(query);
  packet.writeUInt16BE(next, 0);
  sentMs[next] = performance.now();
  socket.send(packet);
}

socket.on('message', (message) => {
  const nowMs = performance.now();
  latencies.push(nowMs - (sentMs[message.readUInt16BE(0)] ?? nowMs));
  if (nowMs < endMs) ask();
});
socket.connect(53, address, () => {
  for (let n = 0; n < Number(inFlight); n++) ask();
});
setTimeout(
  () => {
    socket.close();
    const sorted = latencies.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
    const perSecond = (latencies.length / (performance.now() - startedMs)) * 1_000;
    process.stdout.write(JSON.stringify({ perSecond, p50Ms: at(0.5), p99Ms: at(0.99) }));
  },
  Number(seconds) * 1_000 + 200,
);
