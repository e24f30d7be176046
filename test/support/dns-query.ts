/**
 * Asks one question of a name server and prints the answer as JSON: run inside the network namespace that the question is
 * to come from, with address, name, type and `udp` or `tcp`.
 */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { decode, encode, streamDecode, streamEncode, type Packet, type RecordType } from 'dns-packet';

const [address = '', name = '', type = 'A', transport = 'udp'] = process.argv.slice(2);
const query: Packet = {
  type: 'query',
  id: 7,
  flags: 0x0100,
  questions: [{ name, type: type as RecordType }],
};
const timer = setTimeout(() => process.exit(1), 5_000);

function show(packet: Packet): void {
  clearTimeout(timer);
  process.stdout.write(JSON.stringify(packet));
}

if (transport === 'udp') {
  const socket = createSocket('udp4');
  socket.on('message', (message) => {
    socket.close();
    show(decode(message));
  });
  socket.on('error', () => process.exit(1));
  socket.send(encode(query), 53, address);
} else {
  const socket = connect(53, address);
  let received = Buffer.alloc(0);
  socket.on('error', () => process.exit(1));
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
    socket.destroy();
    show(streamDecode(received));
  });
  socket.write(streamEncode(query));
}
