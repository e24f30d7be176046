/** A name server that gives every name the same address: run inside a network namespace, with port and address. */
import { createSocket } from 'node:dgram';
import { decode, encode } from 'dns-packet';

const [port = '', address = ''] = process.argv.slice(2);
const socket = createSocket('udp4');
socket.on('message', (message, from) => {
  const { id, questions = [] } = decode(message);
  const answers = questions.flatMap(({ name, type }) =>
    type === 'A' ? [{ type, name, ttl: 60, data: address }] : [],
  );
  socket.send(encode({ type: 'response', id, flags: 0x0180, questions, answers }), from.port, from.address);
});
socket.bind(Number(port), '127.0.0.1', () => process.stdout.write('listening\n'));
